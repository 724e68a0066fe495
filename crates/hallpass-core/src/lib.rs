//! Sessions without a web framework: the core of hallpass.
//!
//! A session is a [`Record`] in a [`SessionStore`], under a hash of the token that a cookie carries. There is one way
//! in, [`SessionStore::create`]; all else changes what is there and live, or nothing. So no slow request, touch, renewal
//! or other node can bring a session back that was logged out: an update can never create.
//!
//! # For applications
//!
//! Use an adapter such as `hallpass-axum`. From here come the [`SessionManager`] with its policies, [`MemoryStore`], and
//! [`Session`], the handle that handlers hold.
//!
//! # For adapters
//!
//! An adapter makes a [`SessionSlot`] for each request, which finds the tokens and loads nothing; lets extractors
//! [`open`](SessionSlot::open) it; and lets it [`commit`](SessionSlot::commit) when the handler has answered:
//!
//! ```
//! use hallpass_core::{MemoryStore, RequestHead, SessionManager, SessionSlot};
//! # use std::net::IpAddr;
//! # struct Head;
//! # impl RequestHead for Head {
//! #     fn method(&self) -> &str { "GET" }
//! #     fn authority(&self) -> Option<&str> { None }
//! #     fn path_and_query(&self) -> &str { "/" }
//! #     fn peer(&self) -> Option<IpAddr> { None }
//! #     fn for_each_value(&self, _: &str, _: &mut dyn FnMut(&[u8])) {}
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//! # let head = Head;
//! let slot = SessionSlot::new(&sessions.into(), &head, None);
//!
//! // In a handler that asks for the session:
//! let session = slot.open().await?;
//! if slot.is_visit() {
//!     // New visitors are counted by their address.
//!     slot.observe_address(&head);
//! }
//! session.insert("theme", "dark")?;
//!
//! // When it has answered:
//! let outcome = slot.commit().await;
//! assert_eq!(outcome.refusal, None);
//! assert_eq!(outcome.set_cookies().count(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! Whatever leaves the library by itself is an [`Answer`], so that it is the same on every framework.
//!
//! # For stores
//!
//! [`SessionStore`] is the contract, `hallpass-testkit` proves a store against each line of it.

mod answer;
mod area;
mod audience;
mod bearer;
mod commit;
mod cookie;
mod event;
mod head;
mod hooks;
pub mod hygiene;
mod ids;
mod manager;
mod memory;
mod origin;
mod page;
mod plan;
mod policy;
mod proxy;
mod random;
mod record;
mod session;
mod slot;
mod store;
#[cfg(test)]
mod test_head;
mod throttle;
mod time;
mod token;
mod watch;

pub use answer::{Answer, Refusal, WWW_AUTHENTICATE};
pub use area::{Area, Companion};
pub use audience::{Audience, audience};
pub use bearer::BearerToken;
pub use commit::{Commit, CommitOutcome};
pub use cookie::{
    CookieKind, CookiePolicy, CookiePolicyBuilder, CookiePolicyError, CookiePrefix, DeviceToken, Presented,
    PresentedTokens, SameSite,
};
pub use event::{Event, EventKind, EventSink, TracingEvents};
pub use head::{Peer, RequestHead};
pub use hooks::{EventChannel, EventHook, EventStream, Heard, OwnedEvent};
pub use ids::{
    Epoch, HandleError, OpId, Realm, RealmError, Revision, SessionHandle, Shard, Stamp, Subject,
    SubjectError, SubjectKey,
};
pub use manager::{
    BuildError, EndEverybody, EndSubject, EndSubjectError, EndSubjectReceipt, EndedLogins, SessionAdmin,
    SessionManager, SessionManagerBuilder,
};
pub use memory::{MemoryStore, MemoryStoreBuilder};
pub use origin::{
    OriginPolicy, OriginPolicyBuilder, OriginPolicyError, OriginRefusal, RequestClass, Verdict,
};
pub use policy::{PolicyError, SessionPolicy};
pub use proxy::{TrustedProxies, TrustedProxiesError};
pub use random::{OsRandom, RandomSource};
pub use record::{
    AuthLevel, ClientInfo, DataChange, DecodeError, EndReason, Identity, Record, SessionData, Transport,
};
pub use session::{LogOut, LogOutError, LogOutReceipt, LoginGrant, Session, SessionEnd, SessionError};
pub use slot::{OpenError, SessionSlot};
pub use store::{
    Created, Ended, FeedEvent, Freshness, LastUse, Op, Purged, Replaced, SessionFeed, SessionLimit,
    SessionStore, SessionSummary, SharedStore, StoreError, StoreErrorKind, SubjectRevoked, Swept, Taken,
    Ticket, Updated, WhenReached, Which,
};
pub use throttle::{
    Admission, Attempt, AttemptLimit, Bucket, BucketKind, MemoryThrottle, Throttle, ThrottlePolicy,
    ThrottlePolicyError, ThrottleSecret,
};
pub use time::{Clock, Sleep, SystemClock, Timestamp};
pub use token::{SessionKey, SessionToken};
