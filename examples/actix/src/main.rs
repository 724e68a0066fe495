//! A small web application with login and logout, on actix-web.
//!
//! `cargo run -p example-actix`, then open <http://127.0.0.1:3000>. What is not about actix-web is in `examples/shared`.

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers};
use actix_web::web::{Bytes, Data, Path, ServiceConfig, delete, post, resource, route, to};
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, Responder, Route, guard};
use example_shared::{Demo, Form, GRACE, Shutdown, Users, api, pages, recent_admin};
use hallpass_actix::ws::{CloseCode, Message, WebSocketUpgrade};
use hallpass_actix::{
    CurrentUser, HttpHead, Login, LogoutEndpoint, Maybe, Session, SessionMiddleware, answer_into_response,
    logout, require_login,
};
use hallpass_core::Answer;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
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
    let stop = Data::new(shutdown.clone());
    let server = HttpServer::new(move || {
        let refusals = ErrorHandlers::new().handler(StatusCode::METHOD_NOT_ALLOWED, method_not_allowed);
        App::new().app_data(stop.clone()).configure(routes).wrap(refusals).wrap(middleware.clone())
    });
    let server = server.shutdown_signal(shutdown.requested()).shutdown_timeout(GRACE.as_secs());
    server.listen(listener)?.run().await?;
    // Finishes the logouts whose clients did not wait for the answer.
    sessions.drain(Duration::from_secs(5)).await;
    Ok(())
}

fn routes(app: &mut ServiceConfig) {
    let for_users = require_login::<Users>;
    let for_admins = || hallpass_actix::guard(recent_admin());

    app.service(resource("/").route(get().to(home)))
        .service(resource("/login").route(get().to(login_page)))
        .service(resource("/register").route(get().to(async || Reply(pages::register()))))
        .service(resource("/reauthenticate").route(get().to(confirm_page).wrap(for_users())))
        .service(resource("/account").route(get().to(account).wrap(for_users())))
        .service(
            resource("/account/sessions/{handle}/log_out").route(post().to(log_out_device).wrap(for_users())),
        )
        .service(resource("/style.css").route(get().to(async || Reply(pages::style_sheet()))))
        .service(resource("/app.js").route(get().to(async || Reply(pages::script()))))
        .service(resource("/pageshow.js").route(get().to(async || Reply(pages::pageshow()))))
        .service(resource("/v1/public").route(get().to(async || Reply(api::public()))))
        .service(resource("/v1/register_user").route(post().to(register_user)))
        .service(resource("/v1/login_user").route(post().to(login_user)))
        .route("/v1/logout_user", logout::<Users>(LogoutEndpoint::new().allow_get()))
        .service(resource("/v1/counter").route(get().to(counter)).route(post().to(count)))
        .service(resource("/v1/me").route(get().to(me).wrap(for_users())))
        .service(resource("/v1/slow").route(get().to(slow).wrap(for_users())))
        .service(resource("/v1/events").route(get().to(events).wrap(for_users())))
        .service(resource("/v1/ws").route(get().to(ws)))
        .service(resource("/v1/sessions").route(get().to(list_sessions).wrap(for_users())))
        .service(resource("/v1/sessions/{handle}").route(delete().to(end_session).wrap(for_users())))
        .service(resource("/v1/logout_others").route(post().to(logout_others).wrap(for_users())))
        .service(resource("/v1/logout_everywhere").route(post().to(logout_everywhere).wrap(for_users())))
        .service(resource("/v1/reauthenticate").route(post().to(reauthenticate).wrap(for_users())))
        .service(resource("/v1/change_password").route(post().to(change_password).wrap(for_users())))
        .service(resource("/v1/admin/logout_user").route(post().to(admin_logout_user).wrap(for_admins())))
        .default_service(to(async || Reply(api::not_found())));
}

/// actix-web's own takes no `HEAD`.
fn get() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn register_user(login: Login<Users>, Submitted(form): Submitted) -> Reply {
    Reply(api::register_user(&login, &form).await)
}

async fn login_user(login: Login<Users>, Submitted(form): Submitted) -> Reply {
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

async fn events(shutdown: Data<Shutdown>, session: Session) -> HttpResponse {
    let event =
        |name: &str, data: &str| Ok::<_, Infallible>(Bytes::from(format!("event: {name}\ndata: {data}\n\n")));
    let events = api::events(&session, Shutdown::clone(&shutdown), event);
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

/// The socket is closed when the session ends.
async fn ws(shutdown: Data<Shutdown>, upgrade: WebSocketUpgrade<Users>) -> HttpResponse {
    let answer = |message| match message {
        Message::Text(_) | Message::Binary(_) | Message::Close(_) => Some(message),
        Message::Ping(bytes) => Some(Message::Pong(bytes)),
        _ => None,
    };
    let going_away = Message::Close(Some(CloseCode::Away.into()));
    let open = shutdown.socket();
    upgrade.on_upgrade(move |socket| api::echo(socket, open, answer, going_away))
}

async fn list_sessions(login: Login<Users>) -> Reply {
    Reply(api::sessions(&login).await)
}

async fn end_session(login: Login<Users>, handle: Path<String>) -> Reply {
    Reply(api::end_session(&login, &handle).await)
}

async fn log_out_device(login: Login<Users>, handle: Path<String>, Submitted(form): Submitted) -> Reply {
    Reply(api::log_out_device(&login, &handle, &form).await)
}

async fn logout_others(login: Login<Users>, Submitted(form): Submitted) -> Reply {
    Reply(api::logout_others(&login, &form).await)
}

async fn logout_everywhere(login: Login<Users>, Submitted(form): Submitted) -> Reply {
    Reply(api::logout_everywhere(&login, &form).await)
}

async fn reauthenticate(user: CurrentUser<Users>, login: Login<Users>, Submitted(form): Submitted) -> Reply {
    Reply(api::reauthenticate(&login, &user, &form).await)
}

async fn change_password(user: CurrentUser<Users>, login: Login<Users>, Submitted(form): Submitted) -> Reply {
    Reply(api::change_password(&login, &user, &form).await)
}

async fn admin_logout_user(
    user: CurrentUser<Users>,
    login: Login<Users>,
    Submitted(form): Submitted,
) -> Reply {
    Reply(api::admin_logout_user(&login, &user, &form).await)
}

async fn home(Maybe(user): Maybe<CurrentUser<Users>>) -> Reply {
    Reply(pages::home(user.as_deref()))
}

async fn login_page(request: HttpRequest) -> Reply {
    Reply(pages::login(request.uri().query()))
}

async fn confirm_page(user: CurrentUser<Users>) -> Reply {
    Reply(pages::confirm(&user))
}

async fn account(user: CurrentUser<Users>, login: Login<Users>) -> Reply {
    Reply(pages::account(&user, &login).await)
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

/// A form or its equivalent in JSON.
struct Submitted(Form);

impl FromRequest for Submitted {
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Infallible>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), body.take());
        Box::pin(async move { Ok(Self(Form::read(&HttpHead::from(&request), body).await)) })
    }
}
