use crate::head;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hallpass_core::{Answer, EndSubjectError, LogOutError, OpenError, SessionError};
use hallpass_login::{Authenticator, Denied, LoginError};

/// What the extractors of this crate answer when they fail, and what handlers may answer with `?`.
///
/// Extractors know the request, so their 401 is a redirect to the login page for a browser where the authenticator
/// names one. An error turned into a rejection in a handler becomes the answer for programs.
///
/// ```
/// use hallpass_axum::{Login, Rejection};
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn log_out_everywhere(login: Login<Users>) -> Result<String, Rejection> {
///     let receipt = login.log_out_everywhere().await?;
///     Ok(format!("{} sessions ended", receipt.sessions_ended))
/// }
/// # fn main() {
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::post(log_out_everywhere));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Rejection(Answer);

impl Rejection {
    /// The answer it stands for.
    pub fn answer(&self) -> &Answer {
        &self.0
    }

    pub(crate) fn of<A: Authenticator>(denied: Denied, parts: &Parts) -> Self {
        Self(denied.answer_for::<A>(head::slot(&parts.extensions), &head::of_parts(parts)))
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        hallpass_tower::answer_into_response(self.0)
    }
}

impl From<Answer> for Rejection {
    fn from(answer: Answer) -> Self {
        Self(answer)
    }
}

macro_rules! from_errors {
    ($($error:ty),+) => {
        $(impl From<$error> for Rejection {
            fn from(error: $error) -> Self {
                Self(error.answer())
            }
        })+
    };
}

from_errors!(EndSubjectError, LogOutError, LoginError, OpenError, SessionError);

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        Self(denied.plain_answer())
    }
}
