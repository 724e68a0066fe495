use super::{Adapter, Serving};
use crate::fixture::{Account, Accounts, App, Credentials, Customers, RECENTLY, Staff, Stop, routes};
use ::axum::Router;
use ::axum::body::{Body, Bytes};
use ::axum::extract::ws::Message;
use ::axum::extract::{Path, State};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::any;
use hallpass_axum::ws::WebSocketUpgrade;
use hallpass_axum::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, RecentLogin, Session, SessionLayer, logout,
    require_login,
};
use hallpass_core::Answer;
use hallpass_login::Authenticator;
use hallpass_tower::answer_into_response;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// The fixture on axum.
#[derive(Debug, Clone, Copy)]
pub struct Axum;

impl Adapter for Axum {
    fn serve(&self, app: App, listener: TcpListener, stop: Stop) -> Serving {
        Box::pin(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime is running");
            let service = router(&app).into_make_service_with_connect_info::<SocketAddr>();
            let stopped = async {
                let _ = stop.await;
            };
            ::axum::serve(listener, service).with_graceful_shutdown(stopped).await.expect("it listens");
        })
    }
}

fn router(app: &App) -> Router {
    let shop = SessionLayer::new(app.shop.clone()).authenticator(Arc::clone(&app.customers));
    let misordered = Router::new().route("/misordered", any(guarded)).route_layer(shop.clone());
    Router::new()
        .route("/public", any(async || answer_into_response::<Body>(routes::public())))
        .merge(area())
        .route("/post-logout", logout::<Customers, _>(LogoutEndpoint::new()))
        .nest("/staff", staff(app))
        .layer(shop)
        .nest("/bare", area().layer(SessionLayer::new(app.shop.clone())))
        .nest("/unlayered", area())
        .merge(misordered.route_layer(require_login::<Customers>()))
        .with_state(app.clone())
}

/// Everything that is mounted with the layer, without an authenticator, and without the layer.
fn area() -> Router<App> {
    Router::new()
        .route("/guarded", any(guarded))
        .route_layer(require_login::<Customers>())
        .route("/session/{*action}", any(session))
        .route("/login/{*action}", any(login::<Customers>))
        .route("/socket/{manner}", any(socket))
        .route("/user", any(user::<Customers>))
        .route("/subject", any(subject))
        .route("/recent", any(recent))
        .route("/maybe/session", any(async |session: Option<Session>| answered(routes::maybe(session))))
        .route("/maybe/user", any(async |user: Option<CurrentUser<Customers>>| answered(routes::maybe(user))))
        .route(
            "/maybe/subject",
            any(async |subject: Option<CurrentSubject<Customers>>| answered(routes::maybe(subject))),
        )
        .route("/maybe/recent", any(async |login: Option<Recent>| answered(routes::maybe(login))))
        .route("/logout", logout::<Customers, _>(LogoutEndpoint::new().allow_get()))
}

fn staff(app: &App) -> Router<App> {
    Router::new()
        .route("/session/{*action}", any(session))
        .route("/login/{*action}", any(login::<Staff>))
        .route("/user", any(user::<Staff>))
        .route("/customer", any(user::<Customers>))
        .route("/both", any(both))
        .route("/logout", logout::<Staff, _>(LogoutEndpoint::new().allow_get()))
        .layer(SessionLayer::new(app.back_office.clone()).authenticator(Arc::clone(&app.staff)))
}

async fn session(State(app): State<App>, session: Session, Path(action): Path<String>) -> Handled {
    handled(routes::session(&app, session.into_inner(), &action).await)
}

async fn login<A>(State(app): State<App>, login: Login<A>, Path(action): Path<String>, body: Bytes) -> Handled
where
    A: Authenticator<User = Account, Credentials = Credentials> + AsRef<Accounts>,
{
    handled(routes::login(&app, login.into_inner(), &action, &body).await)
}

async fn socket(
    State(app): State<App>,
    Path(manner): Path<String>,
    upgrade: WebSocketUpgrade<Customers>,
) -> Response {
    upgrade.on_upgrade(|socket| routes::socket(app, manner, Message::text, socket))
}

async fn user<A: Authenticator<User = Account>>(user: CurrentUser<A>) -> Response {
    answered(routes::user(&user))
}

async fn both(staff: CurrentUser<Staff>, customer: CurrentUser<Customers>) -> Response {
    answered(routes::both(&staff, &customer))
}

async fn subject(subject: CurrentSubject<Customers>) -> Response {
    answered(routes::subject(&subject))
}

type Recent = RecentLogin<Customers, RECENTLY>;

async fn recent(user: Recent) -> Response {
    answered(routes::user(&user))
}

async fn guarded() -> Response {
    answered(routes::guarded())
}

type Handled = Result<Response, Failed>;

struct Failed(routes::Failure);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (::axum::http::StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

fn handled(reply: routes::Reply) -> Handled {
    match reply {
        routes::Reply::Answer(answer) => Ok(answered(answer)),
        routes::Reply::Stream(chunks) => Ok(Response::new(Body::from_stream(chunks))),
        routes::Reply::Failure(failure) => Err(Failed(failure)),
    }
}

fn answered(answer: Answer) -> Response {
    answer_into_response(answer)
}
