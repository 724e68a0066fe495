use crate::head;
use crate::rejection::Rejection;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use hallpass_login::{Authenticator, Denied, find_recent_user};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// The user who is logged in where the nearest layer carries an `A` and gave the credentials within the last `SECONDS`
/// seconds, or a 401: for what a session left open must not do (ASVS 7.5.1, 7.5.3).
///
/// It is what [`Guard::recent`](crate::Guard::recent) lets in, for one handler. A login counts, and so does a
/// re-authentication, also of a login that is remembered. Programs whose login is older get
/// `reauthentication_required`, and browsers are sent to the authenticator's
/// [`reauthentication_path`](crate::Authenticator::reauthentication_path). The store is asked once more, past every
/// cache, whether the session still lives. As an `Option` it is `None` while nobody is logged in, and while the login
/// is older.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::post};
/// use hallpass_axum::{RecentLogin, SessionLayer};
/// # use axum::http::Response;
/// # use hallpass_axum::{Login, Rejection};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use hallpass_testkit::FakeClock;
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// #
/// # async fn log_in(login: Login<Users>, body: String) -> Result<(), Rejection> {
/// #     let authenticated = login.authenticate(Pin(body)).await?;
/// #     Ok(login.log_in(authenticated)?)
/// # }
///
/// async fn close_account(user: RecentLogin<Users, 600>) -> String {
///     format!("{}'s account is closed", user.name)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (clock, users) = (FakeClock::new(), Arc::new(Users::default()));
/// # let sessions = SessionManager::builder(MemoryStore::new()).clock(clock.clone()).build()?;
/// let app: Router = Router::new()
/// #     .route("/login", post(log_in))
///     .route("/close", post(close_account))
///     .layer(SessionLayer::new(sessions).authenticator(users));
/// # let logged_in = app.clone().oneshot(Request::post("/login").body(Body::from("ada:1815"))?).await?;
/// # let cookie = logged_in.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
/// # let close = || Request::post("/close").header("cookie", cookie).body(Body::empty());
///
/// // Ten minutes after the login, and a second later.
/// clock.advance(Duration::from_secs(600));
/// assert_eq!(app.clone().oneshot(close()?).await?.status(), 200);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(app.oneshot(close()?).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
///
/// No login is as recent as that, so it does not compile:
///
/// ```compile_fail,E0080
/// # use hallpass_axum::RecentLogin;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// # fn main() {
/// let close = axum::routing::post(async |user: RecentLogin<Users, 0>| user.name.clone());
/// # let _ = axum::Router::<()>::new().route("/", close);
/// # }
/// ```
pub struct RecentLogin<A: Authenticator, const SECONDS: u64>(Arc<A::User>);

impl<A: Authenticator, const SECONDS: u64> RecentLogin<A, SECONDS> {
    const SPAN: Duration = {
        assert!(SECONDS > 0, "no login is as recent as zero seconds");
        Duration::from_secs(SECONDS)
    };

    /// The user, shared with the rest of the request.
    #[must_use]
    pub fn into_inner(self) -> Arc<A::User> {
        self.0
    }

    async fn find(parts: &Parts) -> Result<Self, Denied> {
        find_recent_user::<A>(head::slot(&parts.extensions), Self::SPAN).await.map(Self)
    }
}

impl<A: Authenticator, const SECONDS: u64> Deref for RecentLogin<A, SECONDS> {
    type Target = A::User;

    fn deref(&self) -> &A::User {
        &self.0
    }
}

impl<A: Authenticator<User: fmt::Debug>, const SECONDS: u64> fmt::Debug for RecentLogin<A, SECONDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecentLogin").field(&self.0).finish()
    }
}

impl<A: Authenticator, const SECONDS: u64, S: Send + Sync> FromRequestParts<S> for RecentLogin<A, SECONDS> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        Self::find(parts).await.map_err(|denied| Rejection::of::<A>(denied, parts))
    }
}

impl<A: Authenticator, const SECONDS: u64, S: Send + Sync> OptionalFromRequestParts<S>
    for RecentLogin<A, SECONDS>
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Rejection> {
        match Self::find(parts).await {
            Ok(login) => Ok(Some(login)),
            Err(Denied::NotLoggedIn | Denied::NotRecent) => Ok(None),
            Err(denied) => Err(Rejection::of::<A>(denied, parts)),
        }
    }
}
