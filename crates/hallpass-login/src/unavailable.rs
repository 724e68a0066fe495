use hallpass_core::{Answer, Audience, Refusal, RequestHead, audience};

/// The 503 for people: a small page in the place of JSON, with the same `Retry-After` as [`Refusal::Unavailable`].
///
/// A [`Denied`](crate::Denied) and the [`LogoutEndpoint`](crate::LogoutEndpoint) answer a browser's navigation with it
/// while the store or the users cannot be asked, and the session layer answers with it when that comes out at the commit. It is
/// for handlers that meet the same: a 503 that they make stays in place of the layer's own.
///
/// ```
/// use hallpass_login::unavailable_page;
///
/// let page = unavailable_page();
/// assert_eq!(page.status, 503);
/// assert!(page.headers.contains(&("retry-after", "5".into())));
/// assert!(page.body.starts_with("<!doctype html>"));
/// ```
#[must_use]
pub fn unavailable_page() -> Answer {
    Answer::refusal_page(Refusal::Unavailable)
}

/// `answer`, or the page if it is a 503 and the request with this head is a browser's navigation.
pub(crate) fn for_people(answer: Answer, head: &impl RequestHead) -> Answer {
    match answer.status {
        503 if audience(head) == Audience::Browser => unavailable_page(),
        _ => answer,
    }
}
