use crate::extract::Extract;
use crate::head::HttpHead;
use hallpass_core::{Answer, SessionSlot};
use hallpass_login::{Authenticator, Denied, find_recent_user};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// The user who is logged in where the nearest middleware carries an `A` and gave the credentials within the last
/// `SECONDS` seconds, or a 401: for what a session left open must not do (ASVS 7.5.1, 7.5.3).
///
/// It is what [`Guard::recent`](crate::Guard::recent) lets in, for one handler. A login counts, and so does a
/// re-authentication, also of a login that is remembered. Programs whose login is older get
/// `reauthentication_required`, and browsers are sent to the authenticator's
/// [`reauthentication_path`](crate::Authenticator::reauthentication_path). The store is asked once more, past every
/// cache, whether the session still lives. As a [`Maybe`](crate::Maybe) it is `None` while nobody is logged in, and
/// while the login is older.
///
/// ```
/// use actix_web::test::{TestRequest, call_service, init_service};
/// use actix_web::{App, web};
/// use hallpass_actix::{RecentLogin, SessionMiddleware};
/// # use hallpass_actix::{Login, Rejection};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use hallpass_testkit::FakeClock;
/// # use std::sync::Arc;
/// # use std::time::Duration;
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
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (clock, users) = (FakeClock::new(), Arc::new(Users::default()));
/// # let sessions = SessionManager::builder(MemoryStore::new()).clock(clock.clone()).build()?;
/// let app = App::new()
///     .wrap(SessionMiddleware::new(sessions).authenticator(users))
/// #     .route("/login", web::post().to(log_in))
///     .route("/close", web::post().to(close_account));
/// # let app = init_service(app).await;
/// # let log_in = TestRequest::post().uri("/login").set_payload("ada:1815").to_request();
/// # let logged_in = call_service(&app, log_in).await;
/// # let cookie = logged_in.headers().get("set-cookie").unwrap().to_str()?.split(';').next().unwrap_or_default();
/// # let close = || TestRequest::post().uri("/close").insert_header(("cookie", cookie)).to_request();
///
/// // Ten minutes after the login, and a second later.
/// clock.advance(Duration::from_secs(600));
/// assert_eq!(call_service(&app, close()).await.status(), 200);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(call_service(&app, close()).await.status(), 401);
/// # Ok(())
/// # }
/// ```
///
/// No login is as recent as that, so it does not compile:
///
/// ```compile_fail,E0080
/// # use hallpass_actix::RecentLogin;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// # fn main() {
/// let close = actix_web::web::post().to(async |user: RecentLogin<Users, 0>| user.name.clone());
/// # let _ = close;
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

impl<A: Authenticator, const SECONDS: u64> Extract for RecentLogin<A, SECONDS> {
    async fn extract(slot: Option<&SessionSlot>, _: &HttpHead<'_>) -> Result<Self, Denied> {
        find_recent_user::<A>(slot, Self::SPAN).await.map(Self)
    }

    fn answer(denied: Denied, slot: Option<&SessionSlot>, head: &HttpHead<'_>) -> Answer {
        denied.answer_for::<A>(slot, head)
    }
}
