//! Any head gets a verdict; a stricter policy never allows more; what a browser says of a foreign page is
//! never outweighed by other headers.

#![no_main]

use hallpass_core::{CookiePolicy, OriginPolicy, Verdict};
use hallpass_fuzz::Head;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

struct Policies {
    cookies: CookiePolicy,
    lax: OriginPolicy,
    strict: OriginPolicy,
}

static POLICIES: LazyLock<Policies> = LazyLock::new(|| {
    let trusting =
        || OriginPolicy::builder().trusted_origins(["https://app.example", "capacitor://localhost"]);
    Policies {
        cookies: CookiePolicy::default(),
        lax: trusting().build().expect("these are origins"),
        strict: trusting().strict(true).build().expect("these are origins"),
    }
});

fuzz_target!(|input: &[u8]| {
    let head = Head::parse(input);
    let lax = verdicts(&POLICIES.lax, &head);
    let strict = verdicts(&POLICIES.strict, &head);
    for (lax, strict) in lax.into_iter().zip(strict) {
        assert!(lax.is_allowed() || !strict.is_allowed());
        assert!(!matches!(lax, Verdict::Refuse(why) if ![400, 403, 405].contains(&why.status())));
    }
    let foreign = head.and("origin", b"https://evil.example").and("sec-fetch-site", b"cross-site");
    assert!(verdicts(&POLICIES.lax, &foreign).into_iter().all(|verdict| !verdict.is_allowed()));
});

fn verdicts(policy: &OriginPolicy, head: &Head<'_>) -> [Verdict; 3] {
    let cookies = &POLICIES.cookies;
    [
        policy.check_unsafe(head, cookies),
        policy.check_websocket(head, cookies),
        policy.check_logout_get(head, cookies),
    ]
}
