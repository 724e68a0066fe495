use crate::head::{self, HttpHead};
use crate::response::answer_into_response;
use actix_web::{HttpRequest, Route, web};
use hallpass_core::Answer;
use hallpass_login::{Authenticator, LogoutEndpoint, find_authenticator};

/// The ready-made logout endpoint, for the users of the nearest middleware that carries an `A`.
///
/// It takes requests of every method, and answers those that `endpoint` does not allow with 405.
///
/// ```
/// use actix_web::App;
/// use actix_web::test::{TestRequest, call_service, init_service};
/// use hallpass_actix::{LogoutEndpoint, SessionMiddleware, logout};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let app = App::new()
///     .wrap(SessionMiddleware::new(sessions).authenticator(users))
///     .route("/logout", logout::<Users>(LogoutEndpoint::new()));
///
/// let app = init_service(app).await;
/// let response = call_service(&app, TestRequest::post().uri("/logout").to_request()).await;
/// assert_eq!(response.status(), 200);
/// let response = call_service(&app, TestRequest::get().uri("/logout").to_request()).await;
/// assert_eq!(response.status(), 405);
/// # Ok(())
/// # }
/// ```
pub fn logout<A: Authenticator>(endpoint: LogoutEndpoint) -> Route {
    web::route().to(move |request: HttpRequest| {
        let endpoint = endpoint.clone();
        async move { answer_into_response(answer::<A>(&endpoint, &request).await) }
    })
}

async fn answer<A: Authenticator>(endpoint: &LogoutEndpoint, request: &HttpRequest) -> Answer {
    match find_authenticator::<A>(head::slot(request).as_ref()) {
        Ok((slot, _)) => endpoint.answer(slot, &HttpHead::from(request)).await,
        Err(denied) => denied.plain_answer(),
    }
}
