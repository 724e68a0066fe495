//! Sessions without a framework: the core of hallpass.

mod answer;
mod commit;
mod cookie;
mod event;
mod head;
pub mod hygiene;
mod ids;
mod manager;
mod memory;
mod origin;
mod plan;
mod policy;
mod random;
mod record;
mod session;
mod slot;
mod store;
#[cfg(test)]
mod test_head;
mod time;
mod token;
mod watch;

pub use answer::{Answer, Refusal, WWW_AUTHENTICATE};
pub use commit::{Commit, CommitOutcome};
pub use cookie::{
    CookieKind, CookiePolicy, CookiePolicyBuilder, CookiePolicyError, CookiePrefix, Presented, PresentedTokens,
    SameSite,
};
pub use event::{Event, EventKind, EventSink, TracingEvents};
pub use head::RequestHead;
pub use ids::{
    Epoch, HandleError, OpId, Realm, RealmError, Revision, SessionHandle, Shard, Stamp, Subject,
    SubjectError, SubjectKey,
};
pub use manager::{
    BuildError, EndSubject, EndSubjectError, EndSubjectReceipt, SessionManager, SessionManagerBuilder, SharedStore,
};
pub use memory::{MemoryStore, MemoryStoreBuilder};
pub use origin::{OriginPolicy, OriginPolicyBuilder, OriginPolicyError, OriginRefusal, RequestClass, Verdict};
pub use policy::{PolicyError, SessionPolicy};
pub use random::{OsRandom, RandomSource};
pub use record::{
    AuthLevel, ClientInfo, DataChange, DecodeError, EndReason, Identity, Record, SessionData, Transport,
};
pub use session::{LogOut, LogOutError, LogOutReceipt, LoginGrant, Session, SessionEnd, SessionError};
pub use slot::{Companion, OpenError, SessionSlot};
pub use store::{
    Created, Ended, FeedEvent, Op, Replaced, SessionFeed, SessionLimit, SessionStore, SessionSummary,
    StoreError, StoreErrorKind, SubjectRevoked, Swept, Taken, Ticket, Updated, WhenReached, Which,
};
pub use time::{Clock, Sleep, SystemClock, Timestamp};
pub use token::{SessionKey, SessionToken};
