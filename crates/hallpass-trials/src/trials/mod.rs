pub(crate) mod cluster;
pub(crate) mod crash;
pub(crate) mod damage;
pub(crate) mod faults;
pub(crate) mod full;
pub(crate) mod nodes;

use std::time::Duration;

/// The demos' caches keep the default bound.
pub(crate) const MAX_STALENESS: Duration = Duration::from_secs(5);

/// What a busy machine may add to any bound.
pub(crate) const SLACK: Duration = Duration::from_secs(2);
