//! actix-session, with its default of encrypted cookies.

use super::id;
use super::memory_store::MemoryStore;
use crate::row::Row;
use actix_session::storage::SessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpRequest, HttpResponse, web};

pub(super) fn row() -> Row {
    row_over(MemoryStore::default())
}

pub(crate) fn row_over(store: impl SessionStore + Clone + Send + 'static) -> Row {
    let key = Key::generate();
    Row::actix("actix-session", async move || {
        let middleware = SessionMiddleware::new(store.clone(), key.clone());
        init_service(App::new().wrap(middleware).configure(routes)).await
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

async fn user(session: Session) -> actix_web::Result<HttpResponse> {
    let user: Option<u64> = session.get("user")?;
    Ok(if user.is_some() { HttpResponse::Ok() } else { HttpResponse::Unauthorized() }.finish())
}

async fn maybe(session: Session) -> actix_web::Result<HttpResponse> {
    let _user: Option<u64> = session.get("user")?;
    Ok(HttpResponse::Ok().finish())
}

pub(super) async fn write(session: Session) -> actix_web::Result<HttpResponse> {
    let count: Option<u64> = session.get("count")?;
    session.insert("count", count.unwrap_or(0) + 1)?;
    Ok(HttpResponse::Ok().finish())
}

pub(super) async fn values(session: Session) -> actix_web::Result<HttpResponse> {
    session.insert("name", "Ann")?;
    session.insert("theme", "dark")?;
    session.insert("cart", 3)?;
    Ok(HttpResponse::Ok().finish())
}

async fn log_in(session: Session, request: HttpRequest) -> actix_web::Result<HttpResponse> {
    session.renew();
    session.insert("user", id(request.uri().query()))?;
    Ok(HttpResponse::Ok().finish())
}

async fn log_out(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::Ok().finish()
}
