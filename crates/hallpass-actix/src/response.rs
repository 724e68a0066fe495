use crate::rejection::Rejection;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse, ResponseError};
use hallpass_core::{Answer, CommitOutcome, hygiene};
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Turns an answer of the core into a response, as it is.
///
/// An answer whose status or headers HTTP does not allow becomes a 500 without a body.
///
/// ```
/// use hallpass_core::{Answer, Refusal};
///
/// let response = hallpass_actix::answer_into_response(Answer::refusal(Refusal::CrossOrigin));
/// assert_eq!(response.status(), 403);
/// assert_eq!(response.headers().get("content-type").unwrap(), "application/json");
/// ```
#[must_use]
pub fn answer_into_response(answer: Answer) -> HttpResponse {
    let away = Away::of(&answer);
    let mut response = build(answer).unwrap_or_else(misconfigured);
    if let Some(away) = away {
        response.extensions_mut().insert(away);
    }
    response
}

/// Goes with a response that is a whole 503: what has made it has seen the request, and knows who asks and what has been
/// done.
#[derive(Clone)]
struct Away(Answer);

impl Away {
    fn of(answer: &Answer) -> Option<Self> {
        let has = |wanted| answer.headers.iter().any(|(name, _)| *name == wanted);
        let is_whole = answer.status == 503 && has("retry-after") && !has("set-cookie");
        is_whole.then(|| Self(answer.clone()))
    }
}

fn build(answer: Answer) -> Option<HttpResponse> {
    let mut response = HttpResponse::new(StatusCode::from_u16(answer.status).ok()?);
    for (name, value) in answer.headers {
        let value = HeaderValue::from_str(&value).ok()?;
        response.headers_mut().append(HeaderName::try_from(name).ok()?, value);
    }
    Some(response.set_body(BoxBody::new(answer.body.into_owned())))
}

fn misconfigured() -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(hygiene::NO_STORE));
    response
}

/// The inner service's output as it goes out after the commit.
pub(crate) fn conclude<B: MessageBody + 'static>(
    outcome: CommitOutcome,
    output: Result<ServiceResponse<B>, Error>,
) -> Result<ServiceResponse, Error> {
    let refused = refused(&outcome, &output);
    match (output, refused) {
        (Ok(response), Some(answer)) => Ok(response.into_response(answer_into_response(answer))),
        (Err(_), Some(answer)) => Err(Rejection::from(answer).into()),
        (Ok(mut response), None) => {
            let status = response.status();
            dress(&outcome, status, response.headers_mut());
            Ok(if outcome.opened { without_unread_stream(response) } else { response.map_into_boxed_body() })
        }
        (Err(error), None) if outcome.opened => Err(Dressed { error, outcome }.into()),
        (Err(error), None) => Err(error),
    }
}

/// Drops a stream that answers `HEAD`. actix-web polls it to its end and sends nothing of it; if it lives as long as a
/// session, it would keep its connection, and the watch of the session, for as long.
fn without_unread_stream<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse {
    let is_head = response.request().method() == Method::HEAD;
    response.map_body(|_, body| match body.size() {
        BodySize::Stream if is_head => BoxBody::new(Unread),
        _ => body.boxed(),
    })
}

/// A stream that is over, with the headers of one that is not.
struct Unread;

impl MessageBody for Unread {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

fn away_of<B>(output: &Result<ServiceResponse<B>, Error>) -> Option<Away> {
    match output {
        Ok(response) => response.response().extensions().get().cloned(),
        Err(error) => error.as_error::<Rejection>().and_then(|rejection| Away::of(rejection.answer())),
    }
}

fn refused<B>(outcome: &CommitOutcome, output: &Result<ServiceResponse<B>, Error>) -> Option<Answer> {
    outcome.refusal?;
    let answer = outcome.answer(away_of(output).map(|Away(own)| own))?;
    Some(match outcome.challenge() {
        Some(challenge) if answer.status == 401 => answer.with(hygiene::WWW_AUTHENTICATE, challenge),
        _ => answer,
    })
}

/// Keeps caches from an answer that was made for one user, and gives it its cookies.
fn dress(outcome: &CommitOutcome, status: StatusCode, headers: &mut HeaderMap) {
    if outcome.opened {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(hygiene::NO_STORE));
        for field in outcome.vary() {
            let existing = headers.get_all(VARY).map(HeaderValue::as_bytes);
            if let Some(vary) = hygiene::merge_vary(existing, field) {
                headers.append(VARY, HeaderValue::from_static(vary));
            }
        }
        if status == StatusCode::UNAUTHORIZED {
            challenge(outcome, headers);
        }
    }
    for line in outcome.set_cookies() {
        headers.append(SET_COOKIE, sensitive(line));
    }
}

/// Says in a 401 that bearer tokens are taken, where they are.
fn challenge(outcome: &CommitOutcome, headers: &mut HeaderMap) {
    let Some(challenge) = outcome.challenge() else { return };
    let existing = headers.get_all(WWW_AUTHENTICATE).map(HeaderValue::as_bytes);
    if let Some(challenge) = hygiene::merge_challenge(existing, challenge) {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
}

fn sensitive(line: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(line).expect("a cookie policy admits nothing but visible ASCII");
    value.set_sensitive(true);
    value
}

/// An error whose response carries what the commit has to say. A response in its place would need the request, which has
/// gone with the inner service, and to keep a clone of it makes actix-web's routing panic.
struct Dressed {
    error: Error,
    outcome: CommitOutcome,
}

impl ResponseError for Dressed {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.error.error_response();
        let status = response.status();
        dress(&self.outcome, status, response.headers_mut());
        response
    }
}

