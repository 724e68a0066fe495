use super::{Adapter, Serving};
use crate::fixture::{Account, Accounts, App, Credentials, Customers, RECENTLY, Staff, Stop, routes};
use ::warp::filters::BoxedFilter;
use ::warp::path::Tail;
use ::warp::reject::{Reject, Rejection};
use ::warp::reply::{Reply, Response};
use ::warp::ws::Message;
use ::warp::{Filter, any, path};
use bytes::Bytes;
use hallpass_core::{Answer, Session, Subject};
use hallpass_login::Authenticator;
use hallpass_tower::answer_into_response;
use hallpass_warp::{
    Layer, Login, LogoutEndpoint, SessionLayer, Ws, answer_denial, current_subject, current_user, login,
    logout, optional_current_subject, optional_current_user, optional_recent_login, optional_session,
    recent_login, require_login, service, session, session_of, ws,
};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tower::steer::Steer;
use tower::util::BoxCloneService;

/// The fixture on warp, behind the server of `hallpass-warp`.
#[derive(Debug, Clone, Copy)]
pub struct Warp;

impl Adapter for Warp {
    fn serve(&self, app: App, listener: TcpListener, stop: Stop) -> Serving {
        Box::pin(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime is running");
            let stopped = async {
                let _ = stop.await;
            };
            hallpass_warp::serve(listener, services(&app)).with_graceful_shutdown(stopped).run().await;
        })
    }
}

type Request = http::Request<Incoming>;
type Service = BoxCloneService<Request, Response, Infallible>;

type Services = Steer<Service, fn(&Request, &[Service]) -> usize, Request>;

/// A layer goes around all routes of a service, so what is outside of a layer is another service.
fn services(app: &App) -> Services {
    let shop = SessionLayer::new(app.shop.clone()).authenticator(Arc::clone(&app.customers));
    let back_office = SessionLayer::new(app.back_office.clone()).authenticator(Arc::clone(&app.staff));
    let innermost = || area(app, session().boxed(), optional_session().boxed());
    let (bare, unlayered) = (path("bare").and(innermost()), path("unlayered").and(innermost()));
    // Nothing can be around a layer but a layer: a guard outside of it is one where there is none.
    let misordered = path("misordered").and(require_login::<Customers>(path::end().map(guarded)));
    let services = [
        Service::new(shop.layer(service(back_office, outer(app)))),
        Service::new(service(SessionLayer::new(app.shop.clone()), bare)),
        Service::new(::warp::service(unlayered.or(misordered).recover(answer_denial))),
    ];
    Steer::new(services, |request: &Request, _: &[Service]| match request.uri().path().split('/').nth(1) {
        Some("bare") => 1,
        Some("unlayered" | "misordered") => 2,
        _ => 0,
    })
}

type Routes = BoxedFilter<(Response,)>;

fn outer(app: &App) -> Routes {
    let public = path!("public").map(|| answered(routes::public()));
    let post = path!("post-logout").and(logout::<Customers>(LogoutEndpoint::new()));
    let session = session_of::<Customers>();
    let some = session.map(|session: Session| Some(session).filter(|session| session.handle().is_some()));
    let area = area(app, session.boxed(), some.boxed());
    boxed(public.or(post).or(path("staff").and(staff(app))).or(area))
}

/// Everything that is mounted with the layer, without an authenticator, and without the layer.
fn area(app: &App, session: BoxedFilter<(Session,)>, some: BoxedFilter<(Option<Session>,)>) -> Routes {
    let found = path!("session").and(some).map(maybe::<Session>);
    let found = found.or(path!("user").and(optional_current_user::<Customers>()).map(maybe::<Arc<Account>>));
    let found = found.or(path!("subject").and(optional_current_subject::<Customers>()).map(maybe::<Subject>));
    let recently = Duration::from_secs(RECENTLY);
    let found = found.or(path!("recent").and(optional_recent_login::<Customers>(recently)).map(maybe));
    let recent = recent_login::<Customers>(recently).map(|user: Arc<_>| answered(routes::user(&user)));
    let subject = current_subject::<Customers>().map(|subject| answered(routes::subject(&subject)));
    boxed(
        path("guarded")
            .and(require_login::<Customers>(path::end().map(guarded)))
            .or(path("maybe").and(found))
            .or(path!("subject").and(subject))
            .or(path!("recent").and(recent))
            .or(socket(app))
            .or(users::<Customers>(app, session)),
    )
}

fn socket(app: &App) -> Routes {
    let app = app.clone();
    let upgrade = move |manner: String, upgrade: Ws| {
        let app = app.clone();
        upgrade.on_upgrade(|socket| routes::socket(app, manner, Message::text, socket))
    };
    boxed(path!("socket" / String).and(ws::<Customers>()).map(upgrade))
}

fn staff(app: &App) -> Routes {
    let customer = current_user::<Customers>().map(|user: Arc<Account>| answered(routes::user(&user)));
    let both = current_user::<Staff>().and(current_user::<Customers>());
    let both = both.map(|staff: Arc<_>, customer: Arc<_>| answered(routes::both(&staff, &customer)));
    let users = users::<Staff>(app, session_of::<Staff>().boxed());
    boxed(users.or(path!("customer").and(customer)).or(path!("both").and(both)))
}

/// What both areas have.
fn users<A>(app: &App, session: BoxedFilter<(Session,)>) -> Routes
where
    A: Authenticator<User = Account, Credentials = Credentials> + AsRef<Accounts>,
{
    let app = app.clone();
    let app = any().map(move || app.clone());
    let session = path("session").and(path::tail()).and(app.clone()).and(session).and_then(on_session);
    let login = path("login").and(path::tail()).and(app).and(login::<A>());
    let login = login.and(::warp::body::bytes()).and_then(on_login::<A>);
    let user = current_user::<A>().map(|user: Arc<Account>| answered(routes::user(&user)));
    let logout = logout::<A>(LogoutEndpoint::new().allow_get());
    boxed(session.or(login).or(path!("user").and(user)).or(path!("logout").and(logout)))
}

fn boxed(
    routes: impl Filter<Extract = (impl Reply + 'static,), Error = Rejection> + Clone + Send + Sync + 'static,
) -> Routes {
    routes.map(Reply::into_response).boxed()
}

async fn on_session(action: Tail, app: App, session: Session) -> Handled {
    handled(routes::session(&app, session, action.as_str()).await)
}

async fn on_login<A>(action: Tail, app: App, login: Login<A>, body: Bytes) -> Handled
where
    A: Authenticator<User = Account, Credentials = Credentials> + AsRef<Accounts>,
{
    handled(routes::login(&app, login, action.as_str(), &body).await)
}

fn maybe<T>(found: Option<T>) -> Response {
    answered(routes::maybe(found))
}

fn guarded() -> Response {
    answered(routes::guarded())
}

type Handled = Result<Response, Rejection>;

/// No other route takes a request whose handler rejects it, so that warp makes a 500 of it.
impl Reject for routes::Failure {}

fn handled(reply: routes::Reply) -> Handled {
    match reply {
        routes::Reply::Answer(answer) => Ok(answered(answer)),
        routes::Reply::Stream(chunks) => Ok(::warp::reply::stream(chunks).into_response()),
        routes::Reply::Failure(failure) => Err(::warp::reject::custom(failure)),
    }
}

fn answered(answer: Answer) -> Response {
    answer_into_response(answer)
}
