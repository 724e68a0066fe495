//! Two areas with users and cookies of their own, and what the tests do with them.

include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));

use hallpass_core::{CookiePolicy, Event, EventKind, EventSink, MemoryStore, SessionManager};
use hallpass_testkit::{FakeClock, FaultyStore};
use hallpass_warp::{Denial, Login, LogoutEndpoint, SessionLayer, login, logout, service};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use tower::util::BoxCloneService;
use warp::hyper::body::Bytes;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

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

#[derive(Debug, Default, Clone)]
pub(crate) struct Events(Arc<Mutex<Vec<EventKind>>>);

impl EventSink for Events {
    fn record(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(event.kind);
    }
}

impl Events {
    pub(crate) fn count(&self, kind: EventKind) -> usize {
        self.0.lock().unwrap().iter().filter(|known| **known == kind).count()
    }
}

/// An area over a store that can fail.
pub(crate) struct Scene<T> {
    pub(crate) store: FaultyStore,
    pub(crate) clock: FakeClock,
    pub(crate) events: Events,
    pub(crate) users: Arc<Directory<T>>,
    pub(crate) sessions: SessionManager,
}

pub(crate) type App = BoxCloneService<Request<String>, Response, Infallible>;

/// What [`Filter::boxed`] makes of routes.
pub(crate) type Routes = warp::filters::BoxedFilter<(Response,)>;

/// Makes routes of any kind the same kind.
pub(crate) fn boxed(
    routes: impl Filter<Extract = (impl Reply + 'static,), Error = Rejection> + Clone + Send + Sync + 'static,
) -> Routes {
    routes.map(Reply::into_response).boxed()
}

impl<T: Area> Scene<T> {
    pub(crate) fn new() -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let (clock, events) = (FakeClock::new(), Events::default());
        let cookies = CookiePolicy::builder().name(T::COOKIE).build().unwrap();
        let sessions = SessionManager::builder(store.clone())
            .clock(clock.clone())
            .cookies(cookies)
            .events(events.clone())
            .sweep_every(None);
        let users = Directory {
            users: Mutex::default(),
            fetched: AtomicUsize::new(0),
            down: AtomicBool::new(false),
            area: PhantomData,
        };
        Self { store, clock, events, users: Arc::new(users), sessions: sessions.build().unwrap() }
    }

    pub(crate) fn bare_layer(&self) -> SessionLayer {
        SessionLayer::new(self.sessions.clone())
    }

    pub(crate) fn layer(&self) -> SessionLayer {
        self.bare_layer().authenticator(Arc::clone(&self.users))
    }

    /// `routes` with login and logout, inside the layer.
    pub(crate) fn app(&self, routes: Routes) -> App {
        App::new(service(self.layer(), with_login::<T>(routes)))
    }

    /// Logs in with this pin. The cookie to send from now on.
    pub(crate) async fn log_in(&self, pin: &str) -> String {
        let nothing = warp::any().and_then(async || Err::<Response, _>(warp::reject()));
        let answer = send(&self.app(nothing.boxed()), Request::post("/login"), "", pin).await;
        assert_eq!(answer.status, 200);
        answer.cookie()
    }
}

/// `routes` with login and logout.
pub(crate) fn with_login<T: Area>(routes: Routes) -> Routes {
    let enter = warp::path!("login").and(login()).and(warp::body::bytes()).then(log_in::<T>);
    let leave = warp::path!("logout").and(logout::<Directory<T>>(LogoutEndpoint::new()));
    boxed(enter.or(leave).or(routes))
}

async fn log_in<T: Area>(login: Login<Directory<T>>, body: Bytes) -> Result<StatusCode, Denial> {
    let pin = Pin(String::from_utf8_lossy(&body).into_owned());
    let authenticated = login.authenticate(pin).await?;
    login.log_in(authenticated)?;
    Ok(StatusCode::OK)
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

pub(crate) async fn get(app: &App, path: &str, cookie: &str) -> Answered {
    send(app, Request::get(path), cookie, "").await
}

pub(crate) async fn send(app: &App, request: http::request::Builder, cookie: &str, body: &str) -> Answered {
    let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
    let Ok(response) = app.clone().oneshot(request.body(body.to_owned()).unwrap()).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answered { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
}
