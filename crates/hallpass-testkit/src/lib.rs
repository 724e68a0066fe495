//! For people who write session stores for hallpass, and for people who test what stands on one.
//!
//! # Proving a store
//!
//! One line in a test makes a test of every promise of [`SessionStore`](hallpass_core::SessionStore), named after it:
//!
//! ```
//! # mod hidden {
//! # use hallpass_core::MemoryStore as MyStore;
//! async fn make_store() -> MyStore {
//!     MyStore::new() // fresh and empty each time
//! }
//!
//! hallpass_testkit::store_tests!(make_store);
//! # }
//! ```
//!
//! The cases cover the contract line by line, calls that race each other, calls whose future is dropped at any of their
//! awaits, and clocks that jump. A failure says which promise was broken, and what was found instead. A factory may
//! return a [`Fixture`] to keep a temporary folder or a database alive for as long as the test.
//!
//! * A store whose client can send a call again on its own also needs [`resend_tests!`].
//! * [`suite::all`] gives the same cases as values, to run them in another way.
//! * [`Sample`], [`op`], [`ticket`], [`rewritten`] and [`renewed`] build what a store is called with, for tests that only
//!   your store needs: a damaged row, a full disk, a connection that breaks.
//! * The cases call the store as an `Arc<dyn SessionStore>`, because hallpass never calls it otherwise.
//!
//! A throttle that nodes share is proven likewise, by [`throttle_tests!`]; see [`throttle`].
//!
//! # Testing an application
//!
//! [`FakeClock`] is a clock that a test moves by hand. [`FaultyStore`] wraps a store, fails, holds or loses its calls on
//! command, and counts them. [`Head`] is the head of a request, where no server is needed.
//!
//! ```
//! use hallpass_core::{MemoryStore, SessionStore};
//! use hallpass_testkit::{FaultyStore, Method, Times};
//! # use hallpass_core::{EndReason, Realm, Timestamp};
//! # use hallpass_testkit::{Sample, op};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let key = Sample::visitor(&Realm::new("shop").unwrap(), Timestamp::default()).build().key;
//! # let op = op(Timestamp::default());
//! let store = FaultyStore::new(MemoryStore::new());
//! store.lose_answer(Method::Revoke, Times::Next(1));
//! assert!(store.revoke(&key, EndReason::LoggedOut, op).await.is_err()); // done, but who knows
//! # }
//! ```

mod clock;
mod faulty;
mod fixture;
mod head;
mod sample;
pub mod suite;
pub mod throttle;

pub use clock::FakeClock;
pub use faulty::{Fault, FaultyStore, Gate, Method, Times};
pub use fixture::Fixture;
pub use head::Head;
pub use sample::{Sample, op, renewed, rewritten, ticket};
