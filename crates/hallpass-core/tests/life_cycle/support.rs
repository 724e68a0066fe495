use hallpass_core::{
    Attempt, AuthLevel, ClientInfo, CommitOutcome, EndReason, Event, EventKind, EventSink, LoginGrant,
    MemoryStore, Refusal, Session, SessionManager, SessionManagerBuilder, SessionPolicy, SessionSlot, Stamp,
    Which,
};
use hallpass_testkit::{FakeClock, FaultyStore, Head};
use std::sync::{Arc, Mutex};

/// A manager over a store that fails when told to, at a time that stands still, with its events kept.
pub(crate) struct World {
    pub(crate) sessions: SessionManager,
    pub(crate) store: FaultyStore,
    pub(crate) clock: FakeClock,
    pub(crate) events: Events,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(SessionPolicy::default())
    }

    pub(crate) fn with(policy: SessionPolicy) -> Self {
        Self::built(|builder| builder.policy(policy))
    }

    pub(crate) fn built(change: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder) -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let clock = FakeClock::new();
        let events = Events::default();
        let builder = SessionManager::builder(store.clone())
            .clock(clock.clone())
            .events(events.clone())
            .sweep_every(None);
        let sessions = change(builder).build().unwrap();
        Self { sessions, store, clock, events }
    }

    pub(crate) fn slot(&self, jar: &Jar) -> SessionSlot {
        SessionSlot::new(&self.sessions.clone().into(), &head(jar), None)
    }

    pub(crate) async fn open(&self, jar: &Jar) -> Session {
        self.slot(jar).open().await.unwrap()
    }

    /// A whole request: open, do, commit, keep the cookies.
    pub(crate) async fn request(&self, jar: &mut Jar, act: impl AsyncFnOnce(&Session)) -> Answered {
        let session = self.open(jar).await;
        act(&session).await;
        let outcome = session.slot().commit().await;
        jar.apply(&outcome);
        Answered::of(&outcome)
    }

    pub(crate) async fn grant(&self, user: u32) -> LoginGrant {
        let subject = self.sessions.subject_key(user.into());
        LoginGrant {
            ticket: self.sessions.ticket(&subject).await.unwrap(),
            subject,
            stamp: Stamp::from(1),
            level: AuthLevel::Full,
            remembered: false,
            client: ClientInfo::default(),
            limit: self.sessions.policy().session_limit(),
            attempt: Attempt::default(),
        }
    }

    pub(crate) async fn log_in(&self, jar: &mut Jar, user: u32) {
        let grant = self.grant(user).await;
        let outcome = self.request(jar, async |session| session.log_in(grant).unwrap()).await;
        assert_eq!(outcome.refusal, None);
    }

    /// A jar in which `user` is logged in.
    pub(crate) async fn logged_in(&self, user: u32) -> Jar {
        let mut jar = Jar::default();
        self.log_in(&mut jar, user).await;
        jar
    }

    /// Who is logged in with these cookies.
    pub(crate) async fn who(&self, jar: &Jar) -> Option<String> {
        Some(self.open(jar).await.subject()?.to_string())
    }
}

/// What an answer carried.
pub(crate) struct Answered {
    pub(crate) refusal: Option<Refusal>,
    cookies: Vec<String>,
}

impl Answered {
    pub(crate) fn of(outcome: &CommitOutcome) -> Self {
        Self { refusal: outcome.refusal, cookies: outcome.set_cookies().map(str::to_owned).collect() }
    }

    pub(crate) fn set_cookies(&self) -> impl ExactSizeIterator<Item = &str> {
        self.cookies.iter().map(String::as_str)
    }
}

/// Logs out, confirmed; how many logins that ended.
pub(crate) async fn log_out(session: &Session) -> usize {
    session.log_out().await.unwrap().sessions_ended
}

/// Ends sessions of the user, confirmed; how many.
pub(crate) async fn end(session: &Session, which: Which, reason: EndReason) -> usize {
    session.end_subject(which, reason).await.unwrap().sessions_ended
}

/// What a browser keeps of the two cookies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jar(Vec<(String, String)>);

impl Jar {
    pub(crate) fn apply(&mut self, outcome: &CommitOutcome) {
        for line in outcome.set_cookies() {
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub(crate) fn put(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

/// Keeps what happened and why.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<Kept>>>);

type Kept = (EventKind, Option<EndReason>);

impl EventSink for Events {
    fn record(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push((event.kind, event.reason));
    }
}

impl Events {
    pub(crate) fn ends(&self) -> Vec<EndReason> {
        let events = self.0.lock().unwrap();
        events.iter().filter(|event| event.0 == EventKind::Ended).filter_map(|event| event.1).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<EventKind> {
        self.0.lock().unwrap().iter().map(|event| event.0).collect()
    }
}

pub(crate) fn head(jar: &Jar) -> Head {
    let (head, cookies) = (Head::new("GET").peer(Some([127, 0, 0, 1].into())), jar.header());
    if cookies.is_empty() { head } else { head.line("cookie", cookies) }
}

impl Events {
    pub(crate) fn failures(&self) -> Vec<Option<EndReason>> {
        let events = self.0.lock().unwrap();
        events.iter().filter(|event| event.0 == EventKind::LoginFailed).map(|event| event.1).collect()
    }
}
