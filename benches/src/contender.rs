//! A web application that is driven in process.

use crate::cookies;
use crate::workload::Workload;
use http::{HeaderValue, Method, StatusCode};

/// One request of a workload.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// `GET`, or `POST` for what changes something. A `POST` is sent with `Sec-Fetch-Site: same-origin`.
    pub method: Method,
    /// The path, and for a login the user's number as its query: `/login?7`.
    pub path: &'a str,
    /// The `Cookie` header.
    pub cookie: Option<&'a HeaderValue>,
}

/// The name and value of the header that says a request comes from the same site, as browsers send it.
pub const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

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
