//! Names and numbers that sessions are known by.

mod bytes16;
mod realm;
mod subject;

pub use bytes16::{Epoch, HandleError, OpId, SessionHandle, Stamp};
pub use realm::{Realm, RealmError};
pub use subject::{Subject, SubjectError, SubjectKey};

/// Which of the 65 536 shards a session lies in.
///
/// All logins of one user share a shard, so that every operation on one user is atomic also in a store that is
/// spread over many machines. It is public: it shows 16 bits of a hash of the user to whoever holds the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u16);

/// How often a session's record has been written. Compare-and-set is by this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a record that follows one with this revision.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
