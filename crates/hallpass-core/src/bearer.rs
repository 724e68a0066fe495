//! Tokens in `Authorization: Bearer` (RFC 6750), for clients that are no browsers.
//!
//! No page can make a browser send one to another site unasked, so that such a request needs no origin check; and no
//! cookie counts beside it.

use crate::cookie::{Presented, PresentedTokens};
use crate::head::RequestHead;
use crate::record::Transport;
use crate::token::SessionToken;
use std::fmt;
use zeroize::Zeroizing;

const SCHEME: &[u8] = b"bearer";

/// The challenge of a 401 where bearer tokens are taken (RFC 6750 §3).
pub(crate) const CHALLENGE: &str = "Bearer";

/// The same, to a client whose token opens nothing (RFC 6750 §3.1).
pub(crate) const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";

/// A session's token on its way to a client that will send it as `Authorization: Bearer`.
///
/// It is the credential itself: put it into the body of the answer, over https, and nowhere else. It opens nothing until
/// the handler has answered and the session is on record; if that fails, the layer replaces the whole answer. `Debug`
/// shows nothing of it, and it is wiped when it is dropped.
pub struct BearerToken(Zeroizing<String>);

impl BearerToken {
    pub(crate) fn new(token: &SessionToken) -> Self {
        Self(token.encode())
    }

    /// The token: 46 characters of base64url.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// The bearer tokens of a request; `None` if it has none and is to be judged by its cookies.
///
/// One header line may carry one token (RFC 9110 §11.6.2). Beside any other the server cannot tell which is meant: then
/// it authenticates nobody, also if both are the same.
pub(crate) fn scan(head: &(impl RequestHead + ?Sized)) -> Option<Presented> {
    let mut tokens = PresentedTokens::Nothing;
    let mut lines = 0_usize;
    head.for_each_value("authorization", &mut |line| {
        lines += 1;
        if let Some(token) = token_of(line) {
            tokens.add(token);
        }
    });
    let login = if lines > 1 { tokens.among_others() } else { tokens };
    login.was_sent().then(|| Presented { login, transport: Transport::Bearer, ..Presented::default() })
}

/// What stands behind the scheme and one or more spaces (RFC 6750 §2.1); `None` for another scheme. Schemes have no case
/// (RFC 9110 §11.1). What begins with this one is never taken for a request without, however it goes on.
fn token_of(line: &[u8]) -> Option<&[u8]> {
    let (scheme, mut rest) = line.trim_ascii().split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) || rest.first().is_some_and(is_in_a_name) {
        return None;
    }
    let mut spaces = 0_usize;
    while let Some(behind) = rest.strip_prefix(b" ") {
        (rest, spaces) = (behind, spaces + 1);
    }
    Some(if spaces > 0 { rest } else { b"" })
}

/// The characters of a token (RFC 9110 §5.6.2).
fn is_in_a_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Shard;
    use crate::random::OsRandom;
    use crate::test_head::Head;
    use proptest::prelude::*;

    fn token() -> String {
        SessionToken::random(Shard(7), &OsRandom).unwrap().encode().to_string()
    }

    fn scanned<L: AsRef<[u8]>>(lines: &[L]) -> Option<Presented> {
        scan(&lines.iter().fold(Head::new("GET"), |head, line| head.line("authorization", line)))
    }

    /// The token that authenticates, if any does, and how many a logout ends.
    fn seen<L: AsRef<[u8]>>(lines: &[L]) -> Option<(Option<String>, usize)> {
        let presented = scanned(lines)?;
        assert!(presented.transport == Transport::Bearer && !presented.visitor.was_sent());
        let authenticates = presented.login.token().map(|token| token.encode().to_string());
        Some((authenticates, presented.login.well_formed().len()))
    }

    #[test]
    fn the_scheme_has_no_case_and_may_stand_apart() {
        let token = token();
        for line in ["Bearer ", "bearer ", "BEARER ", "bEaReR    ", " Bearer "] {
            let line = format!("{line}{token}");
            assert_eq!(seen(&[&line]), Some((Some(token.clone()), 1)), "{line}");
        }
    }

    #[test]
    fn what_is_no_token_behind_the_scheme_is_a_bad_bearer_and_never_a_request_without() {
        let token = token();
        let bad = [
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer x".to_owned(),
            format!("Bearer\t{token}"),
            format!("Bearer \t{token}"),
            format!("Bearer,{token}"),
            format!("Bearer={token}"),
            format!("Bearer \"{token}\""),
            format!("Bearer {token}="),
            format!("Bearer {token},"),
            format!("Bearer {token} {token}"),
            format!("Bearer {token}, Bearer {token}"),
            format!("Bearer {}", &token[1..]),
        ];
        for line in bad {
            assert_eq!(seen(&[&line]), Some((None, 0)), "{line}");
        }
        assert_eq!(seen(&[b"Bearer \xff"]), Some((None, 0)));
    }

    #[test]
    fn another_scheme_is_not_ours() {
        let token = token();
        for line in ["", "Basic YTpi", "Bearers x", "BearerX x", "Bear", "Digest Bearer"] {
            assert!(scanned(&[line]).is_none(), "{line}");
        }
        assert!(scanned(&[format!("Bearer-Token {token}"), token]).is_none());
        assert!(scanned::<&str>(&[]).is_none());
    }

    #[test]
    fn beside_any_other_a_token_authenticates_nobody_and_a_logout_ends_each() {
        let (one, other) = (format!("Bearer {}", token()), format!("bearer {}", token()));
        assert_eq!(seen(&[&one, &one]), Some((None, 1)));
        assert_eq!(seen(&[&one, &other]), Some((None, 2)));
        assert_eq!(seen(&[one.as_str(), "Basic YTpi"]), Some((None, 1)));
        assert_eq!(seen(&["Basic YTpi", &one]), Some((None, 1)));
        assert_eq!(seen(&["Bearer x", &one]), Some((None, 1)));
        let many: Vec<_> = (0..9).map(|_| format!("Bearer {}", token())).collect();
        assert_eq!(seen(&many), Some((None, 4)));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let token = SessionToken::random(Shard(7), &OsRandom).unwrap();
        let issued = BearerToken::new(&token);
        assert_eq!(issued.expose(), token.encode().as_str());
        assert_eq!(format!("{issued:?}"), "BearerToken(..)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_bearer_exactly_if_they_begin_with_the_scheme(
            line in proptest::collection::vec(any::<u8>(), 0..64),
            text in "[Bb]earer[ -~]{0,60}",
        ) {
            for line in [line.as_slice(), text.as_bytes()] {
                let text = String::from_utf8_lossy(line).trim_ascii().to_ascii_lowercase();
                let rest = text.strip_prefix("bearer");
                let ours = rest.is_some_and(|rest| !rest.as_bytes().first().is_some_and(is_in_a_name));
                prop_assert_eq!(scanned(&[line]).is_some(), ours);
            }
        }
    }
}
