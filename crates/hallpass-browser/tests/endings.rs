//! No browser outlives what started it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hallpass_browser::{Browser, Scripts};
use hallpass_servers::{Kind, Server};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_browser_ends_when_it_is_dropped() {
    let driver = Server::start(Kind::WebDriver).unwrap();
    let browser = Browser::start_at(driver.url(), Scripts::On);
    let process = browser.process();
    assert!(runs(process));
    drop(browser);
    wait_for_end(process);
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_browser_ends_with_its_driver() {
    let driver = Server::start(Kind::WebDriver).unwrap();
    let browser = Browser::start_at(driver.url(), Scripts::On);
    drop(driver);
    wait_for_end(browser.process());
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_browser_ends_when_its_driver_is_killed() {
    let mut driver = Server::start(Kind::WebDriver).unwrap();
    let browser = Browser::start_at(driver.url(), Scripts::On);
    driver.kill().unwrap();
    wait_for_end(browser.process());
}

#[track_caller]
fn wait_for_end(process: u32) {
    let deadline = Instant::now() + PATIENCE;
    while runs(process) {
        assert!(Instant::now() < deadline, "the browser still runs");
        thread::sleep(Duration::from_millis(30));
    }
}

/// One that has ended may stay in the table until its parent asks.
fn runs(process: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output().unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
