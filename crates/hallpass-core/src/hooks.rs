//! An application's own code when something happens: at once, or in its own time.

use crate::event::{Event, EventKind, EventSink, tell};
use crate::ids::{Realm, SessionHandle, Subject};
use crate::record::{ClientInfo, EndReason};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::broadcast::{self, error::RecvError};

/// Calls a function for every event, at once and on the request's own thread.
///
/// What it tells of is on record, whatever the function does: a panic is caught and logged, and the answer only waits for
/// it. For anything that takes time use an [`EventStream`].
///
/// ```
/// use hallpass_core::{Event, EventHook, EventKind, MemoryStore, SessionManager, TracingEvents};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let metrics = EventHook::new(|event: &Event<'_>| {
///     if event.kind == EventKind::Ended {
///         println!("{:?} ended: {:?}", event.handle, event.reason);
///     }
/// });
/// let sessions = SessionManager::builder(MemoryStore::new()).events((TracingEvents, metrics)).build()?;
/// # Ok(())
/// # }
/// ```
pub struct EventHook(Box<dyn Fn(&Event<'_>) + Send + Sync>);

impl EventHook {
    /// Calls `hook` for every event.
    pub fn new(hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Box::new(hook))
    }
}

impl EventSink for EventHook {
    fn record(&self, event: &Event<'_>) {
        (self.0)(event);
    }
}

impl fmt::Debug for EventHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventHook")
    }
}

/// Tells both, the second one also if the first one panics.
impl<A: EventSink, B: EventSink> EventSink for (A, B) {
    fn record(&self, event: &Event<'_>) {
        tell(&self.0, event);
        tell(&self.1, event);
    }
}

/// Passes events on to any number of [`EventStream`]s, which take them in their own time.
///
/// It never waits: a stream that has fallen behind by more than the capacity misses the oldest events, and is told so.
///
/// ```
/// use hallpass_core::{EventChannel, EventKind, Heard, MemoryStore, SessionManager, TracingEvents};
///
/// # async fn close_drafts(_: &hallpass_core::OwnedEvent) {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let channel = EventChannel::new(1024);
/// let mut events = channel.subscribe();
/// let sessions = SessionManager::builder(MemoryStore::new()).events((TracingEvents, channel)).build()?;
///
/// tokio::spawn(async move {
///     while let Some(heard) = events.next().await {
///         match heard {
///             Heard::Event(event) if event.kind == EventKind::Ended => close_drafts(&event).await,
///             Heard::Event(_) => {}
///             Heard::Missed(events) => eprintln!("{events} events were missed"),
///         }
///     }
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct EventChannel(broadcast::Sender<Arc<OwnedEvent>>);

impl EventChannel {
    /// Keeps at least `capacity` events for streams that have not taken them yet; less than 1 counts as 1.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity.clamp(1, usize::MAX / 4)))
    }

    /// A stream of what happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> EventStream {
        EventStream(self.0.subscribe())
    }
}

impl EventSink for EventChannel {
    fn record(&self, event: &Event<'_>) {
        if self.0.receiver_count() > 0 {
            // The last one may have left meanwhile.
            let _ = self.0.send(Arc::new(OwnedEvent::from(event)));
        }
    }
}

/// What happens, in the order in which it was told, for whoever does something about it.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<Arc<OwnedEvent>>);

impl EventStream {
    /// The next event; `None` when the channel and every manager that tells it are gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(RecvError::Lagged(missed)) => Some(Heard::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

/// What an [`EventStream`] has to tell.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something happened.
    Event(Arc<OwnedEvent>),
    /// So many events were missed, because they were not taken in time.
    Missed(u64),
}

/// An [`Event`] to keep. It holds no credential either.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedEvent {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: SystemTime,
    /// The area it happened in.
    pub realm: Realm,
    /// The user, if one is known.
    pub subject: Option<Subject>,
    /// The public name of the session, if there is one.
    pub handle: Option<SessionHandle>,
    /// Why a session ended.
    pub reason: Option<EndReason>,
    /// The session that caused it, if it was another.
    pub actor: Option<SessionHandle>,
    /// The client of the request that caused it, as far as known.
    pub client: Option<ClientInfo>,
}

impl From<&Event<'_>> for OwnedEvent {
    fn from(event: &Event<'_>) -> Self {
        let &Event { kind, at, realm, subject, handle, reason, actor, client } = event;
        Self {
            kind,
            at,
            realm: realm.clone(),
            subject: subject.cloned(),
            handle,
            reason,
            actor,
            client: client.cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn realm() -> Realm {
        Realm::new("shop").unwrap()
    }

    fn event(realm: &Realm) -> Event<'_> {
        Event::new(EventKind::Ended, SystemTime::UNIX_EPOCH, realm)
    }

    #[test]
    fn both_are_told_though_the_first_one_panics() {
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let panics = EventHook::new(|_| panic!("a hook's own fault"));
        let counts = EventHook::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        (panics, counts).record(&event(&realm()));
        assert_eq!(told.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_stream_tells_all_that_happens_from_now_on_and_ends_with_its_channel() {
        let realm = realm();
        let channel = EventChannel::new(8);
        channel.record(&Event::new(EventKind::Renewed, SystemTime::UNIX_EPOCH, &realm));
        let mut stream = channel.subscribe();
        let subject = Subject::from(7_u32);
        let told = Event { subject: Some(&subject), reason: Some(EndReason::LoggedOut), ..event(&realm) };
        channel.record(&told);
        match stream.next().await {
            Some(Heard::Event(heard)) => assert_eq!(*heard, OwnedEvent::from(&told)),
            other => panic!("{other:?}"),
        }
        drop(channel);
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn a_stream_that_falls_behind_is_told_how_much_it_missed() {
        let realm = realm();
        let channel = EventChannel::new(2);
        let mut stream = channel.subscribe();
        for _ in 0..5 {
            channel.record(&event(&realm));
        }
        assert!(matches!(stream.next().await, Some(Heard::Missed(3))));
        assert!(matches!(stream.next().await, Some(Heard::Event(_))));
    }
}
