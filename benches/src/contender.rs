//! A web application that is driven in process.

use crate::cookies;
use crate::workload::Workload;
use http::{HeaderValue, Method, StatusCode};

/// One request of a workload.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// `GET`, or `POST` for what changes something.
    pub method: Method,
    /// The path, and for a login the user's number as its query: `/login?7`.
    pub path: &'a str,
    /// The `Cookie` header.
    pub cookie: Option<&'a HeaderValue>,
    /// The other headers but `Host`: names in lower case, and values.
    pub headers: Headers,
}

/// Names and values of headers.
pub type Headers = &'static [(&'static str, &'static str)];

/// Says that a request comes from the same site, as browsers do.
const SAME_ORIGIN: Headers = &[("sec-fetch-site", "same-origin")];

/// What Chrome sends when a user follows a link within a site.
pub const NAVIGATION: Headers = &[
    ("connection", "keep-alive"),
    ("sec-ch-ua", r#""Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140""#),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", r#""Linux""#),
    ("upgrade-insecure-requests", "1"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    ),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("sec-fetch-dest", "document"),
    ("referer", "https://shop.example/"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-US,en;q=0.9"),
];

impl<'a> Call<'a> {
    /// A `GET` without headers of its own.
    #[must_use]
    pub fn get(path: &'a str, cookie: Option<&'a HeaderValue>) -> Self {
        Self { method: Method::GET, path, cookie, headers: &[] }
    }

    /// A `POST` from the same site.
    #[must_use]
    pub fn post(path: &'a str, cookie: Option<&'a HeaderValue>) -> Self {
        Self { method: Method::POST, path, cookie, headers: SAME_ORIGIN }
    }
}

/// The value of `Host` in every request.
pub const HOST: &str = "shop.example";

/// A web application, with sessions or without, that answers [`Call`]s in the thread that asks.
///
/// Its routes:
///
/// | | |
/// |---|---|
/// | `GET /user` | loads the user; 401 if nobody is logged in |
/// | `GET /subject` | asks only who it is; 401 if nobody is |
/// | `GET /guarded` | loads the user behind a guard |
/// | `GET /maybe` | loads the user if somebody is logged in; always 200 |
/// | `GET /public` | asks for no session |
/// | `POST /write` | counts up a number in the session |
/// | `POST /values` | stores three small values in the session: a name, a theme and a number |
/// | `POST /login?ID` | logs in the user of this number, with no password hash; sets the cookie |
/// | `POST /logout` | ends the session |
///
/// All answers are 200 where nothing else is said, and what the handlers add of their own is empty. An application
/// without sessions answers 200 to all.
pub trait Contender {
    /// A request as the framework's server makes it.
    type Request;
    /// An answer as the framework's server gets it.
    type Response;

    /// Makes a request. This is not measured.
    fn request(&self, call: &Call<'_>) -> Self::Request;

    /// Answers a request. This is measured, and so is dropping the answer.
    ///
    /// # Panics
    ///
    /// If it fails, or waits for something that never comes.
    fn answer(&mut self, request: Self::Request) -> Self::Response;

    /// The status of an answer.
    fn status(response: &Self::Response) -> StatusCode;

    /// What a browser sends back: the `name=value` pairs of all `Set-Cookie` lines, as one `Cookie` header. `None` if
    /// there are none. See [`cookies::sent_back`].
    fn cookie(response: &Self::Response) -> Option<HeaderValue>;

    /// Whether the application can do this.
    fn supports(&self, workload: Workload) -> bool {
        let _ = workload;
        true
    }

    /// A cookie of the same name whose value nobody can decode.
    fn malformed(&self, cookie: &HeaderValue) -> HeaderValue {
        cookies::malformed(cookie)
    }

    /// A cookie of the same name whose value can be decoded and belongs to nobody.
    fn unknown(&self, cookie: &HeaderValue) -> HeaderValue {
        cookies::unknown(cookie)
    }
}
