use crate::denial::Denial;
use crate::head::{Seen, seen};
use hallpass_login::{Authenticator, LogoutEndpoint, find_authenticator};
use std::convert::Infallible;
use warp::{Filter, Reply};

/// The ready-made logout endpoint, for the users of the nearest layer that carries an `A`.
///
/// It takes requests of every method, and answers those that `endpoint` does not allow with 405.
///
/// ```
/// use hallpass_warp::{LogoutEndpoint, SessionLayer, logout, service};
/// use warp::Filter;
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let layer = SessionLayer::new(sessions).authenticator(users);
/// let app = service(layer, warp::path!("logout").and(logout::<Users>(LogoutEndpoint::new())));
///
/// let response = app.clone().oneshot(http::Request::post("/logout").body(String::new())?).await?;
/// assert_eq!(response.status(), 200);
/// let response = app.oneshot(http::Request::get("/logout").body(String::new())?).await?;
/// assert_eq!(response.status(), 405);
/// # Ok(())
/// # }
/// ```
pub fn logout<A: Authenticator>(
    endpoint: LogoutEndpoint,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    seen().then(move |seen| answer::<A>(endpoint.clone(), seen))
}

async fn answer<A: Authenticator>(endpoint: LogoutEndpoint, seen: Seen) -> Denial {
    match find_authenticator::<A>(seen.slot()) {
        Ok((slot, _)) => endpoint.answer(slot, &seen.head()).await.into(),
        Err(denied) => denied.into(),
    }
}
