//! The pages and their Content-Security-Policy.

use crate::{Browser, Demo, Scripts};

pub(crate) fn no_page_breaks_its_own_content_security_policy(demo: &Demo) {
    let browser = Browser::start(Scripts::On);
    for path in ["/", "/login", "/register"] {
        assert_policy_kept(demo, &browser, path);
    }
    demo.log_in(&browser, "alice");
    for path in ["/", "/account", "/reauthenticate"] {
        assert_policy_kept(demo, &browser, path);
        assert!(browser.text().contains("alice"), "{path}");
    }
    browser.run("document.body.setAttribute('style', 'color: red')");
    assert!(
        browser.complaints().iter().any(|complaint| is_about_policy(complaint)),
        "it would not have been seen"
    );
}

#[track_caller]
fn assert_policy_kept(demo: &Demo, browser: &Browser, path: &str) {
    browser.open(&demo.url(path));
    // The style sheet and the scripts are loaded and not only allowed.
    let loaded =
        "return performance.getEntriesByType('resource').every((entry) => entry.responseStatus === 200)";
    assert_eq!(browser.run(loaded), true, "{path}");
    assert_eq!(browser.run("return document.styleSheets.length"), 1, "{path}");
    let complaints: Vec<_> =
        browser.complaints().into_iter().filter(|complaint| is_about_policy(complaint)).collect();
    assert!(complaints.is_empty(), "{path}: {complaints:?}");
}

fn is_about_policy(complaint: &str) -> bool {
    complaint.contains("Content Security Policy")
}
