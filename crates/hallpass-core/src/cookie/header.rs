use super::policy::VISITOR_SUFFIX;
use super::{CookiePolicy, Presented};
use crate::head::RequestHead;
use memchr::memchr_iter;

/// How many bytes of `Cookie` headers are looked at, all lines together.
const MAX_BYTES: usize = 64 * 1024;
/// How many cookies are looked at, all lines together.
const MAX_PAIRS: usize = 1000;

impl CookiePolicy {
    /// Finds the two cookies in all of the request's `Cookie` headers. Nothing else is read or kept, and nothing is
    /// allocated unless different values were sent under one name.
    ///
    /// Cookies are separated by `;`, a name ends at the first `=`, spaces and tabs around both are dropped (RFC 6265bis
    /// §5.8.3 is what browsers write). Names are compared byte by byte. A value in quotes is not unquoted: it is no
    /// token. Whatever else the header holds is passed over.
    ///
    /// ```
    /// use hallpass_core::{CookieKind, CookiePolicy, OsRandom, RequestHead, SessionToken, Shard};
    /// # use std::net::IpAddr;
    ///
    /// # struct Head(String);
    /// # impl RequestHead for Head {
    /// #     fn method(&self) -> &str { "GET" }
    /// #     fn authority(&self) -> Option<&str> { None }
    /// #     fn path_and_query(&self) -> &str { "/" }
    /// #     fn peer(&self) -> Option<IpAddr> { None }
    /// #     fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
    /// #         if name == "cookie" { visit(self.0.as_bytes()) }
    /// #     }
    /// # }
    /// let token = SessionToken::random(Shard(7), &OsRandom)?;
    /// let head = Head(format!("theme=dark; __Host-id={}", token.encode().as_str()));
    ///
    /// let presented = CookiePolicy::default().scan(&head);
    /// assert_eq!(presented.login.token().map(SessionToken::encode), Some(token.encode()));
    /// assert!(!presented.visitor.was_sent());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn scan(&self, head: &(impl RequestHead + ?Sized)) -> Presented {
        let mut found = Presented::default();
        let mut scan = Scan { name: self.login.as_bytes(), found: &mut found, bytes: 0, pairs: 0 };
        head.for_each_value("cookie", &mut |line| scan.line(line));
        if found.too_long {
            found = Presented { too_long: true, ..Presented::default() };
        }
        found
    }
}

struct Scan<'a> {
    name: &'a [u8],
    found: &'a mut Presented,
    bytes: usize,
    pairs: usize,
}

impl Scan<'_> {
    fn line(&mut self, line: &[u8]) {
        self.bytes = self.bytes.saturating_add(line.len());
        self.found.too_long |= self.bytes > MAX_BYTES;
        if self.found.too_long {
            return;
        }
        let mut start = 0;
        for end in memchr_iter(b';', line).chain([line.len()]) {
            self.pairs += 1;
            if self.pairs > MAX_PAIRS {
                self.found.too_long = true;
                return;
            }
            self.pair(&line[start..end]);
            start = end + 1;
        }
    }

    /// Neither name contains a `=`, so what follows one of them and a `=` is a value without looking for the first `=`.
    fn pair(&mut self, pair: &[u8]) {
        let Some(rest) = trim_start(pair).strip_prefix(self.name) else { return };
        let (tokens, rest) = match rest.strip_prefix(VISITOR_SUFFIX.as_bytes()) {
            Some(rest) => (&mut self.found.visitor, rest),
            None => (&mut self.found.login, rest),
        };
        if let Some(value) = trim_start(rest).strip_prefix(b"=") {
            tokens.add(trim_end(trim_start(value)));
        }
    }
}

