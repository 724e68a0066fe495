//! A cache in front of any hallpass session store, for nodes that share one over a network.
//!
//! ```
//! use hallpass_cache::CachedStore;
//! use hallpass_core::{MemoryStore, SessionManager};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let shared_store = MemoryStore::new(); // in earnest PostgreSQL or Redis
//! let store = CachedStore::builder(shared_store).max_staleness(Duration::from_secs(5)).build();
//! let sessions = SessionManager::builder(store).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! * **A session that was ended is served for less than `max_staleness` after, on every node, whatever happens**: lost
//!   messages, slow loads, a wrong wall clock. Where the message of the end arrives, not at all from then on.
//! * **What is done through a cache is seen through it at once**: a confirmed logout is never followed by a hit.
//! * **While the feed is down, nothing is served from memory**, so a network that is cut in two costs speed, not safety.
//! * Logins, renewals, re-authentication, device lists and everything else that decides over a session's fate ask the store
//!   (hallpass asks with [`Freshness::Latest`](hallpass_core::Freshness::Latest) for these).
//!
//! What it costs: *values* that another node has written may go unseen for up to `max_staleness`, since feeds tell of ends
//! and renewals only. No write is lost by it: whoever writes over what has changed meanwhile is told so by the store and
//! tries again. If a page must see what the page before it wrote through another node, send a user's requests to one node
//! or use the store as it is.
//!
//! # Why it is safe
//!
//! An answer is good from the moment at which its load *began*, not from the one at which it arrived. A load that finds a
//! session alive looked before the session was ended, so it began before; its answer is void `max_staleness` after its
//! beginning, which is less than that after the end. No feed is needed for this, and a load may take as long as it likes.
//! The time is monotonic and local. Only time in which the whole machine stands still, such as a suspended virtual machine, is
//! not counted by every operating system.
//!
//! The feed makes it immediate. Every answer carries the stamp under which its load began, and an end that is heard of, or
//! a change made here, alters the stamp: what is cached and what is still on its way are void together. A gap or the loss of
//! the feed alters all stamps. For `max_staleness` after an end was heard of, and after a change that was not confirmed,
//! nothing of its shard is kept; this means "ask the store" and never "refuse", so that a logout that failed does not
//! make sessions come and go. A change made here does so from before its call on.
//!
//! Marks are kept for the 65 536 shards of keys, 1 MiB in all: no flood can push them out. The price is that a change of one
//! session has the few others in its shard loaded again.
//!
//! # What it is worth
//!
//! A hit costs a lookup in memory and a reading of the clock, some 100 ns, where a store over a network costs a round trip.
//! In front of [`MemoryStore`](hallpass_core::MemoryStore) it is of no use.

mod builder;
mod clock;
mod entries;
mod listener;
mod marks;
#[cfg(test)]
mod simulation;
mod state;
mod store;

pub use builder::CachedStoreBuilder;
pub use clock::MonotonicClock;
pub use store::CachedStore;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
