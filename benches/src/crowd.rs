//! Very many sessions, in little room.

use crate::contender::{Call, Contender};
use crate::workload::Workload;
use http::{HeaderValue, StatusCode};
use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How many requests are made ahead and then answered: few enough to stay in a core's cache.
const BATCH: u32 = 64;

/// The cookies of very many users: `Cookie` headers that are all of one length.
#[derive(Debug)]
pub struct Crowd {
    cookies: Vec<u8>,
    length: usize,
}

impl Crowd {
    /// Nobody yet, and room for so many. All of it is there from now on, so that what is measured afterwards has no part
    /// of it. User 0 is logged in to see how long a cookie is.
    ///
    /// # Panics
    ///
    /// As [`log_in`](Self::log_in).
    pub fn with_room<C: Contender>(app: &mut C, users: usize) -> Self {
        let length = log_in(app, 0).len();
        let mut cookies = vec![1; length * users];
        cookies.clear();
        Self { cookies, length }
    }

    /// Logs in the users of these numbers and stores three small values in the session of each.
    ///
    /// # Panics
    ///
    /// If a request is not answered with 200, or a cookie is longer or shorter than the others.
    pub fn log_in<C: Contender>(&mut self, app: &mut C, users: Range<u64>) {
        for id in users {
            let cookie = log_in(app, id);
            assert_eq!(cookie.len(), self.length, "user {id}");
            self.cookies.extend_from_slice(cookie.as_bytes());
        }
    }

    /// How many there are.
    fn count(&self) -> usize {
        self.cookies.len() / self.length
    }

    /// Uses every session once, in order.
    ///
    /// # Panics
    ///
    /// If one is refused.
    pub fn visit_all<C: Contender>(&mut self, app: &mut C) {
        for index in 0..self.count() {
            let request = app.request(&visit(&self.cookie(index)));
            assert_eq!(C::status(&app.answer(request)), StatusCode::OK, "user {}", index + 1);
        }
    }

    /// The cookie of the user who came at this place, from 0.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[must_use]
    pub fn cookie(&self, index: usize) -> HeaderValue {
        let bytes = &self.cookies[index * self.length..][..self.length];
        HeaderValue::from_bytes(bytes).expect("cookies are visible")
    }

    /// Users by chance: another series for each `seed`.
    #[must_use]
    pub fn visitors(&self, seed: u64) -> Visitors<'_> {
        Visitors { crowd: self, random: 0x9E37_79B9_7F4A_7C15 ^ seed }
    }
}

/// Users of a [`Crowd`], by chance.
#[derive(Debug)]
pub struct Visitors<'a> {
    crowd: &'a Crowd,
    random: u64,
}

impl Visitors<'_> {
    /// An authenticated GET of the next one.
    pub fn request<C: Contender>(&mut self, app: &C) -> C::Request {
        let index = self.next() % self.crowd.count() as u64;
        let cookie = self.crowd.cookie(usize::try_from(index).expect("less than the number of cookies"));
        app.request(&visit(&cookie))
    }

    /// How long an authenticated GET takes on average, of at least so many.
    pub fn time<C: Contender>(&mut self, app: &mut C, rounds: u32) -> Duration {
        let mut requests = Vec::with_capacity(BATCH as usize);
        let mut taken = Duration::ZERO;
        let batches = rounds.div_ceil(BATCH);
        for _ in 0..batches {
            requests.extend((0..BATCH).map(|_| self.request(app)));
            let started = Instant::now();
            for request in requests.drain(..) {
                black_box(app.answer(request));
            }
            taken += started.elapsed();
        }
        taken / (batches * BATCH)
    }

    /// xorshift64: good enough to miss every cache.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

/// With three small values; the cookie.
fn log_in<C: Contender>(app: &mut C, id: u64) -> HeaderValue {
    let path = format!("{}?{id}", Workload::Login.path());
    let cookie = C::cookie(&post(app, &path, None)).expect("a login sets a cookie");
    drop(post(app, "/values", Some(&cookie)));
    cookie
}

fn visit(cookie: &HeaderValue) -> Call<'_> {
    Call::get(Workload::User.path(), Some(cookie))
}

fn post<C: Contender>(app: &mut C, path: &str, cookie: Option<&HeaderValue>) -> C::Response {
    let request = app.request(&Call::post(path, cookie));
    let response = app.answer(request);
    assert_eq!(C::status(&response), StatusCode::OK, "{path}");
    response
}
