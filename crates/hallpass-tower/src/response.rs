use hallpass_core::{Answer, CommitOutcome, hygiene};
use http::header::{CACHE_CONTROL, Entry, SET_COOKIE, VARY, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// Turns an answer of the core into a response, as it is.
///
/// An answer whose status or headers HTTP does not allow becomes a 500 without a body.
///
/// ```
/// use hallpass_core::{Answer, Refusal};
///
/// let answer = Answer::refusal(Refusal::CrossOrigin);
/// let response: http::Response<String> = hallpass_tower::answer_into_response(answer);
/// assert_eq!(response.status(), 403);
/// assert_eq!(response.headers()["content-type"], "application/json");
/// assert_eq!(response.body(), r#"{"error":"cross_origin"}"#);
/// ```
#[must_use]
pub fn answer_into_response<B: From<String>>(answer: Answer) -> Response<B> {
    let away = Away::of(&answer);
    let head = Response::builder().status(answer.status);
    let head = answer.headers.iter().fold(head, |head, (name, value)| head.header(*name, &**value));
    let head = match away {
        Some(away) => head.extension(away),
        None => head,
    };
    head.body(answer.body.into_owned().into()).unwrap_or_else(|_| misconfigured())
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

fn misconfigured<B: From<String>>() -> Response<B> {
    let mut response = Response::new(String::new().into());
    *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(hygiene::NO_STORE));
    response
}

/// The inner service's output as it goes out after the commit.
pub(crate) fn conclude<B: From<String>, E>(
    outcome: &CommitOutcome,
    output: Result<Response<B>, E>,
) -> Result<Response<B>, E> {
    if let Some(answer) = replacement(outcome, output.as_ref().ok()) {
        let mut response = answer_into_response(answer);
        challenge(outcome, &mut response);
        return Ok(response);
    }
    let mut response = output?;
    if outcome.opened {
        dress(outcome, response.headers_mut());
        challenge(outcome, &mut response);
    }
    for line in outcome.set_cookies() {
        response.headers_mut().append(SET_COOKIE, sensitive(line));
    }
    Ok(response)
}

fn replacement<B>(outcome: &CommitOutcome, response: Option<&Response<B>>) -> Option<Answer> {
    outcome.refusal?;
    let away = response.and_then(|response| response.extensions().get::<Away>());
    outcome.answer(away.map(|Away(own)| own.clone()))
}

/// Keeps caches from an answer that was made for one user.
fn dress(outcome: &CommitOutcome, headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(hygiene::NO_STORE));
    for field in outcome.vary() {
        match headers.entry(VARY) {
            Entry::Vacant(place) => {
                place.insert(HeaderValue::from_static(field));
            }
            Entry::Occupied(mut lines) => {
                if let Some(vary) = hygiene::merge_vary(lines.iter().map(HeaderValue::as_bytes), field) {
                    lines.append(HeaderValue::from_static(vary));
                }
            }
        }
    }
}

/// Says in a 401 that bearer tokens are taken, where they are.
fn challenge<B>(outcome: &CommitOutcome, response: &mut Response<B>) {
    let Some(challenge) = outcome.challenge().filter(|_| response.status() == StatusCode::UNAUTHORIZED)
    else {
        return;
    };
    let headers = response.headers_mut();
    let existing = headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
    if let Some(challenge) = hygiene::merge_challenge(existing, challenge) {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
}

fn sensitive(line: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(line).expect("a cookie policy admits nothing but visible ASCII");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_core::Refusal;

    fn dressed(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let mut outcome = CommitOutcome::default();
        outcome.opened = true;
        dress(&outcome, &mut headers);
        headers
    }

    fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
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
        let mut secret = Response::new("secret".to_owned());
        secret.headers_mut().append(SET_COOKIE, HeaderValue::from_static("theme=dark"));
        for output in [Ok(secret), Err("broken")] {
            let response = conclude(&outcome(), output).unwrap();
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "5");
            assert!(!response.headers().contains_key(SET_COOKIE));
            assert_eq!(response.body(), r#"{"error":"store_unavailable"}"#);
        }
    }

    #[test]
    fn a_whole_503_stays_and_loses_what_others_added() {
        let concluded = |refusal, answer| {
            let mut outcome = CommitOutcome::default();
            outcome.refusal = Some(refusal);
            let mut output: Response<String> = answer_into_response(answer);
            output.headers_mut().append(SET_COOKIE, HeaderValue::from_static("theme=dark"));
            conclude::<_, ()>(&outcome, Ok(output)).unwrap()
        };
        let incomplete = || Answer::empty(503).with("content-type", "text/html");
        let page = || incomplete().with("retry-after", "7");
        let kept = concluded(Refusal::Unavailable, page());
        assert_eq!((kept.status(), kept.headers().len()), (StatusCode::SERVICE_UNAVAILABLE, 3));
        assert_eq!(kept.headers()["retry-after"], "7");
        assert_eq!(kept.headers()[CACHE_CONTROL], "no-store");

        let kept = concluded(Refusal::Unavailable, Answer::json(503, "{}").with("retry-after", "7"));
        assert_eq!(kept.body(), "{}");
        for answer in [incomplete(), Answer::json(200, "{}").with("retry-after", "7")] {
            let replaced = concluded(Refusal::Unavailable, answer);
            assert_eq!(replaced.body(), r#"{"error":"store_unavailable"}"#);
        }
        assert_eq!(concluded(Refusal::CrossOrigin, page()).status(), StatusCode::FORBIDDEN);
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
            let response: Response<String> = answer_into_response(hostile);
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers().len(), 1);
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(response.body(), "");
        }
    }
}
