//! Stores that are wrong.

use crate::found_by::FOUND_BY;
use crate::naive::{Bug, NaiveStore};
use hallpass_testkit::suite::{self, Case};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_bug_is_found_by_the_cases_that_are_about_it() {
    let mut trials = JoinSet::new();
    for (bug, names) in FOUND_BY {
        for name in *names {
            let (bug, case) = (*bug, case_named(name));
            trials.spawn(async move { (bug, case, case.run(NaiveStore::with(bug)).await) });
        }
    }
    let mut survivors = Vec::new();
    while let Some(trial) = trials.join_next().await {
        match trial.unwrap() {
            (bug, case, Ok(())) => survivors.push(format!("{bug:?} passes {}", case.promise())),
            (_, case, Err(broken)) => assert_eq!(broken.promise(), case.promise()),
        }
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn every_case_is_on_trial() {
    let proven: BTreeSet<_> = FOUND_BY.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let cases: Vec<_> = all().iter().map(name).collect();
    let unproven: Vec<_> = cases.iter().filter(|name| !proven.contains(name.as_str())).collect();
    assert!(unproven.is_empty(), "cases that no bug makes fail: {unproven:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_promise_says_what_was_promised_and_what_was_found() {
    let broken =
        case_named("update::never_creates_a_session").run(NaiveStore::with(Bug::UpdateUpserts)).await;
    let message = broken.unwrap_err().to_string();
    for part in [
        "`update: never creates a session`",
        "there was no row",
        "found: Written",
        "expected: Gone",
        "update.rs:",
    ] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}

fn all() -> Vec<Case> {
    suite::all().into_iter().chain(suite::resends()).collect()
}

fn name(case: &Case) -> String {
    format!("{}::{}", case.group(), case.name())
}

fn case_named(wanted: &str) -> Case {
    all().into_iter().find(|case| name(case) == wanted).unwrap_or_else(|| panic!("there is no case {wanted}"))
}
