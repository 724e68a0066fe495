//! What the peers cannot do, and cookies that they would have issued.

use benches::{Call, Contender, Workload};
use http::{HeaderValue, StatusCode};
use std::cell::Cell;

/// How many sessions are ended to have cookies that belong to nobody.
const ENDED: u64 = 256;

/// Where a peer differs from the contract of [`Contender`].
#[derive(Debug, Clone, Default)]
pub struct Traits {
    /// Whether its cookies are signed or encrypted. Then a made-up cookie is a malformed one, and a cookie whose session
    /// has ended stands for the unknown ones.
    pub sealed: bool,
    /// What it cannot do, or answers by an error.
    pub without: Vec<Workload>,
}

/// A peer's application.
#[derive(Debug)]
pub struct Peer<C> {
    app: C,
    without: Vec<Workload>,
    ended: Vec<HeaderValue>,
    next: Cell<usize>,
}

impl<C: Contender> Peer<C> {
    /// The application `app`, with these traits.
    ///
    /// # Panics
    ///
    /// If its cookies are sealed and a login sets none.
    pub fn new(mut app: C, traits: &Traits) -> Self {
        let count = if traits.sealed { ENDED } else { 0 };
        let ended = (1..=count).map(|id| log_in_and_out(&mut app, id)).collect();
        Self { app, without: traits.without.clone(), ended, next: Cell::new(0) }
    }
}

impl<C: Contender> Contender for Peer<C> {
    type Request = C::Request;
    type Response = C::Response;

    fn request(&self, call: &Call<'_>) -> C::Request {
        self.app.request(call)
    }

    fn answer(&mut self, request: C::Request) -> C::Response {
        self.app.answer(request)
    }

    fn status(response: &C::Response) -> StatusCode {
        C::status(response)
    }

    fn cookie(response: &C::Response) -> Option<HeaderValue> {
        C::cookie(response)
    }

    fn supports(&self, workload: Workload) -> bool {
        !matches!(workload, Workload::Subject | Workload::Guarded) && !self.without.contains(&workload)
    }

    fn malformed(&self, cookie: &HeaderValue) -> HeaderValue {
        // Asked for all the same, to check that it is refused.
        match self.supports(Workload::Malformed) {
            true => self.app.malformed(cookie),
            false => self.unknown(cookie),
        }
    }

    fn unknown(&self, cookie: &HeaderValue) -> HeaderValue {
        if self.ended.is_empty() {
            return self.app.unknown(cookie);
        }
        let place = self.next.get();
        self.next.set((place + 1) % self.ended.len());
        self.ended[place].clone()
    }
}

fn log_in_and_out<C: Contender>(app: &mut C, id: u64) -> HeaderValue {
    let cookie = log_in(app, id);
    post(app, "/logout", Some(&cookie));
    cookie
}

/// Logs in the user of this number; the cookie.
///
/// # Panics
///
/// If there is none.
pub fn log_in<C: Contender>(app: &mut C, id: u64) -> HeaderValue {
    let response = post(app, &format!("/login?{id}"), None);
    C::cookie(&response).expect("a login sets a cookie")
}

/// Sends a POST that has to be answered 200.
///
/// # Panics
///
/// If it is not.
pub fn post<C: Contender>(app: &mut C, path: &str, cookie: Option<&HeaderValue>) -> C::Response {
    let request = app.request(&Call::post(path, cookie));
    let response = app.answer(request);
    assert_eq!(C::status(&response), StatusCode::OK, "{path}");
    response
}
