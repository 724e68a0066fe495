//! The promises, each a function that takes a running demo.

pub(crate) mod contrast;
pub(crate) mod forgery;
pub(crate) mod live;
pub(crate) mod plain;
pub(crate) mod policy;
pub(crate) mod session;

use crate::Browser;

/// The button at a device that is not this one.
const END_OTHER_DEVICE: &str = r#"//ul/li[not(contains(., "This device"))]//button"#;

/// Nothing on the page is for alice alone.
#[track_caller]
fn assert_nothing_protected(browser: &Browser) {
    let text = browser.text();
    assert!(!text.contains("alice") && !text.contains("Your devices"), "{text}");
}
