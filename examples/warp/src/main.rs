//! A small web application with login and logout, on warp.
//!
//! `cargo run -p example-warp`, then open <http://127.0.0.1:3000>. What is not about warp is in `examples/shared`.

use example_shared::{Demo, Form, GRACE, Shutdown, User, Users, api, pages, recent_admin};
use hallpass_core::Answer;
use hallpass_tower::{HttpHead, answer_into_response};
use hallpass_warp::{
    Denial, Guard, Login, LogoutEndpoint, Session, SessionLayer, Ws, admit, logout, optional_current_user,
    service, session, ws,
};
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use warp::filters::BoxedFilter;
use warp::http::{Method, Request};
use warp::path::FullPath;
use warp::reply::Response;
use warp::sse::{self, Event};
use warp::ws::Message;
use warp::{Filter, Rejection, path};

#[tokio::main]
async fn main() -> ExitCode {
    example_shared::run(serve).await
}

async fn serve(demo: Demo) -> io::Result<()> {
    let Demo { sessions, users, listener, shutdown } = demo;
    let layer = SessionLayer::new(sessions.clone()).authenticator(users);
    let server =
        hallpass_warp::serve(TcpListener::from_std(listener)?, service(layer, routes(shutdown.clone())));
    // Draining finishes the logouts whose clients did not wait for the answer.
    server.with_graceful_shutdown(shutdown.clone().requested()).grace(GRACE).drain(sessions).run().await;
    shutdown.sockets_closed().await;
    Ok(())
}

// Each filter that is boxed here is compiled once, and not again for each route that it is part of.
fn routes(shutdown: Shutdown) -> BoxedFilter<(impl warp::Reply,)> {
    let routes = pages().or(path("v1").and(for_anybody().or(for_users(shutdown))));
    exactly().and(routes).recover(not_found).boxed()
}

fn pages() -> BoxedFilter<(impl warp::Reply,)> {
    let get = || only("GET, HEAD");
    let home = path::end().and(get()).and(optional_current_user::<Users>()).map(home);
    let log_in = path!("login").and(get()).and(query()).map(login_page);
    let register = path!("register").and(get()).map(|| Reply(pages::register()));
    let confirm = path!("reauthenticate").and(get()).and(current_user()).map(confirm_page);
    let account = path!("account").and(get()).and(current_user()).and(login()).then(account);
    let log_out = path!("account" / "sessions" / String / "log_out").and(only("POST"));
    let log_out = log_out.and(user()).and(login()).and(form()).then(log_out_device);
    let style_sheet = path!("style.css").and(get()).map(|| Reply(pages::style_sheet()));
    let script = path!("app.js").and(get()).map(|| Reply(pages::script()));
    let pageshow = path!("pageshow.js").and(get()).map(|| Reply(pages::pageshow()));

    let forms = log_in.or(register).or(confirm);
    home.or(forms).or(account).or(log_out).or(style_sheet).or(script).or(pageshow).boxed()
}

fn for_anybody() -> BoxedFilter<(impl warp::Reply,)> {
    let act = || only("POST").and(login()).and(form());
    let public = path!("public").and(only("GET, HEAD")).map(|| Reply(api::public()));
    let register = path!("register_user").and(act()).then(register_user);
    let log_in = path!("login_user").and(act()).then(login_user);
    let log_out = path!("logout_user").and(logout::<Users>(LogoutEndpoint::new().allow_get()));
    let counter =
        path!("counter").and(only("GET, HEAD, POST")).and(warp::method()).and(session()).map(counter);

    public.or(register).or(log_in).or(log_out).or(counter).boxed()
}

fn for_users(shutdown: Shutdown) -> BoxedFilter<(impl warp::Reply,)> {
    let get = || only("GET, HEAD");
    let act = || only("POST").and(user()).and(login()).and(form());
    let act_as = || only("POST").and(current_user()).and(login()).and(form());
    let stop = shutdown.clone();

    let me = path!("me").and(get()).and(current_user()).and(session()).map(me);
    let slow = path!("slow").and(get()).and(user()).and(session()).and(query()).then(slow);
    let events = path!("events").and(get()).and(user()).and(session());
    let events = events.map(move |session| open_events(&session, stop.clone()));
    let socket = path!("ws").and(get()).and(ws::<Users>());
    let socket = socket.map(move |upgrade| open_socket(upgrade, &shutdown));
    let sessions = path!("sessions").and(get()).and(user()).and(login()).then(list_sessions);
    let end = path!("sessions" / String).and(only("DELETE")).and(user()).and(login()).then(end_session);
    let others = path!("logout_others").and(act()).then(logout_others);
    let everywhere = path!("logout_everywhere").and(act()).then(logout_everywhere);
    let reauthenticate = path!("reauthenticate").and(act_as()).then(reauthenticate);
    let password = path!("change_password").and(act_as()).then(change_password);
    let admin = path!("admin" / "logout_user").and(only("POST")).and(admit(recent_admin()));
    let admin = admin.and(act_as()).then(admin_logout_user);

    let devices = sessions.or(end).or(others).or(everywhere);
    me.or(slow).or(events).or(socket).or(devices).or(reauthenticate).or(password).or(admin).boxed()
}

