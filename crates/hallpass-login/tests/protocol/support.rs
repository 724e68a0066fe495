use hallpass_core::{
    Area, CommitOutcome, MemoryStore, SessionLimit, SessionManager, SessionSlot, Stamp, Subject,
};
use hallpass_login::{AuthUser, Authenticator, Login};
use hallpass_testkit::{FakeClock, FaultyStore, Head};
use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    pub(crate) stamp: u64,
    pub(crate) enabled: bool,
    pub(crate) limit: Option<SessionLimit>,
}

impl AuthUser for User {
    fn subject(&self) -> Subject {
        self.id.into()
    }

    fn auth_stamp(&self) -> Stamp {
        self.stamp.into()
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn session_limit(&self, policy: SessionLimit) -> SessionLimit {
        self.limit.unwrap_or(policy)
    }
}

/// Where a login can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Found,
    Verified,
}

/// Users in a list, who can be changed at any moment, and whose look-ups are written down.
pub(crate) struct Users {
    list: Mutex<Vec<User>>,
    pub(crate) calls: Mutex<Vec<&'static str>>,
    pub(crate) hold: Mutex<Option<(Step, Arc<Hold>)>>,
}

/// A login waits here until it is let go.
pub(crate) struct Hold {
    pub(crate) arrived: Semaphore,
    pub(crate) go: Semaphore,
}

impl Users {
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut User)) {
        let mut list = self.list.lock().unwrap();
        change(list.iter_mut().find(|user| user.id == id).unwrap());
    }

    pub(crate) fn hold(&self, step: Step) -> Arc<Hold> {
        let hold = Arc::new(Hold { arrived: Semaphore::new(0), go: Semaphore::new(0) });
        *self.hold.lock().unwrap() = Some((step, Arc::clone(&hold)));
        hold
    }

    async fn pass(&self, at: Step) {
        let hold = self.hold.lock().unwrap().take_if(|(step, _)| *step == at);
        if let Some((_, hold)) = hold {
            hold.arrived.add_permits(1);
            hold.go.acquire().await.unwrap().forget();
        }
    }

    fn read(&self, call: &'static str, is: impl Fn(&User) -> bool) -> Option<User> {
        self.calls.lock().unwrap().push(call);
        self.list.lock().unwrap().iter().find(|user| is(user)).cloned()
    }
}

impl Authenticator for Users {
    type User = User;
    type Credentials = (&'static str, &'static str);
    type Error = Infallible;

    fn identifier<'a>(&self, (name, _): &'a Self::Credentials) -> Cow<'a, str> {
        Cow::Borrowed(name)
    }

    async fn find(&self, (name, _): &Self::Credentials) -> Result<Option<User>, Infallible> {
        let found = self.read("find", |user| user.name == *name);
        self.pass(Step::Found).await;
        Ok(found)
    }

    async fn verify(
        &self,
        user: Option<&User>,
        (_, password): Self::Credentials,
    ) -> Result<bool, Infallible> {
        self.calls.lock().unwrap().push("verify");
        let right = user.is_some_and(|user| user.password == password);
        self.pass(Step::Verified).await;
        Ok(right)
    }

    async fn user(&self, subject: &Subject) -> Result<Option<User>, Infallible> {
        Ok(self.read("user", |user| user.subject() == *subject))
    }

    fn login_path(&self) -> Option<&str> {
        Some("/login")
    }

    fn reauthentication_path(&self) -> Option<&str> {
        Some("/confirm")
    }
}

pub(crate) struct World {
    pub(crate) sessions: SessionManager,
    pub(crate) store: FaultyStore,
    pub(crate) clock: FakeClock,
    pub(crate) users: Arc<Users>,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let clock = FakeClock::new();
        let sessions =
            SessionManager::builder(store.clone()).clock(clock.clone()).sweep_every(None).build().unwrap();
        let user = |id, name, enabled| User { id, name, password: "right", stamp: 1, enabled, limit: None };
        let list = vec![user(1, "alice", true), user(2, "bob", true), user(3, "eve", false)];
        let users = Users { list: Mutex::new(list), calls: Mutex::default(), hold: Mutex::default() };
        Self { sessions, store, clock, users: Arc::new(users) }
    }

    pub(crate) fn slot(&self, cookie: &str) -> SessionSlot {
        let users: Arc<Users> = Arc::clone(&self.users);
        SessionSlot::new(&Area::from(self.sessions.clone()).carrying(users), &get(cookie), None)
    }

    pub(crate) async fn login(&self, cookie: &str) -> Login<Users> {
        Login::open(Some(&self.slot(cookie)), &get(cookie)).await.unwrap()
    }

    /// The cookie of a new login.
    pub(crate) async fn logged_in(&self, name: &'static str) -> String {
        let login = self.login("").await;
        login.log_in(login.authenticate((name, "right")).await.unwrap()).unwrap();
        cookie(&login.session().slot().commit().await)
    }

    /// Who is logged in with this cookie, stamp and all.
    pub(crate) async fn who(&self, cookie: &str) -> Option<&'static str> {
        let user = hallpass_login::current_user(&self.slot(cookie), &*self.users).await.unwrap();
        user.map(|user| user.name)
    }
}

pub(crate) fn cookie(outcome: &CommitOutcome) -> String {
    let line = outcome.set_cookies().next().expect("a cookie is set");
    line.split(';').next().unwrap().to_owned()
}

/// A GET with this cookie.
pub(crate) fn get(cookie: &str) -> Head {
    Head::new("GET").line("cookie", cookie)
}
