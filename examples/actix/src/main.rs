//! A small web application with login and logout, on actix-web.
//!
//! `cargo run -p example-actix`, then open <http://127.0.0.1:3000>. What is not about actix-web is in `examples/shared`.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers};
use actix_web::web::{Payload, ServiceConfig, post, resource, route, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, Route, guard};
use example_shared::{Demo, Form, GRACE, Users, api, pages};
use hallpass_actix::{
    CurrentUser, HttpHead, Login, LogoutEndpoint, Maybe, Session, SessionMiddleware, answer_into_response,
    logout, require_login,
};
use hallpass_core::Answer;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

#[actix_web::main]
async fn main() -> ExitCode {
    example_shared::run(serve).await
}

async fn serve(demo: Demo) -> io::Result<()> {
    let Demo { sessions, users, listener, shutdown } = demo;
    // Made here, because the closure runs once for each worker.
    let middleware = SessionMiddleware::new(sessions.clone()).authenticator(users);
    let server = HttpServer::new(move || {
        let refusals = ErrorHandlers::new().handler(StatusCode::METHOD_NOT_ALLOWED, method_not_allowed);
        App::new().configure(routes).wrap(refusals).wrap(middleware.clone())
    });
    let server = server.shutdown_signal(shutdown.requested()).shutdown_timeout(GRACE.as_secs());
    server.listen(listener)?.run().await?;
    // Finishes the logouts whose clients did not wait for the answer.
    sessions.drain(Duration::from_secs(5)).await;
    Ok(())
}

fn routes(app: &mut ServiceConfig) {
    let for_users = require_login::<Users>;

    app.service(resource("/").route(get().to(home)))
        .service(resource("/login").route(get().to(login_page)))
        .service(resource("/style.css").route(get().to(style_sheet)))
        .service(resource("/account").route(get().to(account).wrap(for_users())))
        .service(resource("/v1/public").route(get().to(public)))
        .service(resource("/v1/register_user").route(post().to(register_user)))
        .service(resource("/v1/login_user").route(post().to(login_user)))
        .route("/v1/logout_user", logout::<Users>(LogoutEndpoint::new().allow_get()))
        .service(resource("/v1/counter").route(get().to(counter)).route(post().to(count)))
        .service(resource("/v1/me").route(get().to(me).wrap(for_users())))
        .service(resource("/v1/slow").route(get().to(slow).wrap(for_users())))
        .default_service(to(not_found));
}

/// actix-web's own takes no `HEAD`.
fn get() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn public() -> Reply {
    Reply(api::public())
}

async fn register_user(login: Login<Users>, request: HttpRequest, body: Payload) -> Reply {
    let form = Form::read(&HttpHead::from(&request), body).await;
    Reply(api::register_user(&login, &form).await)
}

async fn login_user(login: Login<Users>, request: HttpRequest, body: Payload) -> Reply {
    let form = Form::read(&HttpHead::from(&request), body).await;
    Reply(api::login_user(&login, &form).await)
}

async fn me(user: CurrentUser<Users>, session: Session) -> Reply {
    Reply(api::me(&user, &session))
}

async fn counter(session: Session) -> Reply {
    Reply(api::counter(&session))
}

async fn count(session: Session) -> Reply {
    Reply(api::count(&session))
}

async fn slow(session: Session, request: HttpRequest) -> Reply {
    Reply(api::slow(&session, request.uri().query()).await)
}

async fn home(Maybe(user): Maybe<CurrentUser<Users>>) -> Reply {
    Reply(pages::home(user.as_deref()))
}

async fn login_page(request: HttpRequest) -> Reply {
    Reply(pages::login(request.uri().query()))
}

async fn account(user: CurrentUser<Users>, session: Session) -> Reply {
    Reply(pages::account(&user, &session))
}

async fn style_sheet() -> Reply {
    Reply(pages::style_sheet())
}

async fn not_found() -> Reply {
    Reply(api::not_found())
}

/// Gives actix-web's own answer, which names the methods, the body of the other refusals.
fn method_not_allowed(refused: ServiceResponse) -> actix_web::Result<ErrorHandlerResponse<BoxBody>> {
    let mut response = answer_into_response(api::method_not_allowed());
    if let Some(allow) = refused.headers().get(ALLOW) {
        response.headers_mut().insert(ALLOW, allow.clone());
    }
    Ok(ErrorHandlerResponse::Response(refused.into_response(response.map_into_right_body())))
}

/// An answer of the shared code, as actix-web's response.
struct Reply(Answer);

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        answer_into_response(self.0)
    }
}
