//! Pages that change by themselves when their session ends.

use super::{END_OTHER_DEVICE, assert_nothing_protected};
use crate::{Demo, Scripts};

/// One of the tabs has nothing but the message of the other tab to learn it from.
pub(crate) fn when_one_tab_logs_out_the_others_turn_to_the_login_page(demo: &Demo) {
    let browser = demo.alices_browser(Scripts::On);
    let first = browser.tab();
    let others = ["/account", "/reauthenticate"].map(|path| {
        let tab = browser.open_tab();
        browser.open(&demo.url(path));
        assert!(browser.text().contains("alice"));
        (path, tab)
    });
    browser.use_tab(&first);
    browser.press("Log out");
    browser.wait_for_text("You are not logged in.");
    for (path, tab) in others {
        browser.use_tab(&tab);
        browser.wait_for_url(&demo.url(&format!("/login?next={path}")));
        assert_nothing_protected(&browser);
    }
}

pub(crate) fn a_device_that_is_ended_from_another_says_so_and_turns_to_the_login_page(demo: &Demo) {
    let (phone, laptop) = (demo.alices_browser(Scripts::On), demo.alices_browser(Scripts::On));
    phone.wait_for_text("Live: you will see it here when this session ends.");
    laptop.click(END_OTHER_DEVICE);
    laptop.wait_for_text("The device is logged out.");

    phone.wait_for_text("You logged this device out from another one.");
    assert_nothing_protected(&phone);
    phone.wait_for_url(&demo.url("/login?next=/account"));
    laptop.wait_for_text("Live: you will see it here when this session ends.");
    assert!(!laptop.text().contains("Log out other devices"), "no other device is left");
}
