use crate::head;
use crate::rejection::Rejection;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};
use hallpass_core::Answer;
use hallpass_login::{Authenticator, LogoutEndpoint, find_authenticator};

/// The ready-made logout endpoint, for the users of the nearest layer that carries an `A`.
///
/// It takes requests of every method, and answers those that `endpoint` does not allow with 405.
///
/// ```
/// use axum::{Router, body::Body, http::Request};
/// use hallpass_axum::{LogoutEndpoint, SessionLayer, logout};
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
///     .route("/logout", logout::<Users, _>(LogoutEndpoint::new()))
///     .layer(SessionLayer::new(sessions).authenticator(users));
///
/// let response = app.clone().oneshot(Request::post("/logout").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// let response = app.oneshot(Request::get("/logout").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 405);
/// # Ok(())
/// # }
/// ```
pub fn logout<A, S>(endpoint: LogoutEndpoint) -> MethodRouter<S>
where
    A: Authenticator,
    S: Clone + Send + Sync + 'static,
{
    any(move |request: Request| async move { Rejection::from(answer::<A>(&endpoint, request).await) })
}

async fn answer<A: Authenticator>(endpoint: &LogoutEndpoint, request: Request) -> Answer {
    // The body plays no part, and a future that holds it could not be sent.
    let (parts, _) = request.into_parts();
    let head = head::of_parts(&parts);
    match find_authenticator::<A>(head::slot(&parts.extensions)) {
        Ok((slot, _)) => endpoint.answer(slot, &head).await,
        Err(denied) => denied.plain_answer(),
    }
}
