//! A small web application with login and logout, on axum.
//!
//! `cargo run -p example-axum`, then open <http://127.0.0.1:3000>. What is not about axum is in `examples/shared`.

use axum::Router;
use axum::extract::{FromRequest, RawQuery, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use example_shared::{Demo, Form, Users, api, pages};
use hallpass_axum::{CurrentUser, Login, LogoutEndpoint, Session, SessionLayer, logout, require_login};
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
    let app = app(sessions.clone(), users).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(TcpListener::from_std(listener)?, app)
        .with_graceful_shutdown(shutdown.clone().requested());
    tokio::select! {
        ended = server.into_future() => ended?,
        () = shutdown.overdue() => {}
    }
    // Finishes the logouts whose clients did not wait for the answer.
    sessions.drain(Duration::from_secs(5)).await;
    Ok(())
}

fn app(sessions: SessionManager, users: Arc<Users>) -> Router {
    let for_users = Router::new()
        .route("/account", get(account))
        .route("/v1/me", get(me))
        .route("/v1/slow", get(slow))
        .route_layer(require_login::<Users>());

    Router::new()
        .route("/", get(home))
        .route("/login", get(login_page))
        .route("/style.css", get(style_sheet))
        .route("/v1/public", get(public))
        .route("/v1/register_user", post(register_user))
        .route("/v1/login_user", post(login_user))
        .route("/v1/logout_user", logout::<Users, _>(LogoutEndpoint::new().allow_get()))
        .route("/v1/counter", get(counter).post(count))
        .merge(for_users)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(SessionLayer::new(sessions).authenticator(users))
}

async fn public() -> Reply {
    Reply(api::public())
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

async fn home(user: Option<CurrentUser<Users>>) -> Reply {
    Reply(pages::home(user.as_deref()))
}

async fn login_page(RawQuery(query): RawQuery) -> Reply {
    Reply(pages::login(query.as_deref()))
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

async fn method_not_allowed() -> Reply {
    Reply(api::method_not_allowed())
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
