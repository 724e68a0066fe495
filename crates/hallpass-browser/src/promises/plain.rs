//! The pages in a browser that runs no scripts.

use super::{END_OTHER_DEVICE, assert_nothing_protected};
use crate::{Demo, Scripts};

pub(crate) fn without_javascript_everything_works(demo: &Demo) {
    let (phone, laptop) = (demo.alices_browser(Scripts::Off), demo.alices_browser(Scripts::Off));
    assert!(laptop.text().contains("Not live: load the page again"), "scripts run: {}", laptop.text());
    assert_eq!(laptop.text().matches("Logged in").count(), 2, "{}", laptop.text());

    laptop.click(END_OTHER_DEVICE);
    laptop.wait_for_text("The device is logged out.");
    assert_eq!(laptop.text().matches("Logged in").count(), 1, "{}", laptop.text());
    phone.open(&demo.url("/account"));
    phone.wait_for_url(&demo.url("/login?next=/account"));

    laptop.press("Log out");
    laptop.wait_for_text("You are not logged in.");
    laptop.back();
    laptop.wait_for_url(&demo.url("/login?next=/account"));
    assert_nothing_protected(&laptop);
}
