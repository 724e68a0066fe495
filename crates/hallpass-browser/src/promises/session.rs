//! Login, logout, and what is left of a session in the browser.

use super::assert_nothing_protected;
use crate::demo::{PASSWORD, fill_in};
use crate::{Browser, Demo, Scripts};

pub(crate) fn a_user_logs_in_and_out_by_the_pages(demo: &Demo) {
    let browser = Browser::start(Scripts::On);
    browser.open(&demo.url("/account"));
    browser.wait_for_url(&demo.url("/login?next=/account"));
    fill_in(&browser, "alice", "a wrong password");
    browser.wait_for_text("This user name and password do not match.");
    assert_eq!(browser.login_cookie(), "");

    browser.fill("password", PASSWORD);
    browser.press("Log in");
    browser.wait_for_url(&demo.url("/account"));
    assert!(browser.text().contains("alice") && browser.text().contains("This device"));
    assert_ne!(browser.login_cookie(), "");

    browser.press("Log out");
    browser.wait_for_text("You are not logged in.");
    assert_eq!(browser.login_cookie(), "");
    browser.open(&demo.url("/account"));
    browser.wait_for_url(&demo.url("/login?next=/account"));
}

pub(crate) fn back_after_logout_shows_nothing_protected(demo: &Demo) {
    let browser = demo.alices_browser(Scripts::On);
    browser.press("Log out");
    browser.wait_for_text("You are not logged in.");
    browser.back();
    browser.wait_for_url(&demo.url("/login?next=/account"));
    assert_nothing_protected(&browser);
}

pub(crate) fn no_script_and_no_other_host_gets_the_cookies(demo: &Demo) {
    for (host, url) in [("127.0.0.1", demo.url("/login")), ("localhost", demo.url_by_name("/login"))] {
        let browser = Browser::start(Scripts::On);
        browser.open(&url);
        fill_in(&browser, "alice", PASSWORD);
        browser.wait_for_text("This device");
        assert_ne!(browser.login_cookie(), "");
        for cookie in browser.cookies() {
            assert!(cookie["name"].as_str().is_some_and(|name| name.starts_with("__Host-")), "{cookie}");
            assert_eq!((&cookie["httpOnly"], &cookie["secure"]), (&true.into(), &true.into()), "{cookie}");
            // With a Domain attribute there would be a dot before it.
            assert_eq!((&cookie["domain"], &cookie["path"]), (&host.into(), &"/".into()), "{cookie}");
            assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
        }
        assert_eq!(browser.run("return document.cookie"), "");
    }
}

/// The browser keeps a page as it was only while no cookie changes, so the session is ended from elsewhere.
pub(crate) fn a_page_that_the_browser_kept_is_not_shown_after_logout(demo: &Demo) {
    let browser = demo.alices_browser(Scripts::On);
    let other = demo.alices_browser(Scripts::On);
    browser.open(&demo.url("/reauthenticate"));
    assert!(browser.text().contains("alice"));
    browser.run("addEventListener('pageshow', (event) => { sessionStorage.kept = event.persisted; })");
    browser.open(&demo.url("/v1/public"));
    other.press("Log out other devices");
    other.wait_for_text("Your other devices are logged out.");

    browser.back();
    browser.wait_for_url(&demo.url("/login?next=/reauthenticate"));
    assert_nothing_protected(&browser);
    assert_eq!(
        browser.run("return sessionStorage.kept"),
        "true",
        "the browser kept no page: nothing is shown"
    );
}
