use super::Bucket;
use crate::cookie::DeviceToken;
use std::sync::Arc;

/// What depends on whether a login comes to be: the core clears the buckets and sends the cookie once it is on record.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Attempt {
    /// What the attempt was taken out of, and is given back.
    pub buckets: Arc<[Bucket]>,
    /// The browser's new device cookie, if it is to get one.
    pub device: Option<DeviceToken>,
}
