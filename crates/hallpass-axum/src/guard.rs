use crate::head;
use axum::extract::Request;
use axum::response::Response;
use hallpass_core::SessionSlot;
use hallpass_login::{Authenticator, Denied, Guard, HasRoles};
use hallpass_tower::{Admission, GateLayer, answer_into_response};

/// The layer of a guard: made by [`require_login`], [`require`], [`require_role`] and [`guard`].
pub type GuardLayer<C> = GateLayer<C, fn(Denied, &Request) -> Response>;

/// Lets only requests through whose user is logged in. For [`Router::route_layer`](axum::Router::route_layer), inside
/// the session layer.
///
/// Others get 401; browsers are sent to the login page, if the authenticator names one. Handlers behind the guard get
/// [`CurrentUser`](crate::CurrentUser) without another look-up.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use hallpass_axum::{SessionLayer, require_login};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let app: Router = Router::new()
///     .route("/orders", get(async || "your orders"))
///     .route_layer(require_login::<Users>())
///     .route("/", get(async || "welcome"))
///     .layer(SessionLayer::new(sessions).authenticator(users));
///
/// let response = app.clone().oneshot(Request::get("/orders").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 401);
/// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub fn require_login<A: Authenticator>() -> GuardLayer<impl Admission<Denied = Denied>> {
    guard(Guard::<A>::login())
}

/// Lets only users through whom `predicate` allows. Other users get 403; who is not logged in is answered as by
/// [`require_login`].
///
/// ```
/// use hallpass_axum::require;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// # let router = axum::Router::<()>::new().route("/", axum::routing::get(async || ()));
/// let router = router.route_layer(require::<Users>(|user| user.name.starts_with('a')));
/// # }
/// ```
pub fn require<A: Authenticator>(
    predicate: impl Fn(&A::User) -> bool + Send + Sync + 'static,
) -> GuardLayer<impl Admission<Denied = Denied>> {
    guard(Guard::<A>::when(predicate))
}

/// Lets only users through who have `role`; else as [`require`].
///
/// ```
/// use hallpass_axum::require_role;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// # let router = axum::Router::<()>::new().route("/", axum::routing::get(async || ()));
/// let router = router.route_layer(require_role::<Users>(Role::Admin));
/// # }
/// ```
pub fn require_role<A>(role: <A::User as HasRoles>::Role) -> GuardLayer<impl Admission<Denied = Denied>>
where
    A: Authenticator<User: HasRoles>,
{
    guard(Guard::<A>::role(role))
}

/// Lets only requests through that `guard` admits.
///
/// ```
/// use hallpass_axum::guard;
/// use hallpass_login::Guard;
/// use std::time::Duration;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// # let router = axum::Router::<()>::new().route("/", axum::routing::get(async || ()));
/// let recently = Guard::<Users>::login().recent(Duration::from_secs(600));
/// let router = router.route_layer(guard(recently));
/// # }
/// ```
pub fn guard<A: Authenticator>(guard: Guard<A>) -> GuardLayer<impl Admission<Denied = Denied>> {
    let admission = move |slot: Option<SessionSlot>| {
        let guard = guard.clone();
        async move { guard.admit(slot.as_ref()).await }
    };
    GateLayer::new(admission, refuse::<A>)
}

fn refuse<A: Authenticator>(denied: Denied, request: &Request) -> Response {
    let slot = head::slot(request.extensions());
    answer_into_response(denied.answer_for::<A>(slot, &head::of_request(request)))
}
