//! The contract of [`SessionStore`](hallpass_core::SessionStore) as cases that a store passes or fails.
//!
//! Most people write [`store_tests!`](crate::store_tests) and read the names of the tests. The same cases can be run one
//! by one, for instance to print a table of several stores.
//!
//! ```
//! use hallpass_core::MemoryStore;
//! use hallpass_testkit::suite;
//!
//! # #[tokio::main]
//! # async fn main() {
//! for case in suite::all().iter().filter(|case| case.group() == "load") {
//!     let kept = case.run(MemoryStore::new()).await;
//!     println!("{:60} {}", case.promise(), if kept.is_ok() { "kept" } else { "BROKEN" });
//!     assert!(kept.is_ok());
//! }
//! # }
//! ```

mod alive;
pub(crate) mod at_once;
mod cancel;
mod cases;
pub(crate) mod check;
mod clock;
mod create;
mod cut;
mod ended_for_all;
mod epoch;
mod feed;
mod limit;
mod load;
mod not_before;
mod purge;
mod race;
mod race_subject;
mod realms;
mod replace;
mod replace_limit;
mod resend;
mod revoke;
mod revoke_subject;
mod scene;
mod subject;
mod sweep;
mod take;
mod touch;
mod unseen;
mod update;

pub use cases::{all, resends};
pub use check::Broken;

use crate::fixture::Fixture;
use check::Kept;
use scene::Scene;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A case that takes longer is stuck: a lock was left behind, or an answer never comes.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// One line of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    group: &'static str,
    name: &'static str,
    play: for<'a> fn(&'a Scene) -> Pin<Box<dyn Future<Output = Kept> + Send + 'a>>,
}

impl Case {
    /// The part of the contract, such as `update`.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// The name within its group, such as `never_creates_a_session`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The promise in words, such as `update: never creates a session`.
    #[must_use]
    pub fn promise(&self) -> String {
        format!("{}: {}", self.group, self.name).replace('_', " ")
    }

    /// Plays the case on a fresh, empty store.
    ///
    /// Needs a tokio runtime with time enabled; cases with races prove more on one with several threads.
    ///
    /// # Errors
    ///
    /// When the store breaks the promise, fails, panics, or does not answer within two minutes.
    pub async fn run(&self, fixture: impl Into<Fixture>) -> Result<(), Broken> {
        let (scene, play) = (Scene::new(fixture.into()), self.play);
        let mut task = tokio::spawn(async move { play(&scene).await });
        let kept = match tokio::time::timeout(TIME_LIMIT, &mut task).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) => Err(Broken::new(format!("it panicked: {error}"))),
            Err(_) => {
                task.abort();
                Err(Broken::new(format!("no end within {TIME_LIMIT:?}: a lock or an answer is missing")))
            }
        };
        kept.map_err(|broken| broken.of(self.promise()))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({}::{})", self.group, self.name)
    }
}

/// What the generated tests call: plays the case `group::name` on a runtime of its own.
#[doc(hidden)]
#[track_caller]
pub fn test<S, F>(group: &str, name: &str, make_store: impl FnOnce() -> F)
where
    S: Into<Fixture>,
    F: Future<Output = S>,
{
    let mut cases = all().into_iter().chain(resends());
    let case = cases
        .find(|case| (case.group, case.name) == (group, name))
        .expect("the macros name known cases only");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("tests need a runtime");
    if let Err(broken) = runtime.block_on(async { case.run(make_store().await).await }) {
        panic!("{broken}");
    }
}
