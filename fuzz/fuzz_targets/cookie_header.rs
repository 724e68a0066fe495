//! Whatever the `Cookie` headers hold, only tokens that they spell out come out, and lines are as good as one line.

#![no_main]

use hallpass_core::{CookiePolicy, Presented, PresentedTokens};
use hallpass_fuzz::Head;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let policy = CookiePolicy::default();
    let lines = || input.split(|byte| *byte == b'\n');
    let split = policy.scan(&Head::with_cookies(lines()));
    for tokens in [&split.login, &split.visitor] {
        check(tokens, input);
    }
    let joined: Vec<u8> = input.iter().map(|byte| if *byte == b'\n' { b';' } else { *byte }).collect();
    let joined = policy.scan(&Head::with_cookies([joined.as_slice()]));
    // Separators are counted in one line only, so the two differ where the bound is.
    if !split.too_long && !joined.too_long {
        assert_eq!(seen(&split), seen(&joined));
    }
});

fn check(tokens: &PresentedTokens, input: &[u8]) {
    let found = tokens.well_formed();
    assert!(found.len() <= 4);
    assert!(found.is_empty() || tokens.was_sent());
    assert!(tokens.token().is_none() || found.len() == 1);
    for token in found {
        let text = token.encode();
        assert!(input.windows(text.len()).any(|part| part == text.as_bytes()));
    }
}

fn seen(presented: &Presented) -> Vec<(bool, bool, Vec<String>)> {
    let of = |tokens: &PresentedTokens| {
        let texts = tokens.well_formed().iter().map(|token| token.encode().to_string()).collect();
        (tokens.was_sent(), tokens.token().is_some(), texts)
    };
    vec![of(&presented.login), of(&presented.visitor)]
}
