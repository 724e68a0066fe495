//! A small web application with login and logout, on warp.
//!
//! `cargo run -p example-warp`, then open <http://127.0.0.1:3000>. What is not about warp is in `examples/shared`.

use example_shared::{Demo, Form, GRACE, User, Users, api, pages};
use hallpass_core::Answer;
use hallpass_tower::{HttpHead, answer_into_response};
use hallpass_warp::{
    Denial, Guard, Login, LogoutEndpoint, Session, SessionLayer, admit, current_user, login, logout,
    optional_current_user, service, session,
};
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use warp::http::{Method, Request};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection, path};

#[tokio::main]
async fn main() -> ExitCode {
    example_shared::run(serve).await
}

async fn serve(demo: Demo) -> io::Result<()> {
    let Demo { sessions, users, listener, shutdown } = demo;
    let layer = SessionLayer::new(sessions.clone()).authenticator(users);
    let server = hallpass_warp::serve(TcpListener::from_std(listener)?, service(layer, routes()));
    // Draining finishes the logouts whose clients did not wait for the answer.
    server.with_graceful_shutdown(shutdown.requested()).grace(GRACE).drain(sessions).run().await;
    Ok(())
}

fn routes() -> impl Filter<Extract = (impl warp::Reply,), Error = Rejection> + Clone {
    let (get, post) = (|| only("GET, HEAD"), || only("POST"));
    let home = path::end().and(get()).and(optional_current_user::<Users>()).map(home);
    let login_page = path!("login").and(get()).and(query()).map(login_page);
    let style_sheet = path!("style.css").and(get()).map(style_sheet);
    let account = path!("account").and(get()).and(current_user::<Users>()).and(session()).map(account);

    let public = path!("public").and(get()).map(public);
    let register = path!("register_user").and(post()).and(login::<Users>()).and(form()).then(register_user);
    let log_in = path!("login_user").and(post()).and(login::<Users>()).and(form()).then(login_user);
    let log_out = path!("logout_user").and(logout::<Users>(LogoutEndpoint::new().allow_get()));
    let counter =
        path!("counter").and(only("GET, HEAD, POST")).and(warp::method()).and(session()).map(counter);
    let me = path!("me").and(get()).and(current_user::<Users>()).and(session()).map(me);
    let for_users = admit(Guard::<Users>::login());
    let slow = path!("slow").and(get()).and(for_users).and(session()).and(query()).then(slow);

    let pages = home.or(login_page).or(style_sheet).or(account);
    let v1 = public.or(register).or(log_in).or(log_out).or(counter).or(me).or(slow);
    exactly().and(pages.or(path("v1").and(v1))).recover(not_found)
}

fn public() -> Reply {
    Reply(api::public())
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

fn home(user: Option<Arc<User>>) -> Reply {
    Reply(pages::home(user.as_deref()))
}

fn login_page(query: Option<String>) -> Reply {
    Reply(pages::login(query.as_deref()))
}

fn account(user: Arc<User>, session: Session) -> Reply {
    Reply(pages::account(&user, &session))
}

fn style_sheet() -> Reply {
    Reply(pages::style_sheet())
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
fn only(methods: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    let allow = move |method: Method| {
        if methods.split(", ").any(|allowed| method == allowed) {
            return ready(Ok::<_, Rejection>(()));
        }
        let denial = Denial::from(api::method_not_allowed().with("allow", methods));
        ready(Err(denial.into()))
    };
    warp::method().and_then(allow).untuple_one()
}

fn query() -> impl Filter<Extract = (Option<String>,), Error = Infallible> + Copy {
    warp::query::raw().map(Some).or(warp::any().map(|| None)).unify()
}

/// A form or its equivalent in JSON.
fn form() -> impl Filter<Extract = (Form,), Error = Rejection> + Copy {
    let read = async |method, headers, body| {
        let mut head = Request::new(());
        (*head.method_mut(), *head.headers_mut()) = (method, headers);
        Form::read(&HttpHead::from(&head), body).await
    };
    warp::method().and(warp::header::headers_cloned()).and(warp::body::stream()).then(read)
}

/// An answer of the shared code, as warp's response.
struct Reply(Answer);

impl warp::Reply for Reply {
    fn into_response(self) -> Response {
        answer_into_response(self.0)
    }
}
