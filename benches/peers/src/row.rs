//! One row of the table: a library on a framework.

use crate::lock;
use crate::peer::{Peer, Traits, log_in, post};
use crate::serving::{self, Serve, Serving};
use crate::spawning::InRuntime;
use crate::threads::{Lane, drive};
use actix_http::Request as ActixRequest;
use actix_web::Error as ActixError;
use actix_web::body::MessageBody;
use actix_web::dev::{Service as ActixService, ServiceResponse};
use axum::body::Body;
use benches::actix::Actix;
use benches::drive::{Tower, ready};
use benches::{Contender, Prepared, Trial, Workload};
use http::{Request, Response};
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::net::TcpListener;
use std::rc::Rc;
use tower_service::Service;

/// The framework under an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// axum.
    Axum,
    /// axum inside of a runtime that runs, for those who spawn tasks.
    AxumInRuntime,
    /// actix-web.
    Actix,
    /// warp.
    Warp,
}

impl Base {
    /// The name of its crate, and how it is driven where that differs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::AxumInRuntime => "axum in a runtime",
            Self::Actix => "actix-web",
            Self::Warp => "warp",
        }
    }

    /// The crate: the same inside of a runtime and outside.
    #[must_use]
    pub fn framework(self) -> &'static str {
        if self == Self::AxumInRuntime { Self::Axum.name() } else { self.name() }
    }
}

/// What an application is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The framework alone.
    Bare,
    /// The framework with a layer that does nothing.
    Nothing,
    /// Another library.
    Peer,
    /// hallpass.
    Hallpass,
}

impl Kind {
    /// Whether it has sessions.
    #[must_use]
    pub fn has_sessions(self) -> bool {
        matches!(self, Self::Peer | Self::Hallpass)
    }
}

/// One row of the table: a library on a framework, and one store that all applications made of it share.
pub struct Row {
    name: String,
    base: Base,
    kind: Kind,
    traits: Traits,
    apps: Box<dyn Apps>,
    serve: Serve,
}

impl Row {
    /// A peer on axum. `name` is its crate's.
    pub fn axum<S>(name: &str, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>,
        S: Clone + Send + 'static,
    {
        let serve = serving::axum(service.clone());
        Self::new(name, Base::Axum, TowerApps { service, body: PhantomData }, serve)
    }

    /// A peer on warp. `name` is its crate's.
    pub fn warp<S>(name: &str, service: S) -> Self
    where
        S: Service<Request<benches::warp::Body>, Response = warp::reply::Response, Error = Infallible>,
        S: Clone + Send + 'static,
    {
        let serve = serving::warp(service.clone());
        Self::new(name, Base::Warp, TowerApps { service, body: PhantomData }, serve)
    }

    /// A peer on actix-web, whose applications are made by `make` in the threads that use them. `name` is its crate's.
    pub fn actix<F, S, B>(name: &str, make: F) -> Self
    where
        F: AsyncFn() -> S + Clone + Send + 'static,
        S: ActixService<ActixRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
        B: MessageBody + 'static,
    {
        let serve = serving::actix(make.clone());
        Self::new(name, Base::Actix, ActixApps { make }, serve)
    }

    fn new(name: &str, base: Base, apps: impl Apps + 'static, serve: Serve) -> Self {
        let apps = Box::new(apps);
        Self { name: name.to_owned(), base, kind: Kind::Peer, traits: Traits::default(), apps, serve }
    }

    /// This row as no peer, but of this kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The application spawns tasks, so everything is answered inside of a runtime.
    #[must_use]
    pub fn in_runtime(self) -> Self {
        Self { base: Base::AxumInRuntime, ..self }
    }

    /// The cookies are signed or encrypted.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.traits.sealed = true;
        self
    }

    /// The application cannot do this, or answers it by an error.
    #[must_use]
    pub fn without(mut self, workload: Workload) -> Self {
        self.traits.without.push(workload);
        self
    }

    /// What it is called, without a version.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called in the table: a peer with its version.
    #[must_use]
    pub fn label(&self) -> String {
        match self.kind {
            Kind::Peer => format!("{} {}", self.name, lock::version(&self.name)),
            _ => self.name.clone(),
        }
    }

