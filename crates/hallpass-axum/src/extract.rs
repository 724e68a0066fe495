use crate::head;
use crate::rejection::Rejection;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use hallpass_core::Subject;
use hallpass_login::{Authenticator, Denied, find_subject, find_user, require_slot};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// The session of the innermost layer, opened: a visitor's or a login's, or none yet.
///
/// As an `Option` it is `None` while there is none yet; a session that could not be opened stays an error.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use hallpass_axum::{Rejection, Session, SessionLayer};
/// use hallpass_core::{MemoryStore, SessionManager};
/// use tower::ServiceExt;
///
/// async fn visits(session: Session) -> Result<String, Rejection> {
///     let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let app: Router = Router::new().route("/", get(visits)).layer(SessionLayer::new(sessions));
///
/// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// assert!(response.headers().contains_key("set-cookie"));
/// # Ok(())
/// # }
/// ```
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

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let slot = require_slot(head::slot(&parts.extensions))?;
        let session = slot.open().await?;
        if slot.is_visit() {
            slot.observe_address(&head::of_parts(parts));
        }
        Ok(Self(session))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let session = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Some(session).filter(|session| session.handle().is_some()))
    }
}

/// Logging in and out, for the users of the nearest layer that carries an `A`.
///
/// As an `Option` it is `None` while nobody is logged in.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::post};
/// use hallpass_axum::{Login, Rejection, SessionLayer};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn log_in(login: Login<Users>, body: String) -> Result<String, Rejection> {
///     let authenticated = login.authenticate(Pin(body)).await?;
///     let name = authenticated.user().name.clone();
///     login.log_in(authenticated)?;
///     Ok(format!("welcome, {name}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let layer = SessionLayer::new(sessions).authenticator(users);
/// let app: Router = Router::new().route("/login", post(log_in)).layer(layer);
///
/// let response = app.clone().oneshot(Request::post("/login").body(Body::from("wrong"))?).await?;
/// assert_eq!(response.status(), 401);
/// let response = app.oneshot(Request::post("/login").body(Body::from("ada:1815"))?).await?;
/// assert_eq!(response.status(), 200);
/// assert!(response.headers()["set-cookie"].to_str()?.starts_with("__Host-id="));
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

impl<A: Authenticator, S: Send + Sync> FromRequestParts<S> for Login<A> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let slot = head::slot(&parts.extensions);
        let opened = hallpass_login::Login::open(slot, &head::of_parts(parts)).await;
        opened.map(Self).map_err(|denied| Rejection::of::<A>(denied, parts))
    }
}

impl<A: Authenticator, S: Send + Sync> OptionalFromRequestParts<S> for Login<A> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let login = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Some(login).filter(|login| login.session().subject().is_some()))
    }
}

/// The user who is logged in where the nearest layer carries an `A`, or a 401.
///
/// The user is asked for once a request, must still exist and be enabled, and have the stamp of the login. As an
/// `Option` it is `None` only while nobody is logged in.
///
/// ```
/// use hallpass_axum::CurrentUser;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn greet(user: CurrentUser<Users>) -> String {
///     format!("hello, {}", user.name)
/// }
///
/// async fn greet_anybody(user: Option<CurrentUser<Users>>) -> String {
///     user.map_or("hello, stranger".to_owned(), |user| format!("hello, {}", user.name))
/// }
/// # fn main() {
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(greet).post(greet_anybody));
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

impl<A: Authenticator, S: Send + Sync> FromRequestParts<S> for CurrentUser<A> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let user = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        user.ok_or_else(|| Rejection::of::<A>(Denied::NotLoggedIn, parts))
    }
}

impl<A: Authenticator, S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser<A> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Rejection> {
        match find_user::<A>(head::slot(&parts.extensions)).await {
            Ok(user) => Ok(user.map(Self)),
            Err(denied) => Err(Rejection::of::<A>(denied, parts)),
        }
    }
}

/// Who is logged in where the nearest layer carries an `A`, without asking for the user, or a 401.
///
/// It costs no look-up of the user, and so sees an account that was disabled or whose password was changed only
/// through the library's own calls that end sessions. As an `Option` it is `None` only while nobody is logged in.
///
/// ```
/// use hallpass_axum::CurrentSubject;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn orders(subject: CurrentSubject<Users>) -> String {
///     format!("orders of user {}", subject.as_str())
/// }
/// # fn main() {
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(orders));
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

impl<A: Authenticator, S: Send + Sync> FromRequestParts<S> for CurrentSubject<A> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let subject = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        subject.ok_or_else(|| Rejection::of::<A>(Denied::NotLoggedIn, parts))
    }
}

impl<A: Authenticator, S: Send + Sync> OptionalFromRequestParts<S> for CurrentSubject<A> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Rejection> {
        match find_subject::<A>(head::slot(&parts.extensions)).await {
            Ok(subject) => Ok(subject.map(|subject| Self { subject, area: PhantomData })),
            Err(denied) => Err(Rejection::of::<A>(denied, parts)),
        }
    }
}
