use crate::head::{self, HttpHead};
use crate::recent::RecentLogin;
use crate::rejection::Rejection;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use hallpass_core::{Answer, SessionSlot, Subject};
use hallpass_login::{Authenticator, Denied, find_subject, find_user, require_slot};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

/// The session of the innermost middleware, opened: a visitor's or a login's, or none yet.
///
/// ```
/// use actix_web::test::{TestRequest, call_service, init_service};
/// use actix_web::{App, web};
/// use hallpass_actix::{Rejection, Session, SessionMiddleware};
/// use hallpass_core::{MemoryStore, SessionManager};
///
/// async fn visits(session: Session) -> Result<String, Rejection> {
///     let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let app = App::new().wrap(SessionMiddleware::new(sessions)).route("/", web::get().to(visits));
///
/// let response = call_service(&init_service(app).await, TestRequest::get().to_request()).await;
/// assert_eq!(response.status(), 200);
/// assert!(response.headers().contains_key("set-cookie"));
/// # Ok(())
/// # }
/// ```
///
/// [`until_logged_out`](crate::until_logged_out) ends a streamed body or an event stream as soon as its session ends,
/// wherever and for whatever reason:
///
/// ```
/// use actix_web::web::Bytes;
/// use actix_web::{Error, HttpResponse};
/// use futures_core::Stream;
/// use hallpass_actix::{Session, until_logged_out};
///
/// fn live(session: Session, prices: impl Stream<Item = Result<Bytes, Error>> + 'static) -> HttpResponse {
///     let last = |reason| Ok(Bytes::from(format!("event: logged_out\ndata: {reason}\n\n")));
///     let events = until_logged_out(&session, prices).ending_with(last);
///     HttpResponse::Ok().content_type("text/event-stream").streaming(events)
/// }
/// ```
///
/// With the feature `ws`, `ws::WebSocketUpgrade` does the same for WebSockets.
#[derive(Debug)]
pub struct Session(hallpass_core::Session);

impl Session {
    /// The session itself, to be cloned or moved into a task.
    #[must_use]
    pub fn into_inner(self) -> hallpass_core::Session {
        self.0
    }
}

