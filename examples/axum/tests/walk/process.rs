//! How the process starts and ends.

use crate::server::{Server, demo};

#[track_caller]
fn assert_refused(options: &[&str], status: i32, reason: &str) {
    let output = demo(options).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("error: ") && said.contains(reason), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn an_option_that_is_not_right_is_one_line_and_status_2() {
    assert_refused(&["--no-such-option"], 2, "--no-such-option");
    assert_refused(&["--addr", "nowhere"], 2, "--addr");
    assert_refused(&["--idle-timeout", "soon"], 2, "--idle-timeout");
    assert_refused(&["--idle-timeout", "2days"], 2, "idle limit");
    assert_refused(&["--trusted-origin", "app.example"], 2, "app.example");
    assert_refused(&["--store", "redis://127.0.0.1"], 2, "\"memory\"");
}

#[tokio::test]
async fn a_port_in_use_is_one_line_and_status_1() {
    let server = Server::start();
    let taken = server.addr.to_string();
    assert_refused(&["--addr", &taken], 1, &taken);
}

#[test]
fn help_is_no_error() {
    let output = demo(&["--help"]).output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("HALLPASS_IDLE_TIMEOUT"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_it_gracefully() {
    for signal in ["TERM", "INT"] {
        let server = Server::start();
        server.log_in(crate::ALICE).await;
        let kill = format!("kill -{signal} {}", server.id());
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let output = server.wait();
        assert_eq!(output.status.code(), Some(0), "{signal}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{signal}: nothing to warn of");
    }
}