impl fmt::Display for Dressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for Dressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::ErrorImATeapot;
    use actix_web::test::TestRequest;
    use hallpass_core::Refusal;

    fn opened() -> CommitOutcome {
        let mut outcome = CommitOutcome::default();
        outcome.opened = true;
        outcome
    }

    fn dressed(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        dress(&opened(), StatusCode::OK, &mut headers);
        headers
    }

    fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
        headers.get_all(name).map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn whatever_the_handler_allowed_caches_they_keep_nothing() {
        let headers = dressed(&[("cache-control", "public"), ("cache-control", "max-age=60")]);
        assert_eq!(values(&headers, "cache-control"), ["no-store"]);
    }

    #[test]
    fn vary_is_merged_once() {
        assert_eq!(values(&dressed(&[]), "vary"), ["Cookie"]);
        assert_eq!(values(&dressed(&[("vary", "Origin")]), "vary"), ["Origin", "Cookie"]);
        assert_eq!(values(&dressed(&[("vary", "Origin, cookie")]), "vary"), ["Origin, cookie"]);
        assert_eq!(values(&dressed(&[("vary", "*")]), "vary"), ["*"]);
    }

    #[test]
    fn a_refusal_takes_the_place_of_a_response_and_of_an_error() {
        let outcome = || {
            let mut outcome = CommitOutcome::default();
            outcome.refusal = Some(Refusal::Unavailable);
            outcome
        };
        let secret = HttpResponse::Ok().append_header(("set-cookie", "theme=dark")).body("secret");
        let replaced = conclude(outcome(), Ok(TestRequest::default().to_srv_response(secret))).unwrap();
        let failed = Err::<ServiceResponse, _>(ErrorImATeapot("broken"));
        let failed = conclude(outcome(), failed).unwrap_err().error_response();
        for response in [replaced.response(), &failed] {
            assert_eq!(response.status(), 503);
            assert_eq!(values(response.headers(), "retry-after"), ["5"]);
            assert!(!response.headers().contains_key("set-cookie"));
        }
    }

    #[test]
    fn a_whole_503_stays_and_loses_what_others_added() {
        let concluded = |refusal, output| {
            let mut outcome = CommitOutcome::default();
            outcome.refusal = Some(refusal);
            match conclude(outcome, output) {
                Ok(response) => response.into_parts().1,
                Err(error) => error.error_response(),
            }
        };
        let page = || Answer::empty(503).with("content-type", "text/html").with("retry-after", "7");
        let response = || {
            let mut response = answer_into_response(page());
            response.headers_mut().append(SET_COOKIE, HeaderValue::from_static("theme=dark"));
            Ok(TestRequest::default().to_srv_response(response))
        };
        for output in [response(), Err(Rejection::from(page()).into())] {
            let response = concluded(Refusal::Unavailable, output);
            assert_eq!(response.status(), 503);
            assert_eq!(values(response.headers(), "content-type"), ["text/html"]);
            assert_eq!(values(response.headers(), "retry-after"), ["7"]);
            assert!(!response.headers().contains_key("set-cookie"));
        }
        assert_eq!(concluded(Refusal::CrossOrigin, response()).status(), 403);
    }

    #[test]
    fn an_error_keeps_its_response_however_it_is_asked_for() {
        let mut error = ErrorImATeapot("broken");
        error.add_response_mapper(|mut response| {
            response.headers_mut().insert(VARY, HeaderValue::from_static("Origin"));
            response
        });
        let error = conclude(opened(), Err::<ServiceResponse, _>(error)).unwrap_err();
        assert_eq!(
            (error.to_string(), error.as_response_error().status_code()),
            ("broken".to_owned(), StatusCode::IM_A_TEAPOT)
        );
        let again = error.as_response_error().error_response();
        for response in [error.error_response(), again, HttpResponse::from_error(error)] {
            assert_eq!(response.status(), 418);
            assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);
            assert_eq!(values(response.headers(), "vary"), ["Origin", "Cookie"]);
        }
    }

    #[test]
    fn an_error_is_left_alone_where_nothing_opened_the_session() {
        let error = Err::<ServiceResponse, _>(Rejection::from(Answer::empty(418)).into());
        let error = conclude(CommitOutcome::default(), error).unwrap_err();
        assert!(error.as_error::<Rejection>().is_some());
    }

    #[test]
    fn a_cookie_never_shows_in_a_debug_print() {
        let value = sensitive("__Host-id=secret; Secure");
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("secret"));
    }

    #[test]
    fn an_answer_that_http_does_not_allow_is_a_500_without_its_headers() {
        for hostile in [Answer::empty(303).with("location", "/a\r\nset-cookie: x=y"), Answer::empty(99)] {
            let response = answer_into_response(hostile);
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers().len(), 1);
            assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);
        }
    }
}
