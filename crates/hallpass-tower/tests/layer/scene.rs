//! What the tests of the layer have in common.

use hallpass_core::{
    Attempt, AuthLevel, CookiePolicy, LoginGrant, MemoryStore, Session, SessionManager, SessionSlot, Stamp,
    Subject,
};
use hallpass_testkit::FaultyStore;
use hallpass_tower::SessionLayer;
use http::{Request, Response, header};
use std::convert::Infallible;
use tower::{Layer, Service, ServiceExt, service_fn};

/// A text, and a session that a streaming body would hold.
#[derive(Debug, Default)]
pub(crate) struct Body(pub(crate) String, pub(crate) Option<Session>);

impl Body {
    pub(crate) fn streaming(session: Session) -> Self {
        Self(String::new(), Some(session))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(text, None)
    }
}

pub(crate) struct Scene {
    pub(crate) store: FaultyStore,
    pub(crate) manager: SessionManager,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(CookiePolicy::default())
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::with(CookiePolicy::builder().name(name).build().unwrap())
    }

    fn with(cookies: CookiePolicy) -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let manager = SessionManager::builder(store.clone()).cookies(cookies).build().unwrap();
        Self { store, manager }
    }

    pub(crate) fn layer(&self) -> SessionLayer {
        SessionLayer::new(self.manager.clone())
    }

    /// Logs user 42 in. The cookie to send from now on.
    pub(crate) async fn log_in(&self) -> String {
        let app = self.layer().layer(handler(async |slot: SessionSlot| {
            let session = slot.open().await.unwrap();
            session.log_in(grant(slot.manager()).await).unwrap();
            Response::new(Body::default())
        }));
        let lines = cookies(&call(&app, get("")).await);
        lines[0].split(';').next().unwrap().to_owned()
    }

    /// Who is logged in with this cookie.
    pub(crate) async fn subject(&self, cookie: &str) -> Option<String> {
        let app = self.layer().layer(handler(async |slot: SessionSlot| {
            let subject = slot.open().await.unwrap().subject();
            let text = subject.map(|subject| subject.as_str().to_owned());
            Response::new(Body::from(text.unwrap_or_default()))
        }));
        Some(call(&app, get(cookie)).await.into_body().0).filter(|text| !text.is_empty())
    }
}

async fn grant(manager: &SessionManager) -> LoginGrant {
    let subject = manager.subject_key(Subject::from(42_u32));
    LoginGrant {
        ticket: manager.ticket(&subject).await.unwrap(),
        subject,
        stamp: Stamp::from(1_u64),
        level: AuthLevel::Full,
        remembered: false,
        client: Default::default(),
        limit: manager.policy().session_limit(),
        attempt: Attempt::default(),
    }
}

/// A service that answers with what `answer` makes of the innermost slot.
pub(crate) fn handler<A, F>(
    answer: A,
) -> impl Service<Request<()>, Response = Response<Body>, Error = Infallible> + Clone
where
    A: Fn(SessionSlot) -> F + Clone,
    F: Future<Output = Response<Body>>,
{
    service_fn(move |request: Request<()>| {
        let slot = request.extensions().get::<SessionSlot>().expect("a layer is around");
        let answer = answer(slot.clone());
        async move { Ok(answer.await) }
    })
}

pub(crate) async fn call<S>(app: &S, request: Request<()>) -> Response<Body>
where
    S: Service<Request<()>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let Ok(response) = app.clone().oneshot(request).await;
    response
}

pub(crate) fn get(cookie: &str) -> Request<()> {
    let request = Request::get("/");
    let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
    request.body(()).unwrap()
}

pub(crate) fn cookies(response: &Response<Body>) -> Vec<String> {
    let lines = response.headers().get_all(header::SET_COOKIE).iter();
    lines.map(|line| line.to_str().unwrap().to_owned()).collect()
}
