//! Two areas with users and cookies of their own, and what the tests do with them.

include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));

use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, Error, web};
use hallpass_actix::{CurrentSubject, Login, LogoutEndpoint, Rejection, SessionMiddleware, logout};
use hallpass_core::{CookiePolicy, MemoryStore, SessionManager};
use hallpass_testkit::{FakeClock, FaultyStore};
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
    pub(crate) sessions: SessionManager,
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

    pub(crate) fn bare_middleware(&self) -> SessionMiddleware {
        SessionMiddleware::new(self.sessions.clone())
    }

    pub(crate) fn middleware(&self) -> SessionMiddleware {
        self.bare_middleware().authenticator(Arc::clone(&self.users))
    }

    /// Routes for login and logout.
    pub(crate) fn doors(config: &mut web::ServiceConfig) {
        config
            .route("/login", web::post().to(log_in::<T>))
            .route("/logout", logout::<Directory<T>>(LogoutEndpoint::new()));
    }

    /// These routes, with login and logout, inside the middleware.
    pub(crate) async fn app(&self, routes: impl FnOnce(&mut web::ServiceConfig)) -> Site {
        Site::new(App::new().wrap(self.middleware()).configure(routes).configure(Self::doors)).await
    }

    /// Logs in with this pin. The cookie to send from now on.
    pub(crate) async fn log_in(&self, pin: &str) -> String {
        let answer = send(&self.app(|_| {}).await, TestRequest::post().uri("/login"), "", pin).await;
        assert_eq!(answer.status, 200);
        answer.cookie()
    }

    /// Whether somebody is logged in with this cookie.
    pub(crate) async fn knows(&self, cookie: &str) -> bool {
        let subject = async |subject: CurrentSubject<Directory<T>>| subject.as_str().to_owned();
        let routes = |config: &mut web::ServiceConfig| {
            config.route("/", web::get().to(subject));
        };
        get(&self.app(routes).await, "/", cookie).await.status == 200
    }
}

async fn log_in<T: Area>(login: Login<Directory<T>>, body: String) -> Result<&'static str, Rejection> {
    let authenticated = login.authenticate(Pin(body)).await?;
    login.log_in(authenticated)?;
    Ok("")
}

/// `path` with this handler.
pub(crate) fn at(path: &'static str, route: actix_web::Route) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config.route(path, route);
    }
}

pub(crate) type Answering = std::pin::Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

/// An application that is ready to answer.
pub(crate) struct Site(Box<dyn Fn(TestRequest) -> Answering>);

impl Site {
    pub(crate) async fn new<T>(app: App<T>) -> Self
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse,
                Error = Error,
                InitError = (),
            > + 'static,
    {
        let service = init_service(app).await;
        Self(Box::new(move |request| Box::pin(service.call(request.to_request()))))
    }

    /// What is to be polled for the answer.
    pub(crate) fn call(&self, request: TestRequest) -> Answering {
        (self.0)(request)
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    /// What the client sees: also of an error that no middleware has made a response of.
    async fn read(outcome: Result<ServiceResponse, Error>) -> Self {
        let make = |error: Error| TestRequest::default().to_srv_response(error.error_response());
        let response = outcome.unwrap_or_else(make);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: String::from_utf8(read_body(response).await.into()).unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn cookies(&self) -> usize {
        self.all("set-cookie").len()
    }

    /// The only cookie of a session that is set, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        let lines = self.all("set-cookie").into_iter().filter(|line| !line.contains("-device="));
        let [line] = lines.collect::<Vec<_>>()[..] else { panic!("one session: {self:?}") };
        line.split(';').next().unwrap().to_owned()
    }
}

pub(crate) async fn get(app: &Site, path: &str, cookie: &str) -> Answered {
    send(app, TestRequest::with_uri(path), cookie, "").await
}

pub(crate) async fn send(app: &Site, request: TestRequest, cookie: &str, body: &str) -> Answered {
    let request = with_cookie(request, cookie).set_payload(body.to_owned());
    Answered::read(app.call(request).await).await
}

pub(crate) fn with_cookie(request: TestRequest, cookie: &str) -> TestRequest {
    if cookie.is_empty() { request } else { request.insert_header(("cookie", cookie)) }
}
