//! Whether everything on the pages can be made out.

use crate::demo::{PASSWORD, fill_in};
use crate::{Browser, Demo, SCHEMES, Scripts};
use serde_json::{Value, json};

/// Returns what cannot, as text.
const FAINT: &str = include_str!("contrast.js");

/// As pale as the card.
const PALE: &str = "color: var(--card) !important; \
    border-color: var(--card) !important; \
    outline-color: var(--card) !important";

pub(crate) fn everything_on_the_pages_stands_out(demo: &Demo) {
    let browser = Browser::start(Scripts::On);
    let mut faint = Vec::new();
    let mut look = |page: &str| faint.extend(faint_on(page, &browser));
    for path in ["/", "/login", "/register"] {
        browser.open(&demo.url(path));
        look(path);
    }
    register_a_name_that_is_taken(&browser);
    look("/register with an error");
    browser.open(&demo.url("/login"));
    fill_in(&browser, "alice", "a wrong password");
    browser.wait_for_text("This user name and password do not match.");
    look("/login with an error");
    demo.log_in(&browser, "alice");
    browser.wait_for_text("Live: you will see it here");
    look("/account");
    mistype_the_current_password(&browser);
    look("/account with an error");
    for path in ["/", "/reauthenticate"] {
        browser.open(&demo.url(path));
        look(path);
    }
    assert!(faint.is_empty(), "too faint:\n{}", faint.join("\n"));

    // What is hovered stays so until the page is loaded again.
    browser.open(&demo.url("/reauthenticate"));
    fade(&browser, ".card .quiet:hover");
    let faint = faint_on("/reauthenticate", &browser);
    assert!(!faint.is_empty() && faint.iter().all(|what| what.contains(", hovered: ")), "{faint:?}");
    fade(&browser, ".card *");
    let faint = faint_on("/reauthenticate", &browser).join("\n");
    for what in ["text", "inner edge", "outer edge", "outline"] {
        assert!(faint.contains(&format!(": {what} of ")), "it would not have been seen: {what}\n{faint}");
    }
}

fn register_a_name_that_is_taken(browser: &Browser) {
    browser.fill("username", "alice");
    browser.fill("password", PASSWORD);
    browser.press("Register");
    browser.wait_for_text("Somebody has this user name.");
}

fn mistype_the_current_password(browser: &Browser) {
    browser.fill("current", "a wrong password");
    browser.fill("new", PASSWORD);
    browser.press("Change password");
    browser.wait_for_text("This is not your current password.");
}

/// In both schemes, without the pointer and then with it on every link and button.
fn faint_on(page: &str, browser: &Browser) -> Vec<String> {
    let mut faint = Vec::new();
    for pointer in ["", ", hovered"] {
        if !pointer.is_empty() {
            hover(browser);
        }
        for scheme in SCHEMES {
            browser.use_scheme(scheme);
            let found = browser.run(FAINT);
            let found = found.as_array().expect("it returns a list").iter().filter_map(Value::as_str);
            faint.extend(found.map(|what| format!("{page}, {scheme}{pointer}: {what}")));
        }
    }
    faint
}

/// Makes what this selects too faint.
fn fade(browser: &Browser, selector: &str) {
    let rule = format!("{selector} {{ {PALE} }}");
    browser.run(&format!(
        "const [sheet] = document.styleSheets; sheet.insertRule('{rule}', sheet.cssRules.length)"
    ));
}

fn hover(browser: &Browser) {
    browser.devtools("DOM.enable", json!({}));
    browser.devtools("CSS.enable", json!({}));
    let document = browser.devtools("DOM.getDocument", json!({ "depth": 0 }));
    let all = json!({ "nodeId": document["root"]["nodeId"], "selector": "a, button" });
    let found = browser.devtools("DOM.querySelectorAll", all);
    let nodes = found["nodeIds"].as_array().expect("every page has links");
    for node in nodes {
        let hovered = json!({ "nodeId": node, "forcedPseudoClasses": ["hover"] });
        browser.devtools("CSS.forcePseudoState", hovered);
    }
}
