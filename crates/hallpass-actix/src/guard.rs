use crate::head::{self, HttpHead};
use crate::response::answer_into_response;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use hallpass_login::{Authenticator, Guard, HasRoles};
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

/// Lets only requests through whose user is logged in. For [`Scope::wrap`](actix_web::Scope::wrap) and
/// [`Resource::wrap`](actix_web::Resource::wrap), inside the session middleware.
///
/// Others get 401; browsers are sent to the login page, if the authenticator names one. Handlers behind the guard get
/// [`CurrentUser`](crate::CurrentUser) without another look-up. Around a scope it stands before every path that begins
/// with the scope's, also where there is no route: others learn nothing of what is there.
///
/// ```
/// use actix_web::test::{TestRequest, call_service, init_service};
/// use actix_web::{App, web};
/// use hallpass_actix::{SessionMiddleware, require_login};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let orders = web::scope("/orders")
///     .wrap(require_login::<Users>())
///     .route("", web::get().to(async || "your orders"));
/// let app = App::new()
///     .wrap(SessionMiddleware::new(sessions).authenticator(users))
///     .service(orders)
///     .route("/", web::get().to(async || "welcome"));
///
/// let app = init_service(app).await;
/// let response = call_service(&app, TestRequest::with_uri("/orders").to_request()).await;
/// assert_eq!(response.status(), 401);
/// let response = call_service(&app, TestRequest::with_uri("/").to_request()).await;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub fn require_login<A: Authenticator>() -> GuardMiddleware<A> {
    guard(Guard::login())
}

/// Lets only users through whom `predicate` allows. Other users get 403; who is not logged in is answered as by
/// [`require_login`].
///
/// ```
/// use actix_web::web;
/// use hallpass_actix::require;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let resource = web::resource("/a").wrap(require::<Users>(|user| user.name.starts_with('a')));
/// # let _ = actix_web::App::new().service(resource);
/// # }
/// ```
pub fn require<A: Authenticator>(
    predicate: impl Fn(&A::User) -> bool + Send + Sync + 'static,
) -> GuardMiddleware<A> {
    guard(Guard::when(predicate))
}

/// Lets only users through who have `role`; else as [`require`].
///
/// ```
/// use actix_web::web;
/// use hallpass_actix::require_role;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let scope = web::scope("/admin").wrap(require_role::<Users>(Role::Admin));
/// # let _ = actix_web::App::new().service(scope);
/// # }
/// ```
pub fn require_role<A>(role: <A::User as HasRoles>::Role) -> GuardMiddleware<A>
where
    A: Authenticator<User: HasRoles>,
{
    guard(Guard::role(role))
}

/// Lets only requests through that `guard` admits.
///
/// ```
/// use actix_web::web;
/// use hallpass_actix::{Guard, guard};
/// use std::time::Duration;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let recently = Guard::<Users>::login().recent(Duration::from_secs(600));
/// let scope = web::scope("/settings").wrap(guard(recently));
/// # let _ = actix_web::App::new().service(scope);
/// # }
/// ```
pub fn guard<A: Authenticator>(guard: Guard<A>) -> GuardMiddleware<A> {
    GuardMiddleware(guard)
}

/// A guard: made by [`require_login`], [`require`], [`require_role`] and [`guard`].
#[must_use = "a guard guards nothing until it is put around a scope or resource"]
pub struct GuardMiddleware<A: Authenticator>(Guard<A>);

impl<A: Authenticator> Clone for GuardMiddleware<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Authenticator> fmt::Debug for GuardMiddleware<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GuardMiddleware").field(&self.0).finish()
    }
}

impl<A, S, B> Transform<S, ServiceRequest> for GuardMiddleware<A>
where
    A: Authenticator,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = GuardService<A, S>;
    type InitError = ();
    type Future = Ready<Result<GuardService<A, S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(GuardService { inner: Rc::new(inner), guard: self.clone() }))
    }
}

/// A service behind a guard.
#[derive(Debug)]
pub struct GuardService<A: Authenticator, S> {
    inner: Rc<S>,
    guard: GuardMiddleware<A>,
}

impl<A, S, B> Service<ServiceRequest> for GuardService<A, S>
where
    A: Authenticator,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (inner, guard) = (Rc::clone(&self.inner), self.guard.0.clone());
        Box::pin(async move {
            let slot = head::slot(request.request());
            match guard.admit(slot.as_ref()).await {
                Ok(()) => inner.call(request).await.map(ServiceResponse::map_into_boxed_body),
                Err(denied) => {
                    let answer = denied.answer_for::<A>(slot.as_ref(), &HttpHead::from(request.request()));
                    Ok(request.into_response(answer_into_response(answer)))
                }
            }
        })
    }
}
