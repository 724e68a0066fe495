use crate::{Browser, Scripts};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;

/// The password of all users that a demo begins with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A running demo with nothing in it but its first users. Dropping it ends it.
#[derive(Debug)]
pub struct Demo {
    process: Child,
    log: NamedTempFile,
    origin: String,
}

impl Demo {
    /// Starts the program at this path on a port of its own, without the options of this environment.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(program: &str) -> Self {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HALLPASS_")) {
            command.env_remove(name);
        }
        let log = NamedTempFile::new().unwrap();
        command.args(["--addr", "127.0.0.1:0", "--store", "memory"]).env("RUST_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.reopen().unwrap());
        let process = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut demo = Self { process, log, origin: String::new() };
        let mut line = String::new();
        BufReader::new(demo.process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        demo.origin = line.trim().strip_prefix("listening on ").expect("the demo starts").to_owned();
        demo
    }

    /// The address of a page.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The same by the name of this machine, which is another site for a browser.
    pub(crate) fn url_by_name(&self, path: &str) -> String {
        self.url(path).replace("127.0.0.1", "localhost")
    }

    /// A new browser, in which alice has logged in and sees her account.
    pub(crate) fn alices_browser(&self, scripts: Scripts) -> Browser {
        let browser = Browser::start(scripts);
        self.log_in(&browser, "alice");
        browser
    }

    /// Fills in the login form; the account is shown then.
    pub fn log_in(&self, browser: &Browser, username: &str) {
        browser.open(&self.url("/login"));
        fill_in(browser, username, PASSWORD);
        browser.wait_for_url(&self.url("/account"));
    }
}

/// Fills in the login form that is shown, and sends it.
pub(crate) fn fill_in(browser: &Browser, username: &str, password: &str) {
    browser.fill("username", username);
    browser.fill("password", password);
    browser.press("Log in");
}

/// A test that fails leaves nothing behind but what the demo said.
impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = File::open(self.log.path()).and_then(std::io::read_to_string).unwrap_or_default();
            eprintln!("the demo said:\n{log}");
        }
    }
}
