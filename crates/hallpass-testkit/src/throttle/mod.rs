//! The contract of [`Throttle`] as cases that a throttle passes or fails.
//!
//! ```
//! # mod hidden {
//! # use hallpass_core::MemoryThrottle as MyThrottle;
//! async fn make_throttle() -> MyThrottle {
//!     MyThrottle::new() // one that has counted nothing
//! }
//!
//! hallpass_testkit::throttle_tests!(make_throttle);
//! # }
//! ```

mod cases;
mod race;
mod scene;

use crate::suite::Broken;
use hallpass_core::Throttle;
use scene::Scene;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A case that takes longer is stuck.
const TIME_LIMIT: Duration = Duration::from_secs(60);

type Played<'a> = Pin<Box<dyn Future<Output = Result<(), Broken>> + Send + 'a>>;

/// One line of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    play: for<'a> fn(&'a Scene) -> Played<'a>,
}

impl Case {
    /// Its name, such as `free_attempts_pass_at_once`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Plays the case on a throttle that has counted nothing of it.
    ///
    /// Needs a tokio runtime with time enabled; cases with races prove more on one with several threads.
    ///
    /// # Errors
    ///
    /// When the throttle breaks the promise, fails, or does not answer within a minute.
    ///
    /// ```
    /// use hallpass_core::MemoryThrottle;
    /// use hallpass_testkit::throttle;
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// for case in throttle::all() {
    ///     assert_eq!(case.run(MemoryThrottle::new()).await, Ok(()));
    /// }
    /// # }
    /// ```
    pub async fn run(&self, throttle: impl Throttle) -> Result<(), Broken> {
        let scene = Scene::new(Arc::new(throttle)).await?;
        let kept = tokio::time::timeout(TIME_LIMIT, (self.play)(&scene)).await;
        let kept = kept.unwrap_or_else(|_| Err(Broken::new(format!("no end within {TIME_LIMIT:?}"))));
        kept.map_err(|broken| broken.of(format!("throttle: {}", self.name.replace('_', " "))))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

macro_rules! cases {
    (($d:tt) $($group:ident { $($case:ident,)* })*) => {
        /// Every case that every throttle must pass.
        #[must_use]
        pub fn all() -> Vec<Case> {
            vec![$($(Case { name: stringify!($case), play: |scene| Box::pin($group::$case(scene)) },)*)*]
        }

        /// Makes a test of every line of the contract of throttles.
        ///
        /// It takes an async function or closure without arguments that makes a throttle; each test calls it on a
        /// runtime of its own, with four threads. Attributes after it go to every test. See
        /// [`throttle`](crate::throttle).
        #[macro_export]
        macro_rules! throttle_tests {
            ($d make_throttle:expr $d(, #[$d attribute:meta])* $d(,)?) => {
                $($(
                    #[test]
                    $d(#[$d attribute])*
                    fn $case() {
                        $d crate::throttle::test(stringify!($case), $d make_throttle);
                    }
                )*)*
            };
        }
    };
}

cases! {
    ($)
    cases {
        free_attempts_pass_at_once,
        the_wait_it_tells_is_the_wait_there_is,
        waits_double_up_to_the_longest,
        a_refused_attempt_costs_nothing,
        attempts_are_forgotten_one_after_the_other,
        all_is_forgotten_in_the_end,
        waits_that_do_not_grow_are_a_steady_rate,
        a_success_gives_everything_back,
        buckets_do_not_disturb_each_other,
        a_clock_that_goes_back_makes_nobody_wait_longer,
        the_secret_stays,
    }
    race {
        attempts_at_once_get_no_more_than_one_after_the_other,
        one_of_many_passes_after_a_wait,
        what_was_taken_stays_taken_when_nobody_waits_for_the_answer,
    }
}

/// What the generated tests call: plays the case of this name on a runtime of its own.
#[doc(hidden)]
#[track_caller]
pub fn test<T, F>(name: &str, make_throttle: impl FnOnce() -> F)
where
    T: Throttle,
    F: Future<Output = T>,
{
    let case = all().into_iter().find(|case| case.name == name).expect("the macro names known cases only");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("tests need a runtime");
    if let Err(broken) = runtime.block_on(async { case.run(make_throttle().await).await }) {
        panic!("{broken}");
    }
}
