//! actix-web.

use crate::contender::{Call, Contender, HOST};
use crate::cookies;
use crate::drive::ready;
use crate::trial::{Entry, Prepared};
use crate::users::{self, Users};
use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use hallpass_actix::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, Maybe, Rejection, Session, SessionMiddleware, logout,
    require_login,
};
use hallpass_core::SessionManager;
use http::{HeaderValue, Method, StatusCode};
use std::fmt;
use std::sync::Arc;

/// The applications: without sessions, with a middleware that does nothing, and with ours.
pub const ENTRIES: [Entry; 3] = [
    Entry::new("actix/bare", |name, users| Box::new(Prepared::without_sessions(name, bare(), users))),
    Entry::new("actix/nothing", |name, users| Box::new(Prepared::without_sessions(name, nothing(), users))),
    Entry::new("actix/hallpass", |name, users| {
        Box::new(Prepared::with_sessions(name, hallpass(users::sessions()), users))
    }),
];

/// The routes without any session: what the framework itself costs.
pub fn bare() -> Actix<impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error>> {
    Actix(ready(init_service(App::new().configure(bare_routes))))
}

/// [`bare`] in a middleware that does nothing.
pub fn nothing() -> Actix<impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error>>
{
    let pass_on = |request, service: &_| Service::call(service, request);
    Actix(ready(init_service(App::new().wrap_fn(pass_on).configure(bare_routes))))
}

/// The routes with sessions.
pub fn hallpass(
    sessions: SessionManager,
) -> Actix<impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error>> {
    let middleware = SessionMiddleware::new(sessions).authenticator(Arc::new(Users));
    Actix(ready(init_service(App::new().wrap(middleware).configure(routes))))
}

/// An application of actix-web: what [`init_service`] gives.
pub struct Actix<S>(pub S);

impl<S> fmt::Debug for Actix<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Actix")
    }
}

impl<S, B> Contender for Actix<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Request = Request;
    type Response = ServiceResponse<B>;

    fn request(&self, call: &Call<'_>) -> Request {
        let request = if call.method == Method::POST { TestRequest::post() } else { TestRequest::get() };
        let mut request = request.uri(call.path).insert_header((header::HOST, HOST));
        for (name, value) in call.headers {
            request = request.insert_header((*name, header::HeaderValue::from_static(value)));
        }
        if let Some(cookie) = call.cookie {
            request = request.insert_header((header::COOKIE, cookie.as_bytes()));
        }
        request.to_request()
    }

    fn answer(&mut self, request: Request) -> ServiceResponse<B> {
        ready(self.0.call(request)).expect("errors have become answers")
    }

    fn status(response: &ServiceResponse<B>) -> StatusCode {
        StatusCode::from_u16(response.status().as_u16()).expect("both have the same codes")
    }

    fn cookie(response: &ServiceResponse<B>) -> Option<HeaderValue> {
        let lines = response.headers().get_all(header::SET_COOKIE);
        cookies::sent_back(lines.map(header::HeaderValue::as_bytes))
    }
}

fn bare_routes(config: &mut web::ServiceConfig) {
    for path in ["/user", "/subject", "/guarded", "/maybe", "/public"] {
        config.route(path, web::get().to(ok));
    }
    for path in ["/write", "/values", "/login", "/logout"] {
        config.route(path, web::post().to(ok));
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/user", web::get().to(user))
        .route("/subject", web::get().to(subject))
        .service(web::resource("/guarded").wrap(require_login::<Users>()).route(web::get().to(user)))
        .route("/maybe", web::get().to(maybe))
        .route("/public", web::get().to(ok))
        .route("/write", web::post().to(write))
        .route("/values", web::post().to(values))
        .route("/login", web::post().to(log_in))
        .route("/logout", logout::<Users>(LogoutEndpoint::new()));
}

async fn ok() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn user(_user: CurrentUser<Users>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn subject(_subject: CurrentSubject<Users>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn maybe(_user: Maybe<CurrentUser<Users>>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn write(session: Session) -> Result<HttpResponse, Rejection> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(HttpResponse::Ok().finish())
}

async fn values(session: Session) -> Result<HttpResponse, Rejection> {
    session.insert("name", "Ann")?;
    session.insert("theme", "dark")?;
    session.insert("cart", &3)?;
    Ok(HttpResponse::Ok().finish())
}

async fn log_in(login: Login<Users>, request: HttpRequest) -> Result<HttpResponse, Rejection> {
    let authenticated = login.authenticate(users::id(request.uri().query())).await?;
    login.log_in(authenticated)?;
    Ok(HttpResponse::Ok().finish())
}