/// Goes on with requests of users.
fn user() -> BoxedFilter<()> {
    admit(Guard::<Users>::login()).boxed()
}

fn current_user() -> BoxedFilter<(Arc<User>,)> {
    hallpass_warp::current_user::<Users>().boxed()
}

fn login() -> BoxedFilter<(Login<Users>,)> {
    hallpass_warp::login().boxed()
}

async fn register_user(login: Login<Users>, form: Form) -> Reply {
    Reply(api::register_user(&login, &form).await)
}

async fn login_user(login: Login<Users>, form: Form) -> Reply {
    Reply(api::login_user(&login, &form).await)
}

fn me(user: Arc<User>, session: Session) -> Reply {
    Reply(api::me(&user, &session))
}

fn counter(method: Method, session: Session) -> Reply {
    Reply(if method == Method::POST { api::count(&session) } else { api::counter(&session) })
}

async fn slow(session: Session, query: Option<String>) -> Reply {
    Reply(api::slow(&session, query.as_deref()).await)
}

fn open_events(session: &Session, shutdown: Shutdown) -> impl warp::Reply + use<> {
    let event = |name: &str, data: &str| Ok::<_, Infallible>(Event::default().event(name).data(data));
    sse::reply(api::events(session, shutdown, event))
}

/// The socket is closed when the session ends.
fn open_socket(upgrade: Ws, shutdown: &Shutdown) -> impl warp::Reply + use<> {
    let data = |message| Some(message).filter(|it: &Message| it.is_text() || it.is_binary());
    let going_away = Message::close_with(1001_u16, "");
    let open = shutdown.socket();
    upgrade.on_upgrade(move |socket| api::echo(socket, open, data, going_away))
}

async fn list_sessions(login: Login<Users>) -> Reply {
    Reply(api::sessions(&login).await)
}

async fn end_session(handle: String, login: Login<Users>) -> Reply {
    Reply(api::end_session(&login, &handle).await)
}

async fn log_out_device(handle: String, login: Login<Users>, form: Form) -> Reply {
    Reply(api::log_out_device(&login, &handle, &form).await)
}

async fn logout_others(login: Login<Users>, form: Form) -> Reply {
    Reply(api::logout_others(&login, &form).await)
}

async fn logout_everywhere(login: Login<Users>, form: Form) -> Reply {
    Reply(api::logout_everywhere(&login, &form).await)
}

async fn reauthenticate(user: Arc<User>, login: Login<Users>, form: Form) -> Reply {
    Reply(api::reauthenticate(&login, &user, &form).await)
}

async fn change_password(user: Arc<User>, login: Login<Users>, form: Form) -> Reply {
    Reply(api::change_password(&login, &user, &form).await)
}

async fn admin_logout_user(user: Arc<User>, login: Login<Users>, form: Form) -> Reply {
    Reply(api::admin_logout_user(&login, &user, &form).await)
}

fn home(user: Option<Arc<User>>) -> Reply {
    Reply(pages::home(user.as_deref()))
}

fn login_page(query: Option<String>) -> Reply {
    Reply(pages::login(query.as_deref()))
}

fn confirm_page(user: Arc<User>) -> Reply {
    Reply(pages::confirm(&user))
}

async fn account(user: Arc<User>, login: Login<Users>) -> Reply {
    Reply(pages::account(&user, &login).await)
}

async fn not_found(rejection: Rejection) -> Result<Reply, Rejection> {
    if rejection.is_not_found() { Ok(Reply(api::not_found())) } else { Err(rejection) }
}

/// Else warp takes `/login/` for `/login`.
fn exactly() -> impl Filter<Extract = (), Error = Rejection> + Copy {
    let exact = async |path: FullPath| match path.as_str().strip_suffix('/') {
        None | Some("") => Ok(()),
        Some(_) => Err(warp::reject::not_found()),
    };
    path::full().and_then(exact).untuple_one()
}

/// Goes on with requests of these methods; others are denied, and told which ones they are.
fn only(methods: &'static str) -> BoxedFilter<()> {
    let allow = move |method: Method| {
        if methods.split(", ").any(|allowed| method == allowed) {
            return ready(Ok::<_, Rejection>(()));
        }
        let denial = Denial::from(api::method_not_allowed().with("allow", methods));
        ready(Err(denial.into()))
    };
    warp::method().and_then(allow).untuple_one().boxed()
}

fn query() -> BoxedFilter<(Option<String>,)> {
    warp::query::raw().map(Some).or(warp::any().map(|| None)).unify().boxed()
}

/// A form or its equivalent in JSON.
fn form() -> BoxedFilter<(Form,)> {
    let read = async |method, headers, body| {
        let mut head = Request::new(());
        (*head.method_mut(), *head.headers_mut()) = (method, headers);
        Form::read(&HttpHead::from(&head), body).await
    };
    warp::method().and(warp::header::headers_cloned()).and(warp::body::stream()).then(read).boxed()
}

/// An answer of the shared code, as warp's response.
struct Reply(Answer);

impl warp::Reply for Reply {
    fn into_response(self) -> Response {
        answer_into_response(self.0)
    }
}
