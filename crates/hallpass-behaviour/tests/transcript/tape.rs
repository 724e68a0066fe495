//! What was asked and answered. What differs from run to run, tokens and handles, has a name instead.

use hallpass_behaviour::client::{Browser, Request, Response};
use hallpass_behaviour::fixture::Site;
use serde_json::Value;
use std::fmt::Write as _;

/// Everything that was asked, with its answers.
#[derive(Default)]
pub(crate) struct Tape {
    steps: Vec<Step>,
    names: Vec<(String, String)>,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) asked: String,
    pub(crate) answered: String,
}

impl Tape {
    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// A browser in which this user is logged in; that is not noted.
    pub(crate) async fn logged_in(&mut self, site: &Site, user: &str) -> Browser {
        let browser = site.logged_in(user).await;
        self.name("token", browser.token());
        browser
    }

    /// Sends with the browser's jar, which obeys the answer.
    pub(crate) async fn send(&mut self, browser: &mut Browser, request: Request) {
        let response = browser.send(request.clone()).await;
        self.note(&request, &response);
    }

    /// Sends what makes the framework answer by itself: text and type are its own then.
    pub(crate) async fn send_for_status(&mut self, browser: &mut Browser, request: Request) {
        let response = browser.send(request.clone()).await;
        self.note_head(&request, &response, is_ours);
    }

    /// Sends bytes as they are. The jar does not see the answer.
    pub(crate) async fn send_raw(&mut self, browser: &Browser, request: Request) {
        let response = browser.wire(request.clone()).await.response().await;
        self.note(&request, &response);
    }

    /// As [`send_raw`](Self::send_raw), for bytes that a framework may refuse before anybody else sees them.
    pub(crate) async fn send_raw_for_status(&mut self, browser: &Browser, request: Request) {
        let response = browser.wire(request.clone()).await.response().await;
        self.note_head(&request, &response, |line| line.starts_with("set-cookie: "));
    }

    /// Every answer's status, in their order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.steps.iter().filter_map(|step| step.answered.get(..3)?.parse().ok()).collect()
    }

    fn note(&mut self, request: &Request, response: &Response) {
        self.note_head(request, response, |line| !line.starts_with("content-length: "));
        let text = self.named(&response.text());
        if let Some(step) = self.steps.last_mut() {
            step.answered.push_str(&text);
        }
    }

    fn note_head(&mut self, request: &Request, response: &Response, keep: impl Fn(&str) -> bool) {
        self.learn(response);
        let transcript = response.transcript();
        let (head, _) = transcript.split_once("\n\n").expect("a head ends with an empty line");
        let mut lines = head.lines();
        let mut answered = format!("{}\n", lines.next().unwrap_or_default());
        for line in lines.filter(|line| keep(line)) {
            // Writing to a string cannot fail.
            let _ = writeln!(answered, "{line}");
        }
        let step = Step { asked: self.named(&format!("{request:?}")), answered: self.named(&answered) };
        self.steps.push(step);
    }

    fn learn(&mut self, response: &Response) {
        for cookie in response.all_cookies().into_iter().filter(|cookie| !cookie.is_removal()) {
            self.name("token", cookie.value);
        }
        let json = response.json();
        let listed = json.as_array().into_iter().flatten().map(|device| &device["handle"]);
        for handle in listed.chain([&json["handle"]]).filter_map(Value::as_str) {
            self.name("handle", handle.to_owned());
        }
    }

    fn name(&mut self, kind: &str, value: String) {
        if self.names.iter().all(|(known, _)| *known != value) {
            let name = format!("<{kind} {}>", self.names.len());
            self.names.push((value, name));
        }
    }

    fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (value, name)| text.replace(value, name))
    }
}

/// Whether this header is the library's, whoever made the rest of the answer.
fn is_ours(line: &str) -> bool {
    ["cache-control: ", "set-cookie: ", "vary: "].iter().any(|name| line.starts_with(name))
}
