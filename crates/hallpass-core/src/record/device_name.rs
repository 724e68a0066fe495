//! What a client is called in a list of devices.

/// What no other browser's user agent contains comes first: each calls itself by the names of those before it, too.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
    ("Mozilla/", "A browser"),
];

/// Android calls itself Linux too, and iPhones say that they are like a Mac.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
];

/// The longest name of a program, in characters.
const LONGEST: usize = 32;

pub(super) fn device_name(user_agent: &str) -> Option<String> {
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name)
    };
    match (user_agent.starts_with("Mozilla/"), known(&BROWSERS), known(&SYSTEMS)) {
        (true, Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (true, Some(browser), None) => Some(browser.to_owned()),
        _ => program(user_agent),
    }
}

/// The product token that a user agent begins with (RFC 9110 §10.1.5), without its version.
fn program(user_agent: &str) -> Option<String> {
    let is_token = |c: &char| c.is_ascii_alphanumeric() || "-_.+".contains(*c);
    let name: String = user_agent.chars().take_while(is_token).take(LONGEST).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_they_borrow_each_others_names() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/130.0.0.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0"
                ),
                "Edge on Windows",
            ),
            (
                &format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/130.0.0.0 Mobile Safari/537.36"),
                "Chrome on Android",
            ),
            (
                &format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/130.0.0.0 Safari/537.36"),
                "Chrome on ChromeOS",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
        ] {
            assert_eq!(device_name(user_agent).as_deref(), Some(name));
        }
    }

    #[test]
    fn programs_have_the_name_that_they_give_themselves() {
        assert_eq!(device_name("curl/8.9.1").as_deref(), Some("curl"));
        assert_eq!(device_name("python-requests/2.32.3").as_deref(), Some("python-requests"));
        assert_eq!(device_name("OurApp (Android 14)").as_deref(), Some("OurApp"));
    }

    #[test]
    fn garbage_has_no_name_or_is_a_short_word() {
        for garbage in ["", "  ", "<script>alert(1)</script>", "日本"] {
            assert_eq!(device_name(garbage), None, "{garbage:?}");
        }
        assert_eq!(device_name(&"x".repeat(256)), Some("x".repeat(LONGEST)));
        assert_eq!(device_name("Mozilla/5.0 \u{fffd}").as_deref(), Some("A browser"));
    }
}
