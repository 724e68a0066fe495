//! Where random bytes come from.

use std::fmt;
use std::io;

/// A source of cryptographically secure random bytes.
///
/// Every secret, handle and operation id is drawn from here. Replace it only in tests or with another
/// cryptographically secure generator: a predictable source makes sessions guessable
/// (ASVS 7.2.3 asks for at least 128 bits of entropy; hallpass draws 256).
pub trait RandomSource: fmt::Debug + Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    ///
    /// When the source cannot provide them. Nothing is issued then: the request is answered 503.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The operating system's generator.
///
/// ```
/// use hallpass_core::{OsRandom, RandomSource};
///
/// let mut bytes = [0; 16];
/// OsRandom.fill(&mut bytes)?;
/// assert_ne!(bytes, [0; 16]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl RandomSource for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}
