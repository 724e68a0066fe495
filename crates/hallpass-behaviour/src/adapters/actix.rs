use super::{Adapter, Serving};
use crate::fixture::{Account, Accounts, App, Credentials, Customers, RECENTLY, Staff, Stop, routes};
use crate::logs;
use actix_web::body::{BodyStream, MessageBody};
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, Path, PayloadConfig, ServiceConfig};
use actix_web::{Error, HttpResponse, HttpServer, ResponseError};
use hallpass_actix::ws::{Message, WebSocketUpgrade};
use hallpass_actix::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, Maybe, RecentLogin, Session, SessionMiddleware,
    answer_into_response, logout, require_login,
};
use hallpass_login::Authenticator;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, mpsc};

/// The fixture on actix-web: two workers, each on a thread and a runtime of its own.
#[derive(Debug, Clone, Copy)]
pub struct Actix;

/// The largest body that is read, as axum has it.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

impl Adapter for Actix {
    fn serve(&self, app: App, listener: TcpListener, stop: Stop) -> Serving {
        Box::pin(async move {
            let (working, gone) = mpsc::channel();
            let _gone = Gone(gone);
            let log_here = logs::from_here();
            let worker = move || {
                log_here();
                let (app, working) = (app.clone(), working.clone());
                actix_web::App::new().app_data(working).configure(move |config| mount(config, app))
            };
            let stopped = async {
                let _ = stop.await;
            };
            // A client that closes its half of the connection has hung up, as hyper sees it.
            let server = HttpServer::new(worker).workers(2).h1_allow_half_closed(false);
            let server = server.shutdown_signal(stopped).listen(listener).expect("it is bound");
            server.run().await.expect("it listens");
        })
    }
}

/// Waits when it is dropped until every worker has ended, each with all of its requests.
struct Gone(mpsc::Receiver<Infallible>);

impl Drop for Gone {
    fn drop(&mut self) {
        // Nothing is ever sent: it ends with an error when the last worker has dropped its sender.
        let _ = self.0.recv();
    }
}

fn mount(config: &mut ServiceConfig, app: App) {
    let shop = SessionMiddleware::new(app.shop.clone()).authenticator(Arc::clone(&app.customers));
    let bare = SessionMiddleware::new(app.shop.clone());
    let guarded = web::route().to(async || answer_into_response(routes::guarded()));
    let misordered = web::resource("/misordered").wrap(shop.clone()).wrap(require_login::<Customers>());
    let outer = web::scope("")
        .wrap(from_fn(pass_on))
        .wrap(shop)
        .route("/public", web::route().to(async || answer_into_response(routes::public())))
        .route("/post-logout", logout::<Customers>(LogoutEndpoint::new()))
        .service(staff(&app))
        .configure(area);
    config
        .app_data(Data::new(app))
        .app_data(PayloadConfig::new(BODY_LIMIT))
        .service(web::scope("/bare").wrap(bare).configure(area))
        .service(web::scope("/unlayered").configure(area))
        .service(misordered.route(guarded))
        .service(outer);
}

/// Everything that is mounted with the middleware, without an authenticator, and without the middleware.
fn area(config: &mut ServiceConfig) {
    let guarded = web::route().to(async || answer_into_response(routes::guarded()));
    config
        .service(web::resource("/guarded").wrap(require_login::<Customers>()).route(guarded))
        .route("/session/{action:.*}", web::route().to(session))
        .route("/login/{action:.*}", web::route().to(login::<Customers>))
        .route("/socket/{manner}", web::route().to(socket))
        .route("/user", web::route().to(user::<Customers>))
        .route("/subject", web::route().to(subject))
        .route("/recent", web::route().to(recent))
        .route("/maybe/session", web::route().to(maybe::<Session>))
        .route("/maybe/user", web::route().to(maybe::<CurrentUser<Customers>>))
        .route("/maybe/subject", web::route().to(maybe::<CurrentSubject<Customers>>))
        .route("/maybe/recent", web::route().to(maybe::<Recent>))
        .route("/logout", logout::<Customers>(LogoutEndpoint::new().allow_get()));
}

fn staff(app: &App) -> impl HttpServiceFactory + 'static {
    web::scope("/staff")
        .wrap(SessionMiddleware::new(app.back_office.clone()).authenticator(Arc::clone(&app.staff)))
        .route("/session/{action:.*}", web::route().to(session))
        .route("/login/{action:.*}", web::route().to(login::<Staff>))
        .route("/user", web::route().to(user::<Staff>))
        .route("/customer", web::route().to(user::<Customers>))
        .route("/both", web::route().to(both))
        .route("/logout", logout::<Staff>(LogoutEndpoint::new().allow_get()))
}

async fn session(app: Data<App>, session: Session, action: Path<String>) -> Handled {
    handled(routes::session(&app, session.into_inner(), &action).await)
}

async fn login<A>(app: Data<App>, login: Login<A>, action: Path<String>, body: Bytes) -> Handled
where
    A: Authenticator<User = Account, Credentials = Credentials> + AsRef<Accounts>,
{
    handled(routes::login(&app, login.into_inner(), &action, &body).await)
}

async fn socket(app: Data<App>, manner: Path<String>, upgrade: WebSocketUpgrade<Customers>) -> HttpResponse {
    let (app, manner) = (App::clone(&app), manner.into_inner());
    upgrade.on_upgrade(|socket| routes::socket(app, manner, |text| Message::Text(text.into()), socket))
}

async fn user<A: Authenticator<User = Account>>(user: CurrentUser<A>) -> HttpResponse {
    answer_into_response(routes::user(&user))
}

async fn both(staff: CurrentUser<Staff>, customer: CurrentUser<Customers>) -> HttpResponse {
    answer_into_response(routes::both(&staff, &customer))
}

async fn subject(subject: CurrentSubject<Customers>) -> HttpResponse {
    answer_into_response(routes::subject(&subject))
}

type Recent = RecentLogin<Customers, RECENTLY>;

async fn recent(user: Recent) -> HttpResponse {
    answer_into_response(routes::user(&user))
}

async fn maybe<T>(Maybe(found): Maybe<T>) -> HttpResponse {
    answer_into_response(routes::maybe(found))
}

type Handled = Result<HttpResponse, routes::Failure>;

/// With the status and the body that actix-web gives to errors: 500, and what they say.
impl ResponseError for routes::Failure {}

/// A middleware within the session's that fails when the handler did: it gets a response with the error, and returns the
/// error alone.
async fn pass_on(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let response = next.call(request).await?;
    let failure = response.response().error().and_then(Error::as_error::<routes::Failure>).copied();
    failure.map_or(Ok(response), |failure| Err(failure.into()))
}

fn handled(reply: routes::Reply) -> Handled {
    match reply {
        routes::Reply::Answer(answer) => Ok(answer_into_response(answer)),
        routes::Reply::Stream(chunks) => {
            Ok(HttpResponse::new(StatusCode::OK).set_body(BodyStream::new(chunks)).map_into_boxed_body())
        }
        routes::Reply::Failure(failure) => Err(failure),
    }
}