    /// The framework under it.
    #[must_use]
    pub fn base(&self) -> Base {
        self.base
    }

    /// What it is here for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// An application over the row's store, with so many users logged in.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, or if a login fails.
    #[must_use]
    pub fn trial(&self, users: u64) -> Box<dyn Trial> {
        self.apps.trial(self, users)
    }

    /// Logs in the users from 1 to `users`, each with three small values in the session.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, or if a request fails.
    pub fn fill(&self, users: u64) {
        self.apps.fill(self, users);
    }

    /// Makes and drives an application over the row's store, in whatever thread it is called.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.apps.lane(self)
    }

    /// Serves the application on a socket that does not block, until this is dropped.
    #[must_use]
    pub fn serve(&self, listener: TcpListener) -> Serving {
        (self.serve)(listener)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("name", &self.name).field("base", &self.base).finish_non_exhaustive()
    }
}

/// Makes applications over one store.
trait Apps {
    fn trial(&self, row: &Row, users: u64) -> Box<dyn Trial>;
    fn fill(&self, row: &Row, users: u64);
    fn lane(&self, row: &Row) -> Lane;
}

struct TowerApps<S, B> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S, B, R> Apps for TowerApps<S, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    B: Default + 'static,
    R: 'static,
{
    fn trial(&self, row: &Row, users: u64) -> Box<dyn Trial> {
        match row.base {
            Base::AxumInRuntime => prepared(self.in_runtime(), row, users),
            _ => prepared(self.tower(), row, users),
        }
    }

    fn fill(&self, row: &Row, users: u64) {
        match row.base {
            Base::AxumInRuntime => fill(self.in_runtime(), users),
            _ => fill(self.tower(), users),
        }
    }

    fn lane(&self, row: &Row) -> Lane {
        let apps = Self { service: self.service.clone(), body: PhantomData };
        let (base, has_sessions) = (row.base, row.kind.has_sessions());
        Box::new(move |plan, runtime| {
            let connect = || {
                let mut service = apps.service.clone();
                move |request| service.call(request)
            };
            match base {
                Base::AxumInRuntime => drive(apps.in_runtime(), has_sessions, connect, plan, runtime),
                _ => drive(apps.tower(), has_sessions, connect, plan, runtime),
            }
        })
    }
}

impl<S: Clone, B> TowerApps<S, B> {
    fn tower(&self) -> Tower<S, B> {
        Tower::new(self.service.clone())
    }

    fn in_runtime(&self) -> InRuntime<S, B> {
        InRuntime::new(self.service.clone())
    }
}

struct ActixApps<F> {
    make: F,
}

impl<F, S, B> Apps for ActixApps<F>
where
    F: AsyncFn() -> S + Clone + Send + 'static,
    S: ActixService<ActixRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
    B: MessageBody + 'static,
{
    fn trial(&self, row: &Row, users: u64) -> Box<dyn Trial> {
        prepared(Actix(ready((self.make)())), row, users)
    }

    fn fill(&self, _: &Row, users: u64) {
        fill(Actix(ready((self.make)())), users);
    }

    fn lane(&self, row: &Row) -> Lane {
        let (make, has_sessions) = (self.make.clone(), row.kind.has_sessions());
        Box::new(move |plan, runtime| {
            let service = Rc::new(ready(make()));
            let app = Actix(Rc::clone(&service));
            let connect = || {
                let service = Rc::clone(&service);
                move |request| service.call(request)
            };
            drive(app, has_sessions, connect, plan, runtime)
        })
    }
}

fn prepared<C: Contender + 'static>(app: C, row: &Row, users: u64) -> Box<dyn Trial> {
    let name = format!("{}/{}", row.base.name(), row.name);
    match row.kind {
        Kind::Peer => Box::new(Prepared::with_sessions(name, Peer::new(app, &row.traits), users)),
        Kind::Hallpass => Box::new(Prepared::with_sessions(name, app, users)),
        Kind::Bare | Kind::Nothing => Box::new(Prepared::without_sessions(name, app, users)),
    }
}

fn fill<C: Contender>(mut app: C, users: u64) {
    for id in 1..=users {
        let cookie = log_in(&mut app, id);
        post(&mut app, "/values", Some(&cookie));
    }
}
