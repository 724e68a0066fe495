//! The cookies: what they are called, how they are written, and how they are found again.
//!
//! A login's token travels in one cookie and a visitor's in another, so that a late answer to a visitor can never
//! overwrite a login. A third one names a browser in which a user has logged in before. Nothing here keeps a jar: the request's headers are scanned for two names, and an answer is one
//! rendered line.

mod device;
mod header;
mod policy;
mod presented;
mod render;

pub use device::DeviceToken;
pub use policy::{CookieKind, CookiePolicy, CookiePolicyBuilder, CookiePolicyError, CookiePrefix, SameSite};
pub use presented::{Presented, PresentedTokens};
