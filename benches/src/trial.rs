//! An application that is ready to be measured.

use crate::contender::{Call, Contender};
use crate::cookies;
use crate::workload::Workload;
use http::{HeaderValue, StatusCode};
use std::fmt;
use std::hint::black_box;
use std::thread;
use std::time::Duration;

/// How many requests are made ahead and then answered: few enough to stay in a core's cache.
const BATCH: u64 = 64;

/// How far apart the users of two requests in a row are: a prime, so that all are visited.
const STRIDE: usize = 7919;

/// More than the unit of clocks that sessions are measured with, so that what follows is later.
const TICK: Duration = Duration::from_millis(2);

/// An application and its sessions, whatever the framework.
pub trait Trial {
    /// `framework/what`, for example `axum/bare`.
    fn name(&self) -> &str;

    /// Whether the application can do this.
    fn supports(&self, workload: Workload) -> bool;

    /// Runs `workload` so many times. `measured` is called with each piece of work that counts, and has to do it.
    ///
    /// Making the requests and reading the cookie that comes back with a login do not count; dropping the answers does.
    /// Each round is another user's, so that no lookup is warm from the one before.
    fn run(&mut self, workload: Workload, rounds: u64, measured: &mut dyn FnMut(&mut dyn FnMut()));

    /// Makes sure that the application does what the workloads are about.
    ///
    /// # Panics
    ///
    /// If it does not.
    fn check(&mut self);
}

/// An application that can be made ready.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    name: &'static str,
    prepare: fn(&'static str, u64) -> Box<dyn Trial>,
}

impl Entry {
    /// The application of this name, made by `prepare` from it and a number of users.
    pub const fn new(name: &'static str, prepare: fn(&'static str, u64) -> Box<dyn Trial>) -> Self {
        Self { name, prepare }
    }

    /// `framework/what`, for example `axum/bare`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The application, with so many users logged in.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, or if `users` is 0.
    #[must_use]
    pub fn prepare(self, users: u64) -> Box<dyn Trial> {
        (self.prepare)(self.name, users)
    }
}

/// The [`Trial`] of a [`Contender`].
pub struct Prepared<C: Contender> {
    name: String,
    app: C,
    users: Users,
    has_sessions: bool,
    requests: Vec<C::Request>,
    responses: Vec<C::Response>,
}

impl<C: Contender> Prepared<C> {
    /// Logs in the users from 1 to `users`, and lets each ask for something once: the first use of a session may cost more
    /// than those after it, for a server may note that its cookie has arrived.
    ///
    /// # Panics
    ///
    /// If a login does not answer 200 with a cookie, or `users` is 0.
    #[must_use]
    pub fn with_sessions(name: impl Into<String>, mut app: C, users: u64) -> Self {
        let cookies: Vec<HeaderValue> = (1..=users).map(|id| log_in(&mut app, id)).collect();
        thread::sleep(TICK);
        let path = Workload::User.path();
        for cookie in &cookies {
            let request = app.request(&Call::get(path, Some(cookie)));
            app.answer(request);
        }
        Self::new(name.into(), app, cookies, true)
    }

    /// For an application without sessions: the cookies of so many users are made up.
    ///
    /// # Panics
    ///
    /// If `users` is 0.
    #[must_use]
    pub fn without_sessions(name: impl Into<String>, app: C, users: u64) -> Self {
        Self::new(name.into(), app, cookies::made_up(users), false)
    }

    fn new(name: String, app: C, cookies: Vec<HeaderValue>, has_sessions: bool) -> Self {
        assert!(!cookies.is_empty(), "{name}: there have to be users");
        let users = Users { cookies, last: 0 };
        Self { name, app, users, has_sessions, requests: Vec::new(), responses: Vec::new() }
    }

    fn request(&mut self, workload: Workload) -> C::Request {
        let (id, cookie) = self.users.next();
        let cookie = match workload {
            Workload::NoCookie | Workload::Login => None,
            Workload::Malformed => Some(self.app.malformed(cookie)),
            Workload::Unknown => Some(self.app.unknown(cookie)),
            _ => Some(cookie.clone()),
        };
        let path = match workload {
            Workload::Login => format!("{}?{id}", workload.path()),
            _ => workload.path().to_owned(),
        };
        self.app.request(&workload.call(&path, cookie.as_ref()))
    }

