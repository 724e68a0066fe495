//! Where random bytes come from.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

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

/// What a write needs of randomness, from one call of the source: each call of the operating system's takes as long as
/// everything else about a write.
pub(crate) struct Drawn(Mutex<Left>);

struct Left {
    bytes: Zeroizing<[u8; Drawn::LEN]>,
    used: usize,
}

impl Drawn {
    /// A visitor's shard, a token's secret, a handle, and the id of an operation.
    const LEN: usize = 2 + 32 + 16 + 16;

    pub(crate) fn from(source: &dyn RandomSource) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        source.fill(&mut *bytes)?;
        Ok(Self(Mutex::new(Left { bytes, used: 0 })))
    }
}

impl RandomSource for Drawn {
    /// Each byte is given out once; more than there are is an error.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = left.used + bytes.len();
        let drawn =
            left.bytes.get(left.used..end).ok_or_else(|| io::Error::other("no random bytes are left"))?;
        bytes.copy_from_slice(drawn);
        left.used = end;
        Ok(())
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawn(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_bytes_are_given_out_once_and_in_one_call() {
        #[derive(Debug)]
        struct Counting(Mutex<u8>);
        impl RandomSource for Counting {
            fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
                *self.0.lock().unwrap() += 1;
                bytes.iter_mut().zip(0..).for_each(|(byte, at)| *byte = at);
                Ok(())
            }
        }
        let source = Counting(Mutex::new(0));
        let drawn = Drawn::from(&source).unwrap();
        let (mut secret, mut rest) = ([0; 32], [0; Drawn::LEN - 32]);
        drawn.fill(&mut secret).unwrap();
        drawn.fill(&mut rest).unwrap();
        let given: Vec<u8> = secret.into_iter().chain(rest).collect();
        assert_eq!(given, (0..Drawn::LEN as u8).collect::<Vec<u8>>());
        assert_eq!(*source.0.lock().unwrap(), 1);
        assert!(drawn.fill(&mut [0]).is_err());
        assert_eq!(format!("{drawn:?}"), "Drawn(..)");
    }
}