/// Shows `visit` the values of the cookies with this name, among the first that are looked at.
pub(super) fn values_of(head: &(impl RequestHead + ?Sized), name: &[u8], mut visit: impl FnMut(&[u8])) {
    let mut left = MAX_PAIRS;
    head.for_each_value("cookie", &mut |line| {
        for pair in line.split(|byte| *byte == b';').take(left) {
            left -= 1;
            let rest = trim_start(pair).strip_prefix(name).map(trim_start);
            if let Some(value) = rest.and_then(|rest| rest.strip_prefix(b"=")) {
                visit(trim_end(trim_start(value)));
            }
        }
    });
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::{CookieKind, PresentedTokens};
    use crate::ids::Shard;
    use crate::random::OsRandom;
    use crate::test_head::Head;
    use crate::token::SessionToken;
    use proptest::prelude::*;

    fn token() -> SessionToken {
        SessionToken::random(Shard(7), &OsRandom).unwrap()
    }

    fn scan<L: AsRef<[u8]>>(lines: &[L]) -> Presented {
        let head = lines.iter().fold(Head::new("GET"), |head, line| head.line("cookie", line));
        CookiePolicy::default().scan(&head)
    }

    /// Everything there is to see of a result.
    fn seen(presented: &Presented) -> Vec<(bool, bool, Vec<String>)> {
        let of = |tokens: &PresentedTokens| {
            let texts = tokens.well_formed().iter().map(|token| token.encode().to_string()).collect();
            (tokens.was_sent(), tokens.token().is_some(), texts)
        };
        vec![of(&presented.login), of(&presented.visitor), (presented.too_long, false, vec![])]
    }

    fn texts(tokens: &PresentedTokens) -> Vec<String> {
        tokens.well_formed().iter().map(|token| token.encode().to_string()).collect()
    }

    #[test]
    fn both_cookies_are_found_among_others() {
        let (login, visitor) = (token().encode(), token().encode());
        let line = format!("a=b; __Host-id-anon={}; x; =y;;__Host-id={}; z=1", *visitor, *login);
        let presented = scan(&[line]);
        assert_eq!(texts(&presented.login), [login.to_string()]);
        assert_eq!(texts(&presented.visitor), [visitor.to_string()]);
        assert!(presented.login.token().is_some() && presented.visitor.token().is_some());
    }

    #[test]
    fn spaces_and_tabs_around_names_and_values_are_dropped() {
        let text = token().encode();
        for line in [format!(" \t__Host-id={} \t; a=b", *text), format!("a=b;__Host-id \t=\t {}", *text)] {
            assert_eq!(texts(&scan(&[&line]).login), [text.to_string()], "{line}");
        }
    }

    #[test]
    fn a_name_that_only_resembles_ours_is_not_ours() {
        let text = token().encode();
        for name in
            ["__host-id", "__Host-id2", "__Host-i", "x__Host-id", "__Host-id-anonymous", "__Host-id.x", ""]
        {
            let presented = scan(&[format!("{name}={}", *text), format!("={name}={}", *text)]);
            assert!(!presented.login.was_sent() && !presented.visitor.was_sent(), "{name}");
        }
        assert!(!scan(&["__Host-id; __Host-id-anon"]).login.was_sent(), "no value");
    }

    #[test]
    fn what_is_no_token_is_remembered_as_sent_and_authenticates_nobody() {
        let text = token().encode();
        let cut = text[..45].to_owned();
        for value in ["", "x", &cut, &format!("{}A", *text), &format!("\"{}\"", *text), &format!("{cut}\0")] {
            let presented = scan(&[format!("__Host-id={value}")]);
            assert!(matches!(presented.login, PresentedTokens::Malformed), "{value:?}");
            assert!(presented.login.was_sent() && presented.login.token().is_none());
        }
    }

    #[test]
    fn equal_values_are_one() {
        let text = token().encode();
        let pair = format!("__Host-id={}", *text);
        let presented = scan(&[format!("{pair}; {pair}"), pair]);
        assert!(presented.login.token().is_some());
        assert_eq!(texts(&presented.login), [text.to_string()]);
    }

    #[test]
    fn different_values_authenticate_nobody_and_the_first_four_can_be_ended() {
        let all: Vec<String> = (0..6).map(|_| token().encode().to_string()).collect();
        let twice = all.iter().chain(&all).map(|text| format!("__Host-id={text}")).collect::<Vec<_>>();
        let presented = scan(&[twice.join("; ")]);
        assert!(presented.login.token().is_none());
        assert_eq!(texts(&presented.login), all[..4]);
        assert!(!presented.visitor.was_sent());
    }

    #[test]
    fn a_token_beside_something_malformed_authenticates_nobody_in_either_order_but_can_be_ended() {
        let text = token().encode();
        let (good, bad) = (format!("__Host-id={}", *text), "__Host-id=junk".to_owned());
        for lines in [[&good, &bad], [&bad, &good]] {
            let presented = scan(&lines);
            assert!(presented.login.token().is_none() && presented.login.was_sent());
            assert_eq!(texts(&presented.login), [text.to_string()]);
        }
    }

    #[test]
    fn nothing_is_taken_from_headers_beyond_the_bounds() {
        let pair = format!("__Host-id={}", *token().encode());
        let many = format!("{pair}{}", "; a=b".repeat(MAX_PAIRS - 1));
        assert!(scan(&[&many]).login.token().is_some());
        let padded = format!("{pair}; a={}", "x".repeat(MAX_BYTES - pair.len() - 4));
        assert!(scan(&[&padded]).login.token().is_some());
        for lines in [vec![many, "a=b".to_owned()], vec![padded, "x".to_owned()]] {
            let presented = scan(&lines);
            assert!(presented.too_long && !presented.login.was_sent());
        }
    }

    #[test]
    fn debug_output_shows_no_token() {
        let text = token().encode();
        let other = token().encode();
        let presented = scan(&[format!("__Host-id={0}; __Host-id-anon={0}; __Host-id={1}", *text, *other)]);
        let shown = format!("{presented:?}");
        assert!(shown.contains("Several") && !shown.contains(&text[..6]) && !shown.contains(&other[..6]));
    }

    /// Pieces that collide with what the scanner looks for.
    fn pair() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec![3_u8, 4, 5]).prop_map(|byte| {
            SessionToken::random(Shard(byte.into()), &Constant(byte)).unwrap().encode().to_string()
        });
        let value = prop_oneof![3 => token, 1 => "[a-zA-Z\"=\t ]{0,8}"];
        let name =
            prop::sample::select(vec!["__Host-id", "__Host-id-anon", "__host-id", "a", "", " __Host-id "]);
        (name, value).prop_map(|(name, value)| format!("{name}={value}"))
    }

    #[derive(Debug)]
    struct Constant(u8);

    impl crate::random::RandomSource for Constant {
        fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_lines_present_at_most_what_they_hold(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6)) {
            let presented = scan(&lines);
            let text = lines.concat();
            for token in presented.login.well_formed().iter().chain(presented.visitor.well_formed()) {
                let encoded = token.encode();
                prop_assert!(text.windows(46).any(|part| part == encoded.as_bytes()));
            }
        }

        #[test]
        fn lines_present_the_same_as_one_joined_line(pairs in prop::collection::vec(pair(), 0..8), cut in 0_usize..8) {
            let (head, tail) = pairs.split_at(cut.min(pairs.len()));
            let split = scan(&[head.join("; "), tail.join("; ")]);
            prop_assert_eq!(seen(&split), seen(&scan(&[pairs.join("; ")])));
            prop_assert_eq!(seen(&split), seen(&scan(&pairs)));
        }

        #[test]
        fn the_order_of_cookies_changes_nothing_but_the_order(pairs in prop::collection::vec(pair(), 0..8)) {
            let sorted = |mut seen: Vec<(bool, bool, Vec<String>)>| {
                seen.iter_mut().for_each(|(_, _, texts)| texts.sort());
                seen
            };
            let backwards: Vec<_> = pairs.iter().rev().collect();
            prop_assert_eq!(sorted(seen(&scan(&pairs))), sorted(seen(&scan(&backwards))));
        }

        #[test]
        fn a_rendered_cookie_scans_back(bytes in any::<u8>(), name in "[a-z]{1,20}", visitor in any::<bool>()) {
            let policy = CookiePolicy::builder().name(name).build().unwrap();
            let token = SessionToken::random(Shard(bytes.into()), &Constant(bytes)).unwrap();
            let kind = if visitor { CookieKind::Visitor } else { CookieKind::Login };
            let line = policy.set(kind, &token, None);
            let sent = line.split(';').next().unwrap();
            let presented = policy.scan(&Head::new("GET").line("cookie", sent));
            prop_assert!(presented.of(kind).token().is_some_and(|found| found.same_as(&token)));
            let removed = policy.remove(kind).split(';').next().unwrap();
            let presented = policy.scan(&Head::new("GET").line("cookie", removed));
            prop_assert!(matches!(presented.of(kind), PresentedTokens::Malformed));
        }
    }
}
