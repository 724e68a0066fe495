use super::gate::Gate;
use hallpass_core::{StoreError, StoreErrorKind};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A method of [`SessionStore`](hallpass_core::SessionStore).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// [`create`](hallpass_core::SessionStore::create)
    Create,
    /// [`load`](hallpass_core::SessionStore::load)
    Load,
    /// [`update`](hallpass_core::SessionStore::update)
    Update,
    /// [`touch`](hallpass_core::SessionStore::touch)
    Touch,
    /// [`replace`](hallpass_core::SessionStore::replace)
    Replace,
    /// [`take`](hallpass_core::SessionStore::take)
    Take,
    /// [`revoke`](hallpass_core::SessionStore::revoke)
    Revoke,
    /// [`subject`](hallpass_core::SessionStore::subject)
    Subject,
    /// [`epoch`](hallpass_core::SessionStore::epoch)
    Epoch,
    /// [`revoke_subject`](hallpass_core::SessionStore::revoke_subject)
    RevokeSubject,
    /// [`not_before`](hallpass_core::SessionStore::not_before)
    NotBefore,
    /// [`raise_not_before`](hallpass_core::SessionStore::raise_not_before)
    RaiseNotBefore,
    /// [`alive`](hallpass_core::SessionStore::alive)
    Alive,
    /// [`sweep`](hallpass_core::SessionStore::sweep)
    Sweep,
    /// [`purge`](hallpass_core::SessionStore::purge)
    Purge,
    /// [`feed`](hallpass_core::SessionStore::feed)
    Feed,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 16] = [
        Self::Create,
        Self::Load,
        Self::Update,
        Self::Touch,
        Self::Replace,
        Self::Take,
        Self::Revoke,
        Self::Subject,
        Self::Epoch,
        Self::RevokeSubject,
        Self::NotBefore,
        Self::RaiseNotBefore,
        Self::Alive,
        Self::Sweep,
        Self::Purge,
        Self::Feed,
    ];
}

/// What goes wrong with a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// It is not made and answers an error of this kind.
    Fail(StoreErrorKind),
    /// It is made, and answers a timeout.
    LoseAnswer,
    /// It is not made before the gate lets it go.
    Hold(Gate),
    /// It is made and does not answer before the gate lets it go.
    HoldAnswer(Gate),
}

/// For how many calls something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// For this many calls.
    Next(usize),
    /// For all calls until [`FaultyStore::clear`](super::FaultyStore::clear).
    UntilCleared,
}

impl Times {
    /// Uses up one of them; `None` when there is none left.
    fn take(&mut self) -> Option<()> {
        match self {
            Self::Next(0) => None,
            Self::Next(left) => {
                *left -= 1;
                Some(())
            }
            Self::UntilCleared => Some(()),
        }
    }
}

/// What a faulty store and its subscriptions share.
#[derive(Debug, Default)]
pub(super) struct Plan {
    state: Mutex<State>,
    cuts: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    down: bool,
    calls: [u64; Method::ALL.len()],
    faults: VecDeque<(Method, Fault, Times)>,
    lost_events: Option<Times>,
}

impl Plan {
    pub(super) fn add(&self, method: Method, fault: Fault, times: Times) {
        self.state().faults.push_back((method, fault, times));
    }

    /// Counts a call and says what goes wrong with it.
    pub(super) fn arrive(&self, method: Method) -> Result<Option<Fault>, StoreError> {
        let mut state = self.state();
        state.calls[method as usize] += 1;
        if state.down {
            return Err(down());
        }
        Ok(state.next_fault(method))
    }

    pub(super) fn check_up(&self) -> Result<(), StoreError> {
        if self.state().down { Err(down()) } else { Ok(()) }
    }

    pub(super) fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.lost_events = None;
    }

    pub(super) fn calls(&self, method: Method) -> u64 {
        self.state().calls[method as usize]
    }

    pub(super) fn reset_calls(&self) {
        self.state().calls = Default::default();
    }

    pub(super) fn lose_events(&self, times: Times) {
        self.state().lost_events = Some(times);
    }

    pub(super) fn loses_event(&self) -> bool {
        let mut state = self.state();
        state.down || state.lost_events.as_mut().and_then(Times::take).is_some()
    }

    pub(super) fn cut_feeds(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(super) fn watch_cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_fault(&mut self, method: Method) -> Option<Fault> {
        let planned = self.faults.iter_mut().filter(|(of, ..)| *of == method);
        let mut due = planned.filter_map(|(_, fault, times)| times.take().map(|()| fault.clone()));
        due.next()
    }
}

fn down() -> StoreError {
    StoreError::unavailable("the faulty store is down")
}

pub(super) fn error_of(kind: StoreErrorKind) -> StoreError {
    match kind {
        StoreErrorKind::Timeout => StoreError::timeout(),
        StoreErrorKind::ClockSkew => StoreError::clock_skew(),
        StoreErrorKind::Undecodable => StoreError::undecodable("the faulty store was told so"),
        _ => StoreError::unavailable("the faulty store was told to fail"),
    }
}
