use crate::webdriver::{Failure, Remote};
use hyper::Method;
use serde_json::{Value, json};
use std::env;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes to appear on any machine; so long that a test waits for what never happens.
const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(30);

/// Under this name an answer refers to an element (WebDriver §11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The colour schemes that somebody may prefer.
pub const SCHEMES: [&str; 2] = ["light", "dark"];

/// Whether pages may run JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// As in most browsers.
    On,
    /// As the setting of the browser has it.
    Off,
}

/// A browser with a new profile. Dropping it ends it. What cannot be done panics and shows the page.
#[derive(Debug)]
pub struct Browser {
    remote: Remote,
    session: String,
    process: u32,
}

/// The name of a tab.
#[derive(Debug, Clone)]
pub(crate) struct Tab(Value);

impl Browser {
    /// Starts one at the driver in `HALLPASS_TEST_WEBDRIVER`.
    #[must_use]
    pub fn start(scripts: Scripts) -> Self {
        let driver = env::var("HALLPASS_TEST_WEBDRIVER")
            .expect("HALLPASS_TEST_WEBDRIVER is not set: run cargo xtask test");
        Self::start_at(&driver, scripts)
    }

    /// Starts one at the driver with this address.
    #[must_use]
    pub fn start_at(driver: &str, scripts: Scripts) -> Self {
        let remote = Remote::new(driver);
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities(scripts) } });
        let started = remote.call(Method::POST, "/session", Some(&wanted));
        let started = started.unwrap_or_else(|failure| panic!("no browser starts: {failure}"));
        let session = started["sessionId"].as_str().expect("a session has an id").to_owned();
        let process = started["capabilities"]["goog:processID"].as_u64().unwrap_or_default();
        Self { remote, session, process: process.try_into().unwrap() }
    }

    /// The id of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Goes to a page, as by the address bar.
    pub fn open(&self, url: &str) {
        self.must(self.post("/url", &json!({ "url": url })));
    }

    /// The button of this name.
    pub(crate) fn back(&self) {
        self.must(self.post("/back", &json!({})));
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.must(self.try_url())
    }

    /// What can be read on the page.
    #[must_use]
    pub fn text(&self) -> String {
        self.must(self.try_text())
    }

    /// Types into the field of this name.
    pub fn fill(&self, name: &str, text: &str) {
        let field = self.find(&format!(r#"//input[@name="{name}"]"#));
        self.must(self.post(&format!("/element/{field}/value"), &json!({ "text": text })));
    }

    /// Clicks the first button or link that says so.
    pub fn press(&self, label: &str) {
        self.click(&format!(r#"//*[self::button or self::a][normalize-space()="{label}"]"#));
    }

    /// Clicks the first element of this XPath.
    pub(crate) fn click(&self, path: &str) {
        let element = self.find(path);
        self.must(self.post(&format!("/element/{element}/click"), &json!({})));
    }

    /// What the body of a function returns on the page. It runs also where the page's own scripts do not.
    pub fn run(&self, script: &str) -> Value {
        self.must(self.post("/execute/sync", &json!({ "script": script, "args": [] })))
    }

    /// The cookies of the page, as the browser keeps them (WebDriver §14.1).
    pub(crate) fn cookies(&self) -> Vec<Value> {
        self.must(self.get("/cookie")).as_array().cloned().unwrap_or_default()
    }

    /// The value of the login's cookie; empty if there is none.
    pub(crate) fn login_cookie(&self) -> String {
        let cookie = self.cookies().into_iter().find(|cookie| cookie["name"] == "__Host-id");
        cookie.and_then(|cookie| cookie["value"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The tab that is used now.
    pub(crate) fn tab(&self) -> Tab {
        Tab(self.must(self.get("/window")))
    }

    /// Opens a tab and uses it from now on.
    pub(crate) fn open_tab(&self) -> Tab {
        let mut opened = self.must(self.post("/window/new", &json!({ "type": "tab" })));
        let tab = Tab(opened["handle"].take());
        self.use_tab(&tab);
        tab
    }

    /// Uses this tab from now on.
    pub(crate) fn use_tab(&self, tab: &Tab) {
        self.must(self.post("/window", &json!({ "handle": tab.0 })));
    }

    /// What the browser has complained about on its pages since this was last asked.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.must(self.post("/se/log", &json!({ "type": "browser" })));
        let message = |entry: &Value| entry["message"].as_str().map(str::to_owned);
        log.as_array().map(|entries| entries.iter().filter_map(message).collect()).unwrap_or_default()
    }

    /// Gives a command of the Chrome DevTools Protocol.
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.must(self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })))
    }

    /// Shows pages from now on as somebody sees them who prefers this one of the [`SCHEMES`].
    pub fn use_scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
        // From one scheme to the other, colours change smoothly.
        self.run("document.getAnimations().forEach((animation) => animation.finish())");
    }

    /// Waits until it is at this address.
    pub fn wait_for_url(&self, url: &str) {
        self.wait_for(url, || Ok(self.try_url()? == url));
    }

    /// Waits until this can be read on the page.
    pub fn wait_for_text(&self, part: &str) {
        self.wait_for(part, || Ok(self.try_text()?.contains(part)));
    }

    /// A page that is just changing refuses to be asked.
    fn wait_for(&self, what: &str, arrived: impl Fn() -> Result<bool, Failure>) {
        let deadline = Instant::now() + PATIENCE;
        while !arrived().unwrap_or_default() {
            if Instant::now() > deadline {
                panic!("{what} never comes\n{}", self.shown());
            }
            thread::sleep(PAUSE);
        }
    }

    /// The first element of this XPath, as soon as it is there.
    fn find(&self, path: &str) -> String {
        let query = json!({ "using": "xpath", "value": path });
        self.wait_for(path, || self.post("/element", &query).map(|_| true));
        element(self.must(self.post("/element", &query)))
    }

    fn try_url(&self) -> Result<String, Failure> {
        Ok(self.get("/url")?.as_str().unwrap_or_default().to_owned())
    }

    /// As people read it, so nothing that is hidden.
    fn try_text(&self) -> Result<String, Failure> {
        let body = element(self.post("/element", &json!({ "using": "css selector", "value": "body" }))?);
        Ok(self.get(&format!("/element/{body}/text"))?.as_str().unwrap_or_default().to_owned())
    }

    fn get(&self, path: &str) -> Result<Value, Failure> {
        self.remote.call(Method::GET, &format!("/session/{}{path}", self.session), None)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.remote.call(Method::POST, &format!("/session/{}{path}", self.session), Some(body))
    }

    fn must<T>(&self, result: Result<T, Failure>) -> T {
        result.unwrap_or_else(|failure| panic!("{failure}\n{}", self.shown()))
    }

    fn shown(&self) -> String {
        let either = |result: Result<String, Failure>| result.unwrap_or_else(|failure| failure.to_string());
        format!("at {}:\n{}", either(self.try_url()), either(self.try_text()))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let ended = self.remote.call(Method::DELETE, &format!("/session/{}", self.session), None);
        if let Err(failure) = ended {
            eprintln!("warning: a browser was not ended: {failure}");
        }
    }
}

fn element(mut found: Value) -> String {
    match found[ELEMENT].take() {
        Value::String(id) => id,
        other => panic!("no reference to an element: {other}"),
    }
}

/// Containers often allow no sandbox, and only pages of the tests are opened. With the pipe, a browser ends when its driver
/// does, however that ends. The feature keeps pages with `no-store` for the Back button too, for as long as no cookie
/// changes; it is named so that no version of Chromium goes without.
fn capabilities(scripts: Scripts) -> Value {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--remote-debugging-pipe",
        "--disable-dev-shm-usage",
        "--enable-features=CacheControlNoStoreEnterBackForwardCache",
    ];
    let preferences = match scripts {
        Scripts::On => json!({}),
        Scripts::Off => json!({ "profile.managed_default_content_settings.javascript": 2 }),
    };
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "browser": "ALL" },
    })
}
