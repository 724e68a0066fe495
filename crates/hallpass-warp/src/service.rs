use crate::denial::answer_denial;
use hallpass_tower::{SessionLayer, SessionService};
use http::Request;
use hyper::body::Body;
use std::convert::Infallible;
use std::error::Error;
use tower_layer::Layer;
use tower_service::Service;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

/// Makes a service of `routes`, with `layer` around it and denials answered.
///
/// ```
/// use hallpass_warp::{SessionLayer, current_user, service};
/// use warp::Filter;
/// # use hallpass_warp::Layer;
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let layer = SessionLayer::new(sessions).authenticator(Arc::new(Users::default()));
/// let account = || {
///     let route = warp::path!("account").and(current_user::<Users>());
///     route.map(|user: Arc<User>| format!("this is {}'s account", user.name))
/// };
///
/// // Wrong: nobody recovers the rejection, and warp makes a 500 of it.
/// let app = layer.layer(warp::service(account()));
/// # let request = || http::Request::get("/account").body(String::new());
/// # assert_eq!(app.oneshot(request()?).await?.status(), 500);
///
/// // Right: 401, or the login page.
/// let app = service(layer, account());
/// # assert_eq!(app.oneshot(request()?).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
///
/// An area with users of its own is one more layer around the result: `shop.layer(service(office, routes))`, with
/// [`Layer`](crate::Layer) in scope.
///
/// `routes` reject what they do not take. Routes that never do (`Error = Infallible`), because the last one takes
/// everything or a `recover` passes nothing on, leave nothing to recover here. They have to answer every
/// [`Denial`](crate::Denial) themselves, and are served as `layer.layer(warp::service(routes))`.
///
/// # Where it can be mounted
///
/// * Under [`serve`](crate::serve()), and any other server of tower services whose request body is `Sync`, as hyper's is.
///   axum's is not, so axum cannot mount routes of warp.
/// * Not under `warp::serve`: that takes filters, and a filter cannot carry the layer. Only that server sets
///   `warp::addr::remote()`, so it is `None`: use `warp::ext::optional::<Peer>()`.
/// * Not inside of another route: warp has one service, and a layer goes around all of it.
/// * Tests send requests to the service, by `tower::ServiceExt::oneshot`. `warp::test` calls the filters without the
///   layer, and gets 500.
pub fn service<F, B>(
    layer: SessionLayer,
    routes: F,
) -> SessionService<
    impl Service<Request<B>, Response = Response, Error = Infallible, Future: Send + 'static> + Clone,
>
where
    F: Filter<Error = Rejection> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
    B: Body + Send + Sync + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    layer.layer(warp::service(routes.recover(answer_denial)))
}
