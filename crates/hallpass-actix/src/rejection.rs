use crate::response::answer_into_response;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use hallpass_core::{Answer, EndSubjectError, LogOutError, OpenError, SessionError};
use hallpass_login::{Denied, LoginError};
use std::fmt;

/// What the extractors of this crate answer when they fail, and what handlers may answer with `?`.
///
/// Extractors know the request, so their 401 is a redirect to the login page for a browser where the authenticator
/// names one. An error turned into a rejection in a handler becomes the answer for programs.
///
/// ```
/// use hallpass_actix::{Login, Rejection};
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn log_out_everywhere(login: Login<Users>) -> Result<String, Rejection> {
///     let receipt = login.log_out_everywhere().await?;
///     Ok(format!("{} sessions ended", receipt.sessions_ended))
/// }
/// # fn main() {
/// # let _ = actix_web::web::post().to(log_out_everywhere);
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
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        answer_into_response(self.0.clone())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was answered with status {}", self.0.status)
    }
}

impl std::error::Error for Rejection {}

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
