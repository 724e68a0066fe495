//! What the demos are put through on real servers: several nodes, servers that stop, die, or are full, and `kill -9`.
//!
//! [`trials!`] makes a test of every trial. It takes the path of the program, which cargo tells the tests of the package
//! that builds it:
//!
//! ```
//! # macro_rules! env { ($name:literal) => { $name } }
//! hallpass_trials::trials!(env!("CARGO_BIN_EXE_example-axum"));
//! # fn main() {}
//! ```
//!
//! Each trial starts the servers that it needs for itself, and prints what it measured. They run one after another, because
//! each takes all that the machine has. With `HALLPASS_TRIAL_SECONDS` a fault lasts that long instead of 6 seconds.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod client;
mod demo;
mod figures;
mod ledger;
mod load;
mod memory;
mod trials;

pub use figures::Figures;
pub use memory::resident;

use demo::Program;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longer than any trial takes on any machine; so long that a trial waits for what never happens.
const LIMIT: Duration = Duration::from_secs(300);

/// The one table of trials. The first token lets the macro in it have repetitions of its own.
macro_rules! table {
    ($d:tt $($(#[$attribute:meta])* $trial:ident => $run:expr;)*) => {
        $(
            #[doc(hidden)]
            pub fn $trial(program: &'static str) {
                play(program, stringify!($trial), $run);
            }
        )*

        /// Makes a test of every trial for the program at this path.
        #[macro_export]
        macro_rules! trials {
            ($d program:expr) => {
                $(
                    $(#[$attribute])*
                    #[test]
                    fn $trial() {
                        $d crate::$trial($d program);
                    }
                )*
            };
        }
    };
}

table! { $
    #[ignore = "needs PostgreSQL: run cargo xtask test"]
    a_logout_on_one_node_is_refused_by_the_other_on_postgres => trials::nodes::on_postgres;

    #[ignore = "needs Redis: run cargo xtask test"]
    a_logout_on_one_node_is_refused_by_the_other_on_redis => trials::nodes::on_redis;

    #[ignore = "needs PostgreSQL: run cargo xtask test"]
    no_answer_is_undone_when_postgres_stops_and_dies => trials::faults::on_postgres;

    #[ignore = "needs Redis: run cargo xtask test"]
    no_answer_is_undone_when_redis_stops_and_dies => trials::faults::on_redis;

    #[ignore = "needs a Redis Cluster: run cargo xtask test"]
    a_dead_primary_of_a_cluster_takes_only_its_own_sessions_with_it => trials::cluster::run;

    #[ignore = "needs Redis: run cargo xtask test"]
    a_full_redis_takes_no_login_and_every_logout => trials::full::run;

    no_answer_is_undone_by_kill_9_on_sqlite => trials::crash::run;

    what_cannot_be_read_is_neither_served_nor_lost => trials::damage::run;
}

fn play(program: &'static str, name: &str, trial: impl AsyncFnOnce(Program)) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{name}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let trial = async { tokio::time::timeout(LIMIT, trial(Program(program))).await };
    runtime.block_on(trial).expect("the trial ends");
}
