use crate::clear_site_data::ClearSiteData;
use crate::negotiate::{Audience, audience};
use crate::next::Next;
use crate::unavailable::for_people;
use hallpass_core::{Answer, OriginRefusal, Refusal, RequestHead, SessionSlot, Transport, Verdict};
use std::sync::Arc;

/// The ready-made logout endpoint: which methods it takes, and where browsers go after.
///
/// Adapters mount it for every method and let it decide. It answers a program with 200 and
/// `{"sessions_ended": n}`, a browser with 303, htmx with `HX-Redirect`, another method with 405 and `Allow`. Another
/// site is refused with 403, and a store that does not confirm is 503, never a success: JSON, or the
/// [`unavailable_page`](crate::unavailable_page) for a browser.
///
/// ```
/// use hallpass_login::LogoutEndpoint;
///
/// let logout = LogoutEndpoint::new().allow_get().redirect_to("/goodbye");
/// # let _ = logout;
/// ```
#[derive(Debug, Clone)]
pub struct LogoutEndpoint {
    get: bool,
    redirect: Arc<str>,
    clear: ClearSiteData,
}

impl Default for LogoutEndpoint {
    fn default() -> Self {
        Self { get: false, redirect: "/".into(), clear: ClearSiteData::new() }
    }
}

impl LogoutEndpoint {
    /// By POST only; browsers go to `/` after.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes GET too, for links: only a user's own navigation or a script of the same origin logs out, not an image, a
    /// frame, a prefetch or another site. Browsers from before 2023 do not tell these apart, so a form with POST is
    /// safer.
    #[must_use]
    pub fn allow_get(mut self) -> Self {
        self.get = true;
        self
    }

    /// Where browsers go after the logout: a path of this site. Anything else is replaced by `/`.
    #[must_use]
    pub fn redirect_to(mut self, path: &str) -> Self {
        self.redirect = Next::parse(path).unwrap_or_default().as_str().into();
        self
    }

    /// Asks browsers to forget more than the session's cookies, after a logout that is confirmed. Nothing unless set; read
    /// [`ClearSiteData`] first.
    #[must_use]
    pub fn clear_site_data(mut self, clear: ClearSiteData) -> Self {
        self.clear = clear;
        self
    }

    /// Logs out on `slot`, if the request with this head may.
    pub async fn answer(&self, slot: &SessionSlot, head: &impl RequestHead) -> Answer {
        if let Err(refused) = self.check(slot, head) {
            return refused;
        }
        slot.observe_client(head);
        let session = match slot.open_for_login().await {
            Ok(session) => session,
            Err(error) => return failed(slot, head, error.answer()),
        };
        match session.log_out().await {
            Ok(receipt) if slot.transport() == Transport::Bearer => counted(receipt.sessions_ended),
            Ok(receipt) => self.success(head, receipt.sessions_ended),
            Err(error) => failed(slot, head, error.answer()),
        }
    }

    /// A bearer token comes from no page unasked. POST is checked when the session is opened, like every request that changes something; GET needs more; any other
    /// method is refused, another site's first.
    fn check(&self, slot: &SessionSlot, head: &impl RequestHead) -> Result<(), Answer> {
        let (origin, cookies) = (slot.manager().origin_policy(), slot.manager().cookies());
        let is_bearer = slot.transport() == Transport::Bearer;
        let verdict = match head.method() {
            "POST" => return Ok(()),
            "GET" if self.get && is_bearer => return Ok(()),
            "GET" if self.get => origin.check_logout_get(head, cookies),
            _ if is_bearer => Verdict::Refuse(OriginRefusal::MethodNotAllowed),
            _ => match origin.check(head, cookies) {
                Verdict::Allow => Verdict::Refuse(OriginRefusal::MethodNotAllowed),
                refused @ Verdict::Refuse(_) => refused,
            },
        };
        match verdict {
            Verdict::Allow => Ok(()),
            Verdict::Refuse(refusal) => Err(self.refused(refusal)),
        }
    }

    fn refused(&self, refusal: OriginRefusal) -> Answer {
        match refusal.status() {
            400 => Answer::refusal(Refusal::BadAuthority),
            405 => Answer::json(405, r#"{"error":"method_not_allowed"}"#).with("allow", self.allow()),
            _ => Answer::refusal(Refusal::CrossOrigin),
        }
    }

    fn allow(&self) -> &'static str {
        if self.get { "GET, POST" } else { "POST" }
    }

    fn success(&self, head: &impl RequestHead, sessions_ended: usize) -> Answer {
        let redirect = || self.redirect.to_string();
        let json = || counted(sessions_ended);
        let answer = match audience(head) {
            Audience::Browser => Answer::empty(303).with("location", redirect()),
            Audience::Htmx => json().with("hx-redirect", redirect()),
            _ => json(),
        };
        match self.clear.header() {
            Some(clear) => answer.with("clear-site-data", clear),
            None => answer,
        }
    }
}

fn failed(slot: &SessionSlot, head: &impl RequestHead, answer: Answer) -> Answer {
    match slot.transport() {
        Transport::Cookie => for_people(answer, head),
        Transport::Bearer => answer,
    }
}

fn counted(sessions_ended: usize) -> Answer {
    Answer::json(200, format!(r#"{{"sessions_ended":{sessions_ended}}}"#))
}
