//! One request through axum, in process: nanoseconds and allocations over the bare framework.

use allocation_counter::measure;
use axum::Router;
use axum::body::Body;
use benches::app;
use benches::drive::{answer, get, post};
use criterion::{BatchSize, Criterion};
use http::{HeaderValue, Request, Response, StatusCode};
use std::convert::Infallible;
use std::hint::black_box;
use std::task::{Context, Poll};
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

const SESSIONS: u64 = 10_000;

type Make = fn(&HeaderValue) -> Request<Body>;

/// The cookies, one after the other, so that no lookup is warm from the one before.
struct Cookies(std::iter::Cycle<std::vec::IntoIter<HeaderValue>>);

impl Cookies {
    fn next(&mut self) -> HeaderValue {
        self.0.next().expect("there are sessions")
    }
}

/// Passes requests on: what any layer costs.
#[derive(Clone)]
struct Nothing<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

fn bench<S>(criterion: &mut Criterion, name: &str, app: &mut S, cookies: &mut Cookies, make: Make)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let cookie = cookies.next();
    assert_eq!(answer(app, make(&cookie)).status(), StatusCode::OK, "{name}");
    let ready = make(&cookies.next());
    let allocations = measure(|| drop(answer(app, ready)));
    println!("{name}: {} allocations, {} bytes", allocations.count_total, allocations.bytes_total);
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(
            || make(&cookies.next()),
            |request| black_box(answer(app, request)),
            BatchSize::SmallInput,
        );
    });
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let mut criterion = Criterion::default().configure_from_args();

    let layer = app::layer();
    let mut layered: Router = app::routes().layer(layer.clone());
    let mut around = layer.layer(app::routes());
    let sessions = app::log_in_all(&mut layered, SESSIONS);
    let mut cookies = Cookies(sessions.into_iter().cycle());

    let user: Make = |cookie| get("/user", cookie);
    let public: Make = |cookie| get("/public", cookie);
    bench(&mut criterion, "bare: a GET", &mut app::bare(), &mut cookies, user);
    let mut nothing: Router = app::bare().layer(layer_fn(Nothing));
    bench(&mut criterion, "a layer that does nothing: a GET", &mut nothing, &mut cookies, user);

    bench(&mut criterion, "by Router::layer: an authenticated GET", &mut layered, &mut cookies, user);
    bench(&mut criterion, "around the router: an authenticated GET", &mut around, &mut cookies, user);
    let subject: Make = |cookie| get("/subject", cookie);
    bench(&mut criterion, "by Router::layer: subject only", &mut layered, &mut cookies, subject);
    let guarded: Make = |cookie| get("/guarded", cookie);
    bench(&mut criterion, "by Router::layer: guard and user", &mut layered, &mut cookies, guarded);
    bench(&mut criterion, "by Router::layer: a public GET with a cookie", &mut layered, &mut cookies, public);
    bench(&mut criterion, "around the router: a public GET with a cookie", &mut around, &mut cookies, public);
    let write: Make = |cookie| post("/write", cookie);
    bench(&mut criterion, "by Router::layer: a write", &mut layered, &mut cookies, write);
    log_in_and_out(&mut criterion, &mut layered);
    criterion.final_summary();
}

fn log_in_and_out(criterion: &mut Criterion, app: &mut Router) {
    criterion.bench_function("by Router::layer: login and logout", |bencher| {
        bencher.iter(|| {
            let cookie = app::log_in_one(app, 1);
            assert_eq!(answer(app, post("/logout", &cookie)).status(), StatusCode::OK);
        });
    });
}
