//! The check as a table: what a request says, and what becomes of it.

use super::{OriginPolicy, OriginRefusal, RequestClass, Verdict};
use crate::cookie::CookiePolicy;
use crate::test_head::Head;
use OriginRefusal as R;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Check {
    Unsafe,
    WebSocket,
    Logout,
}
use Check::{Logout, Unsafe, WebSocket};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Policy {
    Default,
    Strict,
    /// Trusts `https://app.example`, `http://old.example` and `capacitor://localhost`.
    Trusting,
    /// Known as `https://shop.example` and `https://www.shop.example:8443`, whatever `Host` says.
    Public,
    /// Its cookies are not `Secure`.
    Lan,
}
use Policy::{Default, Lan, Public, Strict, Trusting};

type Row = (Check, Policy, &'static str, Option<OriginRefusal>);
const ALLOW: Option<OriginRefusal> = None;

/// Headers, one a line. `Host: shop.example` is there unless they begin with a `host` or an `:authority`.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // The request's authority.
    (Unsafe, Default, "host: shop.example\nhost: shop.example", Some(R::BadAuthority)),
    (Unsafe, Default, "host: shop.example\nhost: evil.example\nsec-fetch-site: same-origin", Some(R::BadAuthority)),
    (Unsafe, Default, ":authority: shop.example\nhost: evil.example\norigin: https://shop.example", Some(R::BadAuthority)),
    (Unsafe, Default, ":authority: shop.example\nhost: shop.example:443", Some(R::BadAuthority)),
    (Unsafe, Default, ":authority: user@shop.example\nhost: shop.example", Some(R::BadAuthority)),
    (Unsafe, Default, ":authority: shop.example\nhost: SHOP.example\norigin: https://shop.example", ALLOW),
    (Unsafe, Default, ":authority: shop.example\norigin: https://shop.example", ALLOW),
    (Unsafe, Default, ":authority: shop.example\norigin: https://evil.example", Some(R::ForeignOrigin)),
    (WebSocket, Default, "host: shop.example\nhost: shop.example", Some(R::BadAuthority)),
    (Logout, Default, "host: shop.example\nhost: shop.example", Some(R::BadAuthority)),
    // 1: repeated headers.
    (Unsafe, Default, "origin: https://shop.example\norigin: https://shop.example", Some(R::Repeated)),
    (Unsafe, Default, "sec-fetch-site: same-origin\nsec-fetch-site: same-origin", Some(R::Repeated)),
    (Unsafe, Default, "sec-fetch-site: same-origin\nsec-fetch-site: cross-site", Some(R::Repeated)),
    (Unsafe, Trusting, "origin: https://app.example\norigin: https://evil.example", Some(R::Repeated)),
    (Unsafe, Trusting, "origin: https://app.example\nsec-fetch-site: none\nsec-fetch-site: none", Some(R::Repeated)),
    (WebSocket, Default, "origin: https://shop.example\norigin: https://shop.example", Some(R::Repeated)),
    (Logout, Default, "sec-fetch-site: none\nsec-fetch-site: none", Some(R::Repeated)),
    // 2: trusted origins.
    (Unsafe, Trusting, "origin: https://app.example\nsec-fetch-site: cross-site", ALLOW),
    (Unsafe, Trusting, "origin: https://app.example\nsec-fetch-site: same-site", ALLOW),
    (Unsafe, Trusting, "origin: https://app.example", ALLOW),
    (Unsafe, Trusting, "origin: capacitor://localhost\nsec-fetch-site: cross-site", ALLOW),
    (Unsafe, Trusting, "origin: http://old.example", ALLOW),
    (Unsafe, Trusting, "origin: https://APP.example\nsec-fetch-site: cross-site", Some(R::FetchSite)),
    (Unsafe, Trusting, "origin: https://app.example:443\nsec-fetch-site: cross-site", Some(R::FetchSite)),
    (Unsafe, Trusting, "origin: https://app.example.evil.example\nsec-fetch-site: cross-site", Some(R::FetchSite)),
    (Unsafe, Trusting, "origin: http://app.example", Some(R::InsecureOrigin)),
    (Unsafe, Trusting, "origin: https://app.example/", Some(R::OpaqueOrigin)),
    (Unsafe, Trusting, "origin: https://shop.example", ALLOW),
    (WebSocket, Trusting, "origin: https://app.example\nsec-fetch-site: cross-site", ALLOW),
    (WebSocket, Trusting, "origin: https://app.example", ALLOW),
    // 3: what the browser calls its own.
    (Unsafe, Default, "sec-fetch-site: same-origin", ALLOW),
    (Unsafe, Default, "sec-fetch-site: none", ALLOW),
    (Unsafe, Strict, "sec-fetch-site: same-origin", ALLOW),
    (Unsafe, Strict, "sec-fetch-site: none", ALLOW),
    (Unsafe, Default, "sec-fetch-site: same-origin\norigin: null", ALLOW),
    (Unsafe, Default, "sec-fetch-site: same-origin\norigin: https://shop.example", ALLOW),
    (Unsafe, Public, "host: 10.0.0.7:3000\nsec-fetch-site: same-origin\norigin: https://shop.example", ALLOW),
    (WebSocket, Default, "sec-fetch-site: same-origin\norigin: https://shop.example", ALLOW),
    (WebSocket, Strict, "sec-fetch-site: same-origin", ALLOW),
    // 4: any other Sec-Fetch-Site.
    (Unsafe, Default, "sec-fetch-site: cross-site", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: same-site", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: same-site\norigin: https://shop.example", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: cross-site\norigin: https://shop.example", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: ", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: Same-Origin", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: same-origin, none", Some(R::FetchSite)),
    (Unsafe, Default, "sec-fetch-site: same-origin;x", Some(R::FetchSite)),
    (Unsafe, Lan, "sec-fetch-site: cross-site", Some(R::FetchSite)),
    (Unsafe, Public, "sec-fetch-site: same-site\norigin: https://shop.example", Some(R::FetchSite)),
    (WebSocket, Default, "sec-fetch-site: none", Some(R::FetchSite)),
    (WebSocket, Default, "sec-fetch-site: cross-site\norigin: https://shop.example", Some(R::FetchSite)),
    (WebSocket, Default, "sec-fetch-site: same-site\norigin: https://shop.example", Some(R::FetchSite)),
    // 5: origins that are none.
    (Unsafe, Default, "origin: null", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: ", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: //shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: https://shop.example/", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: https://shop.example, https://shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: https://user@shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: ftp://shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: chrome-extension://shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: capacitor://localhost", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: HTTPS://shop.example", Some(R::OpaqueOrigin)),
    (Unsafe, Default, "origin: file://", Some(R::OpaqueOrigin)),
    (Unsafe, Public, "origin: null", Some(R::OpaqueOrigin)),
    (Unsafe, Lan, "origin: null", Some(R::OpaqueOrigin)),
    (WebSocket, Default, "origin: null", Some(R::OpaqueOrigin)),
    (Logout, Default, "origin: null", Some(R::OpaqueOrigin)),
    // 6: plain http beside Secure cookies.
    (Unsafe, Default, "origin: http://shop.example", Some(R::InsecureOrigin)),
    (Unsafe, Default, "host: shop.example:80\norigin: http://shop.example", Some(R::InsecureOrigin)),
    (Unsafe, Default, "host: localhost.\norigin: http://localhost.", Some(R::InsecureOrigin)),
    (Unsafe, Default, "host: 192.168.1.7\norigin: http://192.168.1.7", Some(R::InsecureOrigin)),
    (Unsafe, Default, "host: localhost:3000\norigin: http://localhost:3000", ALLOW),
    (Unsafe, Default, "host: app.localhost\norigin: http://app.localhost", ALLOW),
    (Unsafe, Default, "host: 127.8.9.1:3000\norigin: http://127.8.9.1:3000", ALLOW),
    (Unsafe, Default, "host: [::1]:3000\norigin: http://[::1]:3000", ALLOW),
    (Unsafe, Default, "host: localhost:3000\norigin: http://localhost:4000", Some(R::ForeignOrigin)),
    (Unsafe, Lan, "host: 192.168.1.7\norigin: http://192.168.1.7", ALLOW),
    (Unsafe, Lan, "host: 192.168.1.7\norigin: http://192.168.1.8", Some(R::ForeignOrigin)),
    (WebSocket, Default, "origin: http://shop.example", Some(R::InsecureOrigin)),
    // 7: public origins.
    (Unsafe, Public, "host: 10.0.0.7:3000\norigin: https://shop.example", ALLOW),
    (Unsafe, Public, "host: 10.0.0.7:3000\norigin: https://www.shop.example:8443", ALLOW),
    (Unsafe, Public, "host: 10.0.0.7:3000\norigin: https://10.0.0.7:3000", Some(R::NotPublic)),
    (Unsafe, Public, "host: evil.example\norigin: https://evil.example", Some(R::NotPublic)),
    (Unsafe, Public, "host: a\nx-forwarded-host: evil.example\norigin: https://evil.example", Some(R::NotPublic)),
    (Unsafe, Public, "origin: http://shop.example", Some(R::InsecureOrigin)),
    (WebSocket, Public, "host: 10.0.0.7:3000\norigin: https://shop.example", ALLOW),
    (WebSocket, Public, "host: 10.0.0.7:3000\norigin: https://evil.example", Some(R::NotPublic)),
    // 8: the request's own host and port.
    (Unsafe, Default, "origin: https://shop.example", ALLOW),
    (Unsafe, Default, "origin: https://shop.example:443", ALLOW),
    (Unsafe, Default, "host: shop.example:443\norigin: https://shop.example", ALLOW),
    (Unsafe, Default, "host: Shop.Example\norigin: https://shop.example", ALLOW),
    (Unsafe, Default, "host: shop.example:8443\norigin: https://shop.example:8443", ALLOW),
    (Unsafe, Default, "host: shop.example:8443\norigin: https://shop.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "origin: https://shop.example:8443", Some(R::ForeignOrigin)),
    (Unsafe, Default, "host: shop.example:80\norigin: https://shop.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "origin: https://evil.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "origin: https://www.shop.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "origin: https://shop.example.", Some(R::ForeignOrigin)),
    (Unsafe, Default, "host: shop.example.\norigin: https://shop.example.", ALLOW),
    (Unsafe, Default, "host: [2001:db8::1]\norigin: https://[2001:DB8::1]", ALLOW),
    (Unsafe, Default, "host: [2001:db8:0::1]\norigin: https://[2001:db8::1]", Some(R::ForeignOrigin)),
    (Unsafe, Default, "host: shop.example:\norigin: https://shop.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "host: shop.example/x\norigin: https://shop.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "host: \norigin: https://shop.example", Some(R::ForeignOrigin)),
    (Unsafe, Default, "x-forwarded-host: evil.example\norigin: https://evil.example", Some(R::ForeignOrigin)),
    (Unsafe, Strict, "origin: https://shop.example", ALLOW),
    (WebSocket, Default, "origin: https://shop.example", ALLOW),
    (WebSocket, Default, "origin: https://evil.example", Some(R::ForeignOrigin)),
    (WebSocket, Strict, "origin: https://shop.example", ALLOW),
    // 9: neither.
    (Unsafe, Default, "", ALLOW),
    (Unsafe, Default, "referer: https://evil.example/", ALLOW),
    (Unsafe, Public, "", ALLOW),
    (Unsafe, Strict, "", Some(R::Unproven)),
    (Unsafe, Strict, "referer: https://shop.example/", Some(R::Unproven)),
    (WebSocket, Default, "", ALLOW),
    (WebSocket, Strict, "", Some(R::Unproven)),
    // Logout by GET, from browsers with Fetch Metadata.
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: navigate\nsec-fetch-dest: document", ALLOW),
    (Logout, Default, "sec-fetch-site: none\nsec-fetch-mode: navigate\nsec-fetch-dest: document", ALLOW),
    (Logout, Strict, "sec-fetch-site: none\nsec-fetch-mode: navigate\nsec-fetch-dest: document", ALLOW),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: cors\nsec-fetch-dest: empty", ALLOW),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: same-origin\nsec-fetch-dest: empty", ALLOW),
    (Logout, Default, "sec-fetch-site: cross-site\nsec-fetch-mode: navigate\nsec-fetch-dest: document", Some(R::FetchSite)),
    (Logout, Default, "sec-fetch-site: same-site\nsec-fetch-mode: navigate\nsec-fetch-dest: document", Some(R::FetchSite)),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: no-cors\nsec-fetch-dest: image", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: cors\nsec-fetch-dest: image", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: no-cors\nsec-fetch-dest: script", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: no-cors\nsec-fetch-dest: empty", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: navigate\nsec-fetch-dest: iframe", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: same-origin\nsec-fetch-mode: websocket\nsec-fetch-dest: empty", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: none\nsec-fetch-mode: cors\nsec-fetch-dest: empty", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: same-origin", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: none\nsec-fetch-mode: navigate", Some(R::FetchDestination)),
    (Logout, Default, "sec-fetch-site: none\nsec-fetch-mode: navigate\nsec-fetch-dest: document\nsec-fetch-dest: image", Some(R::FetchDestination)),
    (Logout, Trusting, "sec-fetch-site: same-site\norigin: https://app.example\nsec-fetch-mode: cors\nsec-fetch-dest: image", Some(R::FetchDestination)),
    (Logout, Trusting, "sec-fetch-site: cross-site\norigin: https://app.example\nsec-fetch-mode: cors\nsec-fetch-dest: empty", Some(R::FetchDestination)),
    (Logout, Trusting, "sec-fetch-site: cross-site\norigin: https://app.example\nsec-fetch-mode: navigate\nsec-fetch-dest: document", ALLOW),
    // Logout by GET, from browsers without.
    (Logout, Default, "", ALLOW),
    (Logout, Default, "referer: https://shop.example/account", ALLOW),
    (Logout, Default, "referer: https://evil.example/?https://shop.example", Some(R::ForeignReferer)),
    (Logout, Default, "referer: http://shop.example/", Some(R::ForeignReferer)),
    (Logout, Default, "referer: about:blank", Some(R::ForeignReferer)),
    (Logout, Default, "referer: ", Some(R::ForeignReferer)),
    (Logout, Default, "referer: https://shop.example/\nreferer: https://evil.example/", Some(R::ForeignReferer)),
    (Logout, Trusting, "referer: https://app.example/menu", ALLOW),
    (Logout, Public, "host: 10.0.0.7\nreferer: https://shop.example/menu", ALLOW),
    (Logout, Public, "host: 10.0.0.7\nreferer: https://10.0.0.7/menu", Some(R::ForeignReferer)),
    (Logout, Lan, "host: 192.168.1.7\nreferer: http://192.168.1.7/menu", ALLOW),
    (Logout, Default, "origin: https://evil.example", Some(R::ForeignOrigin)),
    (Logout, Default, "origin: https://shop.example\nreferer: https://evil.example/", Some(R::ForeignReferer)),
    (Logout, Strict, "", Some(R::MethodNotAllowed)),
    (Logout, Strict, "referer: https://shop.example/account", Some(R::MethodNotAllowed)),
    (Logout, Strict, "referer: https://evil.example/", Some(R::ForeignReferer)),
    // Logout by GET that nobody asked for yet.
    (Logout, Default, "sec-purpose: prefetch\nsec-fetch-site: none\nsec-fetch-mode: navigate\nsec-fetch-dest: document", Some(R::Prefetch)),
    (Logout, Default, "sec-purpose: prefetch;prerender\nsec-fetch-site: same-origin\nsec-fetch-mode: navigate\nsec-fetch-dest: document", Some(R::Prefetch)),
    (Logout, Default, "purpose: prefetch", Some(R::Prefetch)),
    (Logout, Default, "x-moz: Prefetch", Some(R::Prefetch)),
    (Logout, Strict, "sec-purpose: x\nsec-purpose: prefetch", Some(R::Prefetch)),
    (Logout, Default, "host: a\nhost: b\nsec-purpose: prefetch", Some(R::Prefetch)),
    (Logout, Default, "purpose: preview", ALLOW),
];

fn head(check: Check, headers: &str) -> Head {
    let method = if check == Unsafe { "POST" } else { "GET" };
    let names_host = headers.starts_with("host:") || headers.starts_with(":authority:");
    let first = if names_host { Head::new(method) } else { Head::new(method).line("host", "shop.example") };
    headers.lines().fold(first, |head, line| match line.strip_prefix(":authority: ") {
        Some(authority) => head.authority(authority),
        None => line.split_once(": ").map(|(name, value)| head.line(name, value)).unwrap(),
    })
}

fn verdict(check: Check, policy: Policy, head: &Head) -> Verdict {
    let builder = OriginPolicy::builder().strict(policy == Strict);
    let builder = match policy {
        Trusting => {
            builder.trusted_origins(["https://app.example", "http://old.example", "capacitor://localhost"])
        }
        Public => builder.public_origins(["https://shop.example", "https://www.shop.example:8443"]),
        Default | Strict | Lan => builder,
    };
    let lan = CookiePolicy::builder().danger_insecure().build().unwrap();
    let cookies = if policy == Lan { lan } else { CookiePolicy::default() };
    let policy = builder.build().unwrap();
    match check {
        Unsafe => policy.check_unsafe(head, &cookies),
        WebSocket => policy.check_websocket(head, &cookies),
        Logout => policy.check_logout_get(head, &cookies),
    }
}

#[test]
fn every_row_of_the_table_holds() {
    for (check, policy, headers, refusal) in TABLE {
        let expected = refusal.map_or(Verdict::Allow, Verdict::Refuse);
        assert_eq!(
            verdict(*check, *policy, &head(*check, headers)),
            expected,
            "{check:?} {policy:?} {headers:?}"
        );
    }
}

#[test]
fn a_request_without_host_has_no_own_origin() {
    let head = Head::new("POST").line("origin", "https://shop.example");
    assert_eq!(verdict(Unsafe, Default, &head), Verdict::Refuse(R::ForeignOrigin));
}

#[test]
fn only_get_logs_out_by_get() {
    for method in ["HEAD", "get", "POST", "OPTIONS", "PUT", ""] {
        let head = Head::new(method).line("sec-fetch-site", "none");
        let head = head.line("sec-fetch-mode", "navigate").line("sec-fetch-dest", "document");
        assert_eq!(verdict(Logout, Default, &head), Verdict::Refuse(R::MethodNotAllowed), "{method}");
    }
}

#[test]
fn each_refusal_has_its_status() {
    let statuses = TABLE.iter().filter_map(|row| row.3).map(|refusal| (refusal, refusal.status()));
    for (refusal, status) in statuses {
        let expected = match refusal {
            R::BadAuthority => 400,
            R::MethodNotAllowed => 405,
            _ => 403,
        };
        assert_eq!(status, expected, "{refusal}");
    }
}

#[test]
fn methods_are_compared_exactly_and_handshakes_recognised_in_any_case() {
    let class = |head: &Head| OriginPolicy::classify(head);
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert_eq!(class(&Head::new(method)), RequestClass::Safe, "{method}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "CONNECT", "get", "Get", "GET ", "QUERY", ""] {
        assert_eq!(class(&Head::new(method)), RequestClass::Unsafe, "{method}");
    }
    for upgrade in ["websocket", "WebSocket", "h2c, websocket", "websocket/13", "a,\tWEBSOCKET "] {
        assert_eq!(class(&Head::new("GET").line("upgrade", upgrade)), RequestClass::WebSocket, "{upgrade}");
    }
    for upgrade in ["h2c", "", "xwebsocket", "h2c/websocket"] {
        assert_eq!(class(&Head::new("GET").line("upgrade", upgrade)), RequestClass::Safe, "{upgrade}");
    }
    assert_eq!(class(&Head::new("POST").line("upgrade", "websocket")), RequestClass::Unsafe);
    assert_eq!(class(&Head::new("CONNECT").protocol("websocket")), RequestClass::WebSocket);
    assert_eq!(class(&Head::new("CONNECT").protocol("connect-udp")), RequestClass::Unsafe);
    let two = Head::new("GET").line("upgrade", "h2c").line("upgrade", "websocket");
    assert_eq!(class(&two), RequestClass::WebSocket);
}

#[test]
fn the_check_follows_the_class() {
    let (policy, cookies) = (OriginPolicy::default(), CookiePolicy::default());
    let from_elsewhere =
        |method| Head::new(method).line("host", "shop.example").line("origin", "https://evil.example");
    assert!(policy.check(&from_elsewhere("GET"), &cookies).is_allowed());
    assert!(!policy.check(&from_elsewhere("POST"), &cookies).is_allowed());
    let handshake = from_elsewhere("GET").line("upgrade", "websocket");
    assert_eq!(policy.check(&handshake, &cookies), Verdict::Refuse(R::ForeignOrigin));
}

const NAMES: [&str; 14] = [
    "host",
    "origin",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "referer",
    "sec-purpose",
    "purpose",
    "x-moz",
    "upgrade",
    "x-forwarded-host",
    "x-http-method-override",
    "forwarded",
];

proptest! {
    #[test]
    fn any_bytes_get_a_verdict(
        lines in prop::collection::vec((prop::sample::select(&NAMES[..]), prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        method in "[A-Z]{0,7}",
        authority in prop::option::of(".{0,20}"),
    ) {
        let head = lines.iter().fold(Head::new(&method), |head, (name, value)| head.line(name, value));
        let head = authority.iter().fold(head, |head, authority| head.authority(authority));
        let _ = OriginPolicy::classify(&head);
        for policy in [Default, Strict, Trusting, Public, Lan] {
            for check in [Unsafe, WebSocket, Logout] {
                if let Verdict::Refuse(refusal) = verdict(check, policy, &head) {
                    prop_assert!([400, 403, 405].contains(&refusal.status()));
                }
            }
        }
    }

    /// Values are at least two upper-case characters or junk bytes, so none is a proof by chance.
    #[test]
    fn adding_junk_never_turns_a_refusal_into_an_allow(
        row in prop::sample::select(TABLE),
        junk in prop::collection::vec((prop::sample::select(&NAMES[..]), "[A-Z\"\u{0}\u{ff} ,;]{2,20}"), 1..6),
    ) {
        let (check, policy, headers, refusal) = row;
        let head = junk.iter().fold(head(check, headers), |head, (name, value)| head.line(name, value));
        if refusal.is_some() {
            prop_assert!(!verdict(check, policy, &head).is_allowed());
        }
    }
}