impl Deref for Session {
    type Target = hallpass_core::Session;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Extract for Session {
    async fn extract(slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Result<Self, Denied> {
        let slot = require_slot(slot)?;
        let session = slot.open().await?;
        if slot.is_visit() {
            slot.observe_address(head);
        }
        Ok(Self(session))
    }

    fn is_there(&self) -> bool {
        self.handle().is_some()
    }
}

/// Logging in and out, for the users of the nearest middleware that carries an `A`.
///
/// ```
/// use actix_web::test::{TestRequest, call_service, init_service};
/// use actix_web::{App, web};
/// use hallpass_actix::{Login, Rejection, SessionMiddleware};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn log_in(login: Login<Users>, body: String) -> Result<String, Rejection> {
///     let authenticated = login.authenticate(Pin(body)).await?;
///     let name = authenticated.user().name.clone();
///     login.log_in(authenticated)?;
///     Ok(format!("welcome, {name}"))
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let middleware = SessionMiddleware::new(sessions).authenticator(users);
/// let app = init_service(App::new().wrap(middleware).route("/login", web::post().to(log_in))).await;
///
/// let log_in = |typed: &'static str| TestRequest::post().uri("/login").set_payload(typed).to_request();
/// let response = call_service(&app, log_in("wrong")).await;
/// assert_eq!(response.status(), 401);
/// let response = call_service(&app, log_in("ada:1815")).await;
/// assert_eq!(response.status(), 200);
/// assert!(response.headers().get("set-cookie").unwrap().to_str()?.starts_with("__Host-id="));
/// # Ok(())
/// # }
/// ```
pub struct Login<A>(hallpass_login::Login<A>);

impl<A> Login<A> {
    /// The login itself, to be cloned or moved into a task.
    #[must_use]
    pub fn into_inner(self) -> hallpass_login::Login<A> {
        self.0
    }
}

impl<A> Deref for Login<A> {
    type Target = hallpass_login::Login<A>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A> fmt::Debug for Login<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: Authenticator> Extract for Login<A> {
    async fn extract(slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Result<Self, Denied> {
        hallpass_login::Login::open(slot, head).await.map(Self)
    }

    fn answer(denied: Denied, slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Answer {
        denied.answer_for::<A>(slot, head)
    }

    fn is_there(&self) -> bool {
        self.session().subject().is_some()
    }
}

/// The user who is logged in where the nearest middleware carries an `A`, or a 401.
///
/// The user is asked for once a request, must still exist and be enabled, and have the stamp of the login.
///
/// ```
/// use hallpass_actix::{CurrentUser, Maybe};
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn greet(user: CurrentUser<Users>) -> String {
///     format!("hello, {}", user.name)
/// }
///
/// async fn greet_anybody(Maybe(user): Maybe<CurrentUser<Users>>) -> String {
///     user.map_or("hello, stranger".to_owned(), |user| format!("hello, {}", user.name))
/// }
/// # fn main() {
/// # let _ = [actix_web::web::get().to(greet), actix_web::web::post().to(greet_anybody)];
/// # }
/// ```
pub struct CurrentUser<A: Authenticator>(Arc<A::User>);

impl<A: Authenticator> CurrentUser<A> {
    /// The user, shared with the rest of the request.
    #[must_use]
    pub fn into_inner(self) -> Arc<A::User> {
        self.0
    }
}

impl<A: Authenticator> Deref for CurrentUser<A> {
    type Target = A::User;

    fn deref(&self) -> &A::User {
        &self.0
    }
}

impl<A: Authenticator<User: fmt::Debug>> fmt::Debug for CurrentUser<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentUser").field(&self.0).finish()
    }
}

impl<A: Authenticator> Extract for CurrentUser<A> {
    async fn extract(slot: Option<&SessionSlot>, _: &HttpHead<'_>) -> Result<Self, Denied> {
        find_user::<A>(slot).await?.map(Self).ok_or(Denied::NotLoggedIn)
    }

    fn answer(denied: Denied, slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Answer {
        denied.answer_for::<A>(slot, head)
    }
}

/// Who is logged in where the nearest middleware carries an `A`, without asking for the user, or a 401.
///
/// It costs no look-up of the user, and so sees an account that was disabled or whose password was changed only
/// through the library's own calls that end sessions.
///
/// ```
/// use hallpass_actix::CurrentSubject;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn orders(subject: CurrentSubject<Users>) -> String {
///     format!("orders of user {}", subject.as_str())
/// }
/// # fn main() {
/// # let _ = actix_web::web::get().to(orders);
/// # }
/// ```
pub struct CurrentSubject<A> {
    subject: Subject,
    area: PhantomData<fn() -> A>,
}

impl<A> CurrentSubject<A> {
    /// The subject.
    #[must_use]
    pub fn into_inner(self) -> Subject {
        self.subject
    }
}

impl<A> Deref for CurrentSubject<A> {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.subject
    }
}

impl<A> fmt::Debug for CurrentSubject<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentSubject").field(&self.subject).finish()
    }
}

impl<A: Authenticator> Extract for CurrentSubject<A> {
    async fn extract(slot: Option<&SessionSlot>, _: &HttpHead<'_>) -> Result<Self, Denied> {
        let subject = find_subject::<A>(slot).await?.ok_or(Denied::NotLoggedIn)?;
        Ok(Self { subject, area: PhantomData })
    }

    fn answer(denied: Denied, slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Answer {
        denied.answer_for::<A>(slot, head)
    }
}

/// One of this crate's extractors, or `None` where there is nothing to extract: nobody is logged in, for [`Session`]
/// there is none yet, or for [`RecentLogin`] the login is older. Everything else stays an error.
///
/// actix-web's own `Option<T>` and `Result<T, _>` extract too, but hide every error from everybody but the handler. So
/// the middleware answers in place of a handler that got one: 503 when store or users could not be asked, 403 for
/// another site's request, 500 without an authenticator. It cannot where it was forgotten itself: an `Option` is then
/// `None`, and only the log tells; this is a 500. And an `Option<Session>` or `Option<Login<A>>` is `Some` for everybody,
/// since these can be had without a login.
///
/// ```
/// use actix_web::test::{TestRequest, call_and_read_body, init_service};
/// use actix_web::{App, web};
/// use hallpass_actix::{CurrentUser, Maybe, SessionMiddleware};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn home(Maybe(user): Maybe<CurrentUser<Users>>) -> &'static str {
///     if user.is_some() { "your orders" } else { "please log in" }
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let app = App::new().wrap(SessionMiddleware::new(sessions).authenticator(users)).route("/", web::get().to(home));
/// let app = init_service(app).await;
/// assert_eq!(call_and_read_body(&app, TestRequest::get().to_request()).await, "please log in");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Maybe<T>(pub Option<T>);

/// How a value is extracted; the implementations of [`FromRequest`] below are made of it.
pub(crate) trait Extract: Sized + 'static {
    async fn extract(slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Result<Self, Denied>;

    fn is_there(&self) -> bool {
        true
    }

    fn answer(denied: Denied, _: Option<&SessionSlot>, _: &HttpHead<'_>) -> Answer {
        denied.plain_answer()
    }
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Rejection>>>>;

macro_rules! extractors {
    ($([$($generics:tt)*] $extractor:ty;)+) => {$(
        impl<$($generics)*> FromRequest for $extractor {
            type Error = Rejection;
            type Future = Extracting<Self>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Extracting<Self> {
                extract(request, |extracted| extracted)
            }
        }

        impl<$($generics)*> FromRequest for Maybe<$extractor> {
            type Error = Rejection;
            type Future = Extracting<Self>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Extracting<Self> {
                extract(request, |extracted: Result<$extractor, Denied>| match extracted {
                    Ok(extracted) => Ok(Self(Some(extracted).filter(Extract::is_there))),
                    Err(Denied::NotLoggedIn | Denied::NotRecent) => Ok(Self(None)),
                    Err(denied) => Err(denied),
                })
            }
        }
    )+};
}

extractors! {
    [] Session;
    [A: Authenticator] Login<A>;
    [A: Authenticator] CurrentUser<A>;
    [A: Authenticator] CurrentSubject<A>;
    [A: Authenticator, const SECONDS: u64] RecentLogin<A, SECONDS>;
}

/// The clone of the request goes with the future, before the handler begins.
fn extract<T: Extract, U: 'static>(
    request: &HttpRequest,
    into: fn(Result<T, Denied>) -> Result<U, Denied>,
) -> Extracting<U> {
    let request = request.clone();
    Box::pin(async move {
        let (slot, head) = (head::slot(&request), HttpHead::from(&request));
        into(T::extract(slot.as_ref(), &head).await).map_err(|denied| {
            insist(denied, slot.as_ref());
            Rejection::from(T::answer(denied, slot.as_ref(), &head))
        })
    })
}

/// An `Option` hides from actix-web why it is `None`. Only that nobody is logged in, or not recently, is the handler's own
/// affair, and that the users could not be asked is on the slot already.
fn insist(denied: Denied, slot: Option<&SessionSlot>) {
    if let (Denied::Open(_) | Denied::Misconfigured, Some(slot)) = (denied, slot) {
        slot.insist(denied.refusal());
    }
}
