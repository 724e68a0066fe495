//! Threads that begin at the same moment.

use super::*;
use crate::store::{SubjectRevoked, WhenReached, Which};
use std::sync::Barrier;

const THREADS: usize = 20;
const ROUNDS: u64 = 30;

/// Runs `call` on many threads at once, with each one's number.
fn at_once<T: Send>(threads: usize, call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    let run = |number| {
        barrier.wait();
        call(number)
    };
    let run = &run;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|number| scope.spawn(move || run(number))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn end_all(store: &MemoryStore) -> SubjectRevoked {
    now(store.revoke_subject(&ada(), None, Which::All, EndReason::Administrator, op(1))).unwrap()
}

fn ended_by(revoked: &SubjectRevoked) -> usize {
    match revoked {
        SubjectRevoked::Done { ended, .. } => ended.len(),
        SubjectRevoked::ActorGone => 0,
    }
}

fn create_limited(store: &MemoryStore, number: u64, when_reached: WhenReached) -> Created {
    let record = Arc::new(login(&ada(), number));
    now(store.create(record, Some(&ticket()), limit(1, when_reached), op(1))).unwrap()
}

#[test]
fn of_many_logins_at_once_one_lives_and_the_others_were_ended_for_it() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::new();
        let created = at_once(THREADS, |n| create_limited(&store, n as u64, WhenReached::EndLeastRecent));
        let evicted: usize = created
            .iter()
            .map(|created| match created {
                Created::Created { evicted } => evicted.len(),
                other => panic!("{other:?}"),
            })
            .sum();
        assert_eq!((store.logins_of(&ada()), store.len(), evicted), (1, 1, THREADS - 1));
    }
}

#[test]
fn of_many_logins_at_once_one_is_created_where_the_limit_refuses() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::new();
        let created = at_once(THREADS, |n| create_limited(&store, n as u64, WhenReached::Refuse));
        let refused = created.iter().filter(|created| **created == Created::LimitReached).count();
        assert_eq!((store.logins_of(&ada()), refused), (1, THREADS - 1));
    }
}

#[test]
fn of_many_logouts_at_once_one_ends_the_session() {
    for number in 0..ROUNDS {
        let store = MemoryStore::new();
        let mine = login(&ada(), number);
        let _ = store.add(&mine);
        let ended = at_once(THREADS, |n| {
            if n % 2 == 0 {
                return now(store.revoke(&mine.key, EndReason::LoggedOut, op(1))).unwrap().is_some() as usize;
            }
            ended_by(&end_all(&store))
        });
        assert_eq!(ended.iter().sum::<usize>(), 1);
    }
}

#[test]
fn no_login_that_began_before_all_were_ended_is_there_afterwards() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::new();
        at_once(THREADS, |n| match n {
            0 => drop(end_all(&store)),
            _ => drop(store.add(&login(&ada(), n as u64))),
        });
        assert_eq!((store.logins_of(&ada()), store.len()), (0, 0));
        store.assert_consistent();
    }
}

#[test]
fn no_login_comes_after_everybody_was_ended_if_it_began_before() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::new();
        let counts = at_once(THREADS, |n| {
            if n > 0 {
                drop(store.add(&login(&ada(), n as u64)));
                return None;
            }
            let _ = now(store.raise_not_before(&realm(), at(1), op(1))).unwrap();
            Some(store.logins_of(&ada()))
        });
        assert_eq!(counts[0], Some(store.logins_of(&ada())));
    }
}

#[test]
fn a_renewal_does_not_carry_a_session_past_the_end_of_all() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::new();
        let first = login(&ada(), 0);
        let _ = store.add(&first);
        at_once(2, |n| {
            if n == 0 {
                return drop(end_all(&store));
            }
            let mut record = Arc::new(first.clone());
            for number in 1..20 {
                let renewed = rewritten(&record, |next| next.key = key(next.key.shard(), number));
                let _ = now(store.replace(&record.key, renewed.clone(), record.revision, None, None, op(1)))
                    .unwrap();
                record = renewed;
            }
        });
        assert_eq!(store.len(), 0);
    }
}

#[test]
fn of_many_writers_of_one_revision_one_wins() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::new();
        let record = visitor(1);
        let _ = store.add(&record);
        let written = at_once(THREADS, |n| {
            let next = rewritten(&record, |next| next.data = values(n + 1));
            now(store.update(next, Revision(1), op(1))).unwrap()
        });
        let won = |updated: &&Updated| **updated == Updated::Written;
        assert_eq!(written.iter().filter(won).count(), 1);
    }
}

#[test]
fn visitors_who_come_change_and_go_at_once_are_counted_exactly() {
    for _ in 0..ROUNDS {
        let store = MemoryStore::builder().max_visitors(10).max_visitor_bytes(9_000).build();
        at_once(8, |thread| {
            for step in 0..60 {
                visit(&store, thread as u64, step);
            }
        });
        store.assert_consistent();
        assert!(store.visitors() <= 10);
    }
}

/// Every thread meets the visitors of the others.
fn visit(store: &MemoryStore, thread: u64, step: u64) {
    let record = Record { last_seen: at(step), ..visitor((thread * 31 + step) % 40) };
    let grown = rewritten(&record, |next| next.data = values(step as usize * 20));
    let renewed = rewritten(&record, |next| next.key = key(next.key.shard(), 100 + step));
    let call = op(step);
    match (thread + step) % 6 {
        0 | 1 => drop(now(store.create(Arc::new(record), None, None, call)).unwrap()),
        2 => drop(now(store.update(grown, Revision(1), call)).unwrap()),
        3 => drop(now(store.touch(&record.key, at(1_000), call)).unwrap()),
        4 => drop(now(store.replace(&record.key, renewed, Revision(1), None, None, call)).unwrap()),
        _ => drop(now(store.revoke(&record.key, EndReason::LoggedOut, call)).unwrap()),
    }
}