    /// Answers what `requests` has. The answers are dropped, or kept in `responses`.
    fn answer_all(&mut self, keep: bool, measured: &mut dyn FnMut(&mut dyn FnMut())) {
        let Self { app, requests, responses, .. } = self;
        measured(&mut || {
            for request in requests.drain(..) {
                let response = black_box(app.answer(request));
                if keep {
                    responses.push(response);
                }
            }
        });
    }

    /// Logs out those whose logins `responses` has.
    fn log_out_all(&mut self, measured: &mut dyn FnMut(&mut dyn FnMut())) {
        let Self { app, requests, responses, .. } = self;
        let request = |response| {
            let cookie = C::cookie(response);
            app.request(&Call::post("/logout", cookie.as_ref()))
        };
        requests.extend(responses.iter().map(request));
        measured(&mut || responses.clear());
        self.answer_all(false, measured);
    }

    fn status(&mut self, call: &Call<'_>) -> StatusCode {
        let request = self.app.request(call);
        C::status(&self.app.answer(request))
    }

    fn check_sessions(&mut self) {
        let name = self.name.clone();
        let cookie = log_in(&mut self.app, 1);
        let bad = [self.app.malformed(&cookie), self.app.unknown(&cookie)];
        for cookie in bad.iter().map(Some).chain([None]) {
            assert_eq!(
                self.status(&Call::get("/user", cookie)),
                StatusCode::UNAUTHORIZED,
                "{name}: {cookie:?}"
            );
        }
        assert_eq!(self.status(&Call::get("/user", Some(&cookie))), StatusCode::OK, "{name}");
        assert_eq!(self.status(&Call::post("/logout", Some(&cookie))), StatusCode::OK, "{name}");
        assert_eq!(
            self.status(&Call::get("/user", Some(&cookie))),
            StatusCode::UNAUTHORIZED,
            "{name}: logout"
        );
    }
}

impl<C: Contender> Trial for Prepared<C> {
    fn name(&self) -> &str {
        &self.name
    }

    fn supports(&self, workload: Workload) -> bool {
        self.app.supports(workload)
    }

    fn run(&mut self, workload: Workload, rounds: u64, measured: &mut dyn FnMut(&mut dyn FnMut())) {
        let mut left = rounds;
        while left > 0 {
            let batch = left.min(BATCH);
            left -= batch;
            for _ in 0..batch {
                let request = self.request(workload);
                self.requests.push(request);
            }
            let is_login = workload == Workload::Login;
            self.responses.reserve(if is_login { self.requests.len() } else { 0 });
            self.answer_all(is_login, measured);
            if is_login {
                self.log_out_all(measured);
            }
        }
    }

    fn check(&mut self) {
        for workload in Workload::ALL {
            if !self.supports(workload) {
                continue;
            }
            let request = self.request(workload);
            let status = C::status(&self.app.answer(request));
            assert_eq!(status, StatusCode::OK, "{}: {}", self.name, workload.name());
        }
        if self.has_sessions {
            self.check_sessions();
        }
    }
}

impl<C: Contender> fmt::Debug for Prepared<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Logs in the user of this number; the cookie.
fn log_in<C: Contender>(app: &mut C, id: u64) -> HeaderValue {
    let path = format!("{}?{id}", Workload::Login.path());
    let request = app.request(&Call::post(&path, None));
    let response = app.answer(request);
    assert_eq!(C::status(&response), StatusCode::OK, "login");
    C::cookie(&response).expect("a login sets a cookie")
}

/// Who is logged in: the first is number 1.
struct Users {
    cookies: Vec<HeaderValue>,
    last: usize,
}

impl Users {
    /// The number and cookie of another user.
    fn next(&mut self) -> (usize, &HeaderValue) {
        self.last = (self.last + STRIDE) % self.cookies.len();
        (self.last + 1, &self.cookies[self.last])
    }
}
