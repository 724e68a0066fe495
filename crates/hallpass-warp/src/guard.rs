use crate::denial::{answer_denial, asked};
use hallpass_core::SessionSlot;
use hallpass_login::{Authenticator, Guard, HasRoles};
use warp::{Filter, Rejection, Reply};

/// Lets only requests through to `routes` whose user is logged in, and answers the others by itself: 401, or the login
/// page for a browser, if the authenticator names one.
///
/// Handlers behind the guard get [`current_user`](crate::current_user) without another look-up.
///
/// It answers every request that comes to it, whether or not a route inside would have taken it. So it belongs behind a
/// path, or last:
///
/// ```
/// use hallpass_warp::{SessionLayer, require_login, service};
/// use warp::Filter;
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let layer = SessionLayer::new(sessions).authenticator(Arc::new(Users::default()));
/// # let get = |path| http::Request::get(path).body(String::new());
/// let home = || warp::path::end().map(|| "welcome");
///
/// // Wrong: nobody gets to the home page without a login.
/// let orders = warp::path!("orders").map(|| "your orders");
/// let app = service(layer.clone(), require_login::<Users>(orders).or(home()));
/// # assert_eq!(app.oneshot(get("/")?).await?.status(), 401);
///
/// // Right: only what is below the path needs one.
/// let list = warp::path::end().map(|| "your orders");
/// let orders = warp::path("orders").and(require_login::<Users>(list));
/// let app = service(layer, orders.or(home()));
/// # assert_eq!(app.clone().oneshot(get("/")?).await?.status(), 200);
/// # assert_eq!(app.oneshot(get("/orders")?).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
pub fn require_login<A: Authenticator>(
    routes: impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    guard(Guard::<A>::login(), routes)
}

/// Lets only users through to `routes` whom `predicate` allows. Other users get 403; who is not logged in is answered as
/// by [`require_login`].
///
/// ```
/// use hallpass_warp::require;
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let beta = warp::path!("try" / "it").map(|| "nothing works yet");
/// let beta = warp::path("beta").and(require::<Users>(|user| user.name.starts_with('a'), beta));
/// # let _ = beta;
/// # }
/// ```
pub fn require<A: Authenticator>(
    predicate: impl Fn(&A::User) -> bool + Send + Sync + 'static,
    routes: impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    guard(Guard::<A>::when(predicate), routes)
}

/// Lets only users through to `routes` who have `role`; else as [`require`].
///
/// ```
/// use hallpass_warp::require_role;
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let reports = warp::path!("reports").map(|| "all is well");
/// let admin = warp::path("admin").and(require_role::<Users>(Role::Admin, reports));
/// # let _ = admin;
/// # }
/// ```
pub fn require_role<A: Authenticator<User: HasRoles>>(
    role: <A::User as HasRoles>::Role,
    routes: impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    guard(Guard::<A>::role(role), routes)
}

/// Lets only requests through to `routes` that `guard` admits.
///
/// ```
/// use hallpass_warp::{Guard, guard};
/// use std::time::Duration;
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let recently = Guard::<Users>::login().recent(Duration::from_secs(600));
/// let close = warp::path!("close").map(|| "your account is closed");
/// let account = warp::path("account").and(guard(recently, close));
/// # let _ = account;
/// # }
/// ```
pub fn guard<A: Authenticator>(
    guard: Guard<A>,
    routes: impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    admit(guard).and(routes).recover(answer_denial)
}

/// Goes on with requests that `guard` admits, and rejects others with a [`Denial`](crate::Denial): a guard for one route
/// with parameters in its path.
///
/// ```
/// use hallpass_warp::{Guard, admit};
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let order = warp::path!("orders" / u64).and(admit(Guard::<Users>::role(Role::Clerk)));
/// let order = order.map(|number| format!("order {number}"));
/// # let _ = order;
/// # }
/// ```
pub fn admit<A: Authenticator>(guard: Guard<A>) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let ask = move |slot: Option<SessionSlot>| {
        let guard = guard.clone();
        async move { guard.admit(slot.as_ref()).await }
    };
    asked::<A, (), _, _>(ask).untuple_one()
}
