//! The same requests get the same answers on every framework: status, headers and bodies.
//!
//! Left out is what belongs to the connection and not to the answer: `date`, `connection`, and how the length of a body
//! is told. The order of the headers is free.

mod script;
mod tape;

use hallpass_behaviour::adapters::{Actix, Adapter, Axum, Warp};
use hallpass_behaviour::fixture::Memory;
use std::collections::BTreeSet;
use tape::{Step, Tape};

fn play(adapter: impl Adapter) -> Tape {
    hallpass_behaviour::run(adapter, Memory, script::play)
}

#[test]
fn the_same_requests_get_the_same_answers() {
    let axum = play(Axum);
    assert_covers_everything(&axum);
    let axum = axum.into_steps();
    let mut different = String::new();
    for (name, tape) in [("actix-web", play(Actix)), ("warp", play(Warp))] {
        different.push_str(&differences(&axum, name, &tape.into_steps()));
    }
    assert!(different.is_empty(), "\n{different}");
    println!("{} requests were answered alike on axum, actix-web and warp", axum.len());
}

/// A transcript of few requests, or of nothing but successes, would say little.
fn assert_covers_everything(tape: &Tape) {
    let statuses = tape.statuses();
    assert!(statuses.len() >= 200, "{}", statuses.len());
    let different: BTreeSet<_> = statuses.into_iter().collect();
    let expected = [200, 303, 304, 400, 401, 403, 404, 405, 413, 431, 500, 503];
    assert_eq!(different, BTreeSet::from(expected));
}

/// Every step that differs, as one would read it in a patch.
fn differences(expected: &[Step], name: &str, steps: &[Step]) -> String {
    assert_eq!(expected.len(), steps.len(), "the same script was played");
    let different = expected.iter().zip(steps).filter(|(expected, step)| expected != step);
    different.map(|(expected, step)| difference(expected, name, step)).collect()
}

fn difference(expected: &Step, name: &str, step: &Step) -> String {
    let (before, after): (Vec<_>, Vec<_>) = (lines(expected), lines(step));
    let removed = before.iter().map(|line| (if after.contains(line) { ' ' } else { '-' }, *line));
    let added = after.iter().filter(|line| !before.contains(line)).map(|line| ('+', *line));
    let patch = removed.chain(added).map(|(sign, line)| format!("{sign} {line}\n"));
    format!("--- axum\n+++ {name}\n{}\n", patch.collect::<String>())
}

fn lines(step: &Step) -> Vec<&str> {
    step.asked.lines().chain(step.answered.lines()).collect()
}

#[test]
fn a_difference_is_shown_line_by_line() {
    let step = |answered: &str| [Step { asked: "GET /".to_owned(), answered: answered.to_owned() }];
    let axum = step("200\na: b\nbody");
    assert_eq!(differences(&axum, "warp", &step("200\na: b\nbody")), "");
    let shown = differences(&axum, "warp", &step("200\na: c\nbody"));
    assert_eq!(shown, "--- axum\n+++ warp\n  GET /\n  200\n- a: b\n  body\n+ a: c\n\n");
}
