//! actix-identity, over actix-session with its defaults.

use super::actix_session::{values, write};
use super::id;
use super::memory_store::MemoryStore;
use crate::row::Row;
use actix_identity::{Identity, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_session::storage::SessionStore;
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, web};

pub(super) fn row() -> Row {
    row_over(MemoryStore::default())
}

pub(crate) fn row_over(store: impl SessionStore + Clone + Send + 'static) -> Row {
    let key = Key::generate();
    Row::actix("actix-identity", async move || {
        let sessions = SessionMiddleware::new(store.clone(), key.clone());
        let app = App::new().wrap(IdentityMiddleware::default()).wrap(sessions);
        init_service(app.configure(routes)).await
    })
    .sealed()
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/user", web::get().to(user))
        .route("/maybe", web::get().to(maybe))
        .route("/public", web::get().to(HttpResponse::Ok))
        .route("/write", web::post().to(write))
        .route("/values", web::post().to(values))
        .route("/login", web::post().to(log_in))
        .route("/logout", web::post().to(log_out));
}

async fn user(identity: Identity) -> actix_web::Result<HttpResponse> {
    let _id = identity.id()?;
    Ok(HttpResponse::Ok().finish())
}

async fn maybe(_identity: Option<Identity>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn log_in(request: HttpRequest) -> actix_web::Result<HttpResponse> {
    let id = id(request.uri().query()).to_string();
    Identity::login(&request.extensions(), id)?;
    Ok(HttpResponse::Ok().finish())
}

async fn log_out(identity: Identity) -> HttpResponse {
    identity.logout();
    HttpResponse::Ok().finish()
}
