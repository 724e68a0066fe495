//! A small web application with login and logout, on axum.
//!
//! `cargo run -p example-axum`, then open <http://127.0.0.1:3000>. What is not about axum is in `examples/shared`.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::{CloseFrame, Message, close_code};
use axum::extract::{FromRequest, Path, RawQuery, Request, State};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::{delete, get, post};
use example_shared::{Demo, Form, Shutdown, Users, api, pages, recent_admin};
use hallpass_axum::ws::WebSocketUpgrade;
use hallpass_axum::{
    CurrentUser, Login, LogoutEndpoint, Session, SessionLayer, guard, logout, require_login,
};
use hallpass_core::{Answer, SessionManager};
use hallpass_tower::{HttpHead, answer_into_response};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    example_shared::run(serve).await
}

async fn serve(demo: Demo) -> io::Result<()> {
    let Demo { sessions, users, listener, shutdown } = demo;
    let app = app(sessions.clone(), users, shutdown.clone());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(TcpListener::from_std(listener)?, app)
        .with_graceful_shutdown(shutdown.clone().requested());
    tokio::select! {
        ended = server.into_future() => ended?,
        () = shutdown.clone().overdue() => {}
    }
    shutdown.sockets_closed().await;
    // Finishes the logouts whose clients did not wait for the answer.
    sessions.drain(Duration::from_secs(5)).await;
    Ok(())
}

fn app(sessions: SessionManager, users: Arc<Users>, shutdown: Shutdown) -> Router {
    let for_users = Router::new()
        .route("/account", get(account))
        .route("/account/sessions/{handle}/log_out", post(log_out_device))
        .route("/reauthenticate", get(confirm_page))
        .route("/v1/me", get(me))
        .route("/v1/slow", get(slow))
        .route("/v1/events", get(events))
        .route("/v1/sessions", get(list_sessions))
        .route("/v1/sessions/{handle}", delete(end_session))
        .route("/v1/logout_others", post(logout_others))
        .route("/v1/logout_everywhere", post(logout_everywhere))
        .route("/v1/reauthenticate", post(reauthenticate))
        .route("/v1/change_password", post(change_password))
        .route_layer(require_login::<Users>());

    let for_admins = Router::new()
        .route("/v1/admin/logout_user", post(admin_logout_user))
        .route_layer(guard(recent_admin()));

    Router::new()
        .route("/", get(home))
        .route("/login", get(login_page))
        .route("/register", get(async || Reply(pages::register())))
        .route("/style.css", get(async || Reply(pages::style_sheet())))
        .route("/app.js", get(async || Reply(pages::script())))
        .route("/pageshow.js", get(async || Reply(pages::pageshow())))
        .route("/v1/public", get(async || Reply(api::public())))
        .route("/v1/register_user", post(register_user))
        .route("/v1/login_user", post(login_user))
        .route("/v1/logout_user", logout::<Users, _>(LogoutEndpoint::new().allow_get()))
        .route("/v1/counter", get(counter).post(count))
        .route("/v1/ws", get(ws))
        .merge(for_users)
        .merge(for_admins)
        .fallback(async || Reply(api::not_found()))
        .method_not_allowed_fallback(async || Reply(api::method_not_allowed()))
        .layer(SessionLayer::new(sessions).authenticator(users))
        .with_state(shutdown)
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

async fn slow(session: Session, RawQuery(query): RawQuery) -> Reply {
    Reply(api::slow(&session, query.as_deref()).await)
}

async fn events(State(shutdown): State<Shutdown>, session: Session) -> impl IntoResponse {
    let event = |name: &str, data: &str| Ok::<_, Infallible>(Event::default().event(name).data(data));
    Sse::new(api::events(&session, shutdown, event))
}

/// The socket is closed when the session ends.
async fn ws(State(shutdown): State<Shutdown>, upgrade: WebSocketUpgrade<Users>) -> Response {
    let data = |message| Some(message).filter(|it| matches!(it, Message::Text(_) | Message::Binary(_)));
    let going_away = Message::Close(Some(CloseFrame { code: close_code::AWAY, reason: "".into() }));
    let open = shutdown.socket();
    upgrade.on_upgrade(move |socket| api::echo(socket, open, data, going_away))
}

async fn list_sessions(login: Login<Users>) -> Reply {
    Reply(api::sessions(&login).await)
}

async fn end_session(login: Login<Users>, handle: Result<Path<String>, PathRejection>) -> Reply {
    Reply(api::end_session(&login, &text(handle)).await)
}

async fn log_out_device(
    login: Login<Users>,
    handle: Result<Path<String>, PathRejection>,
    Submitted(form): Submitted,
) -> Reply {
    Reply(api::log_out_device(&login, &text(handle), &form).await)
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

async fn home(user: Option<CurrentUser<Users>>) -> Reply {
    Reply(pages::home(user.as_deref()))
}

async fn login_page(RawQuery(query): RawQuery) -> Reply {
    Reply(pages::login(query.as_deref()))
}

async fn confirm_page(user: CurrentUser<Users>) -> Reply {
    Reply(pages::confirm(&user))
}

async fn account(user: CurrentUser<Users>, login: Login<Users>) -> Reply {
    Reply(pages::account(&user, &login).await)
}

/// A part of the path; empty if it is no text.
fn text(part: Result<Path<String>, PathRejection>) -> String {
    part.map(|Path(text)| text).unwrap_or_default()
}

/// An answer of the shared code, as axum's response.
struct Reply(Answer);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        answer_into_response(self.0)
    }
}

/// A form or its equivalent in JSON.
struct Submitted(Form);

impl<S: Send + Sync> FromRequest<S> for Submitted {
    type Rejection = Infallible;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        Ok(Self(Form::read(&HttpHead::from(&parts), body.into_data_stream()).await))
    }
}
