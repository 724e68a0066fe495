use crate::answer::{Answer, Refusal};
use crate::cookie::CookieKind;
use crate::hygiene;
use crate::slot::SessionSlot;
use std::fmt;
use zeroize::Zeroizing;

/// What an answer must carry after the commit.
#[derive(Default)]
#[must_use]
pub struct CommitOutcome {
    /// Whether the session was opened: then the answer must not be cached, and varies by cookie.
    pub opened: bool,
    /// Why the handler's answer must be replaced, if it must.
    pub refusal: Option<Refusal>,
    pub(super) login: Option<Zeroizing<String>>,
    visitor: Option<Zeroizing<String>>,
    pub(super) device: Option<Zeroizing<String>>,
    challenge: Option<&'static str>,
    for_people: bool,
}

impl CommitOutcome {
    pub(super) fn opened() -> Self {
        Self { opened: true, ..Self::default() }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::opened() }
    }

    pub(super) fn on(self, slot: &SessionSlot) -> Self {
        let lost = self.refusal == Some(Refusal::LoginRequired);
        Self { challenge: slot.bearer_challenge(lost), for_people: slot.is_for_people(), ..self }
    }

    pub(super) fn for_programs(self) -> Self {
        Self { for_people: false, ..self }
    }

    /// What must be answered in place of the handler's answer, if anything: a [page](Answer::refusal_page) for a browser's
    /// navigation, JSON for others. `own` is the handler's own 503, which stays, unless it is that JSON.
    #[must_use]
    pub fn answer(&self, own: Option<Answer>) -> Option<Answer> {
        let refusal = self.refusal?;
        let plain = Answer::refusal(refusal);
        let own = own.filter(|own| own.status == plain.status && !(self.for_people && is_ours(own)));
        Some(match own {
            Some(own) => own,
            None if self.for_people => Answer::refusal_page(refusal),
            None => plain,
        })
    }

    /// What the answer varies by, if the session was opened.
    #[must_use]
    pub fn vary(&self) -> &'static [&'static str] {
        match (self.opened, self.challenge) {
            (false, _) => &[],
            (true, None) => &[hygiene::VARY_COOKIE],
            (true, Some(_)) => &[hygiene::VARY_COOKIE, hygiene::VARY_AUTHORIZATION],
        }
    }

    /// The challenge that an answer with status 401 must carry besides its own: where bearer tokens are taken.
    #[must_use]
    pub fn challenge(&self) -> Option<&'static str> {
        self.challenge
    }

    /// The values of the `Set-Cookie` headers to append, to be marked as sensitive.
    pub fn set_cookies(&self) -> impl Iterator<Item = &str> {
        [&self.login, &self.visitor, &self.device].into_iter().flatten().map(|line| line.as_str())
    }

    pub(super) fn cookie(&mut self, kind: CookieKind) -> &mut Option<Zeroizing<String>> {
        match kind {
            CookieKind::Login => &mut self.login,
            CookieKind::Visitor => &mut self.visitor,
        }
    }
}

impl fmt::Debug for CommitOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitOutcome")
            .field("opened", &self.opened)
            .field("refusal", &self.refusal)
            .field("cookies", &self.set_cookies().count())
            .finish()
    }
}

/// Whether it is what programs get while something cannot be asked.
fn is_ours(answer: &Answer) -> bool {
    [Refusal::Unavailable, Refusal::UsersUnavailable].map(Answer::refusal).contains(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(refusal: Refusal, for_people: bool) -> CommitOutcome {
        CommitOutcome { for_people, ..CommitOutcome::refused(refusal) }
    }

    #[test]
    fn people_get_the_page_and_programs_the_json() {
        assert_eq!(CommitOutcome::opened().answer(Some(Answer::empty(503))), None);
        for refusal in [Refusal::Unavailable, Refusal::LoginSuperseded, Refusal::SessionLimit] {
            let answer = |for_people| refused(refusal, for_people).answer(None);
            assert_eq!(answer(true), Some(Answer::refusal_page(refusal)));
            assert_eq!(answer(false), Some(Answer::refusal(refusal)));
        }
    }

    #[test]
    fn the_handlers_own_503_stays_unless_it_is_the_json_that_people_do_not_read() {
        let own = [
            Answer::json(503, r#"{"error":"others_not_confirmed"}"#).with("retry-after", "9"),
            Answer::refusal_page(Refusal::UsersUnavailable),
        ];
        for own in own {
            for for_people in [true, false] {
                let answer = refused(Refusal::Unavailable, for_people).answer(Some(own.clone()));
                assert_eq!(answer.as_ref(), Some(&own));
            }
            let answer = refused(Refusal::SessionLimit, true).answer(Some(own));
            assert_eq!(answer, Some(Answer::refusal_page(Refusal::SessionLimit)));
        }
        let json = Answer::refusal(Refusal::UsersUnavailable);
        let answer = |for_people| refused(Refusal::Unavailable, for_people).answer(Some(json.clone()));
        assert_eq!(answer(true), Some(Answer::refusal_page(Refusal::Unavailable)));
        assert_eq!(answer(false), Some(json.clone()));
    }
}
