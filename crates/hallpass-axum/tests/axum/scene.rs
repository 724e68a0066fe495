//! Two areas with users and cookies of their own, and what the tests do with them.

include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use hallpass_axum::{Login, LogoutEndpoint, Rejection, SessionLayer, logout};
use hallpass_core::{CookiePolicy, MemoryStore, SessionManager};
use hallpass_testkit::{FakeClock, FaultyStore};
use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

pub(crate) trait Area: Send + Sync + 'static {
    const COOKIE: &'static str;
    const LOGIN_PATH: Option<&'static str>;
}

pub(crate) struct Shop;

impl Area for Shop {
    const COOKIE: &'static str = "shop";
    const LOGIN_PATH: Option<&'static str> = None;
}

pub(crate) struct Office;

impl Area for Office {
    const COOKIE: &'static str = "office";
    const LOGIN_PATH: Option<&'static str> = Some("/office/login");
}

pub(crate) type Customers = Directory<Shop>;
pub(crate) type Staff = Directory<Office>;

/// The users of an area, who can be changed, counted and made to fail.
pub(crate) struct Directory<T> {
    users: Mutex<Users>,
    pub(crate) fetched: AtomicUsize,
    pub(crate) down: AtomicBool,
    area: PhantomData<T>,
}

impl<T: Area> Directory<T> {
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut User)) {
        let mut users = self.users.lock().unwrap();
        change(users.0.iter_mut().find(|user| user.id == id).unwrap());
    }

    fn users(&self) -> Result<Users, io::Error> {
        let is_up = !self.down.load(Ordering::SeqCst);
        is_up.then(|| Users(self.users.lock().unwrap().0.clone())).ok_or(io::Error::other("down"))
    }
}

impl<T: Area> Authenticator for Directory<T> {
    type User = User;
    type Credentials = Pin;
    type Error = io::Error;

    fn identifier<'a>(&self, Pin(typed): &'a Pin) -> Cow<'a, str> {
        typed.split(':').next().unwrap_or_default().into()
    }

    async fn find(&self, pin: &Pin) -> Result<Option<User>, io::Error> {
        self.users()?.find(pin).await
    }

    async fn verify(&self, user: Option<&User>, pin: Pin) -> Result<bool, io::Error> {
        self.users()?.verify(user, pin).await
    }

    async fn user(&self, subject: &Subject) -> Result<Option<User>, io::Error> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        self.users()?.user(subject).await
    }

    fn login_path(&self) -> Option<&str> {
        T::LOGIN_PATH
    }
}

/// An area over a store that can fail.
pub(crate) struct Scene<T> {
    pub(crate) store: FaultyStore,
    pub(crate) clock: FakeClock,
    pub(crate) users: Arc<Directory<T>>,
    sessions: SessionManager,
}

impl<T: Area> Scene<T> {
    pub(crate) fn new() -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let clock = FakeClock::new();
        let cookies = CookiePolicy::builder().name(T::COOKIE).build().unwrap();
        let sessions = SessionManager::builder(store.clone()).clock(clock.clone()).cookies(cookies);
        let users = Directory {
            users: Mutex::default(),
            fetched: AtomicUsize::new(0),
            down: AtomicBool::new(false),
            area: PhantomData,
        };
        Self { store, clock, users: Arc::new(users), sessions: sessions.build().unwrap() }
    }

    pub(crate) fn bare_layer(&self) -> SessionLayer {
        SessionLayer::new(self.sessions.clone())
    }

    pub(crate) fn layer(&self) -> SessionLayer {
        self.bare_layer().authenticator(Arc::clone(&self.users))
    }

    /// `router` with login and logout, inside the layer.
    pub(crate) fn app(&self, router: Router) -> Router {
        router
            .route("/login", post(log_in::<T>))
            .route("/logout", logout::<Directory<T>, _>(LogoutEndpoint::new()))
            .layer(self.layer())
    }

    /// Logs in with this pin. The cookie to send from now on.
    pub(crate) async fn log_in(&self, pin: &str) -> String {
        let answer = send(&self.app(Router::new()), Request::post("/login"), "", pin).await;
        assert_eq!(answer.status, 200);
        answer.cookie()
    }
}

async fn log_in<T: Area>(login: Login<Directory<T>>, body: String) -> Result<(), Rejection> {
    let authenticated = login.authenticate(Pin(body)).await?;
    Ok(login.log_in(authenticated)?)
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn cookies(&self) -> usize {
        self.headers.get_all(header::SET_COOKIE).iter().count()
    }

    /// The only cookie of a session that is set, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        let lines = self.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
        let [line] = lines.filter(|line| !line.contains("-device=")).collect::<Vec<_>>()[..] else {
            panic!("one session: {self:?}")
        };
        line.split(';').next().unwrap().to_owned()
    }
}

pub(crate) async fn get(app: &Router, path: &str, cookie: &str) -> Answered {
    send(app, Request::get(path), cookie, "").await
}

pub(crate) async fn send(
    app: &Router,
    request: axum::http::request::Builder,
    cookie: &str,
    body: &str,
) -> Answered {
    let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response: Response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 1 << 16).await.unwrap();
    Answered { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
}
