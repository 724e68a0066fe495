//! How the process starts, or says why not.

use crate::program::Program;

#[track_caller]
pub(crate) fn assert_refused(demo: Program<'_>, options: &[&str], status: i32, reason: &str) -> String {
    let output = demo.command(options).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("error: ") && said.contains(reason), "{said}");
    assert!(output.stdout.is_empty());
    said
}

pub(crate) async fn an_option_that_is_not_right_is_one_line_and_status_2(demo: Program<'_>) {
    assert_refused(demo, &["--no-such-option"], 2, "--no-such-option");
    assert_refused(demo, &["--addr", "nowhere"], 2, "--addr");
    assert_refused(demo, &["--idle-timeout", "soon"], 2, "--idle-timeout");
    assert_refused(demo, &["--idle-timeout", "2days"], 2, "idle limit");
    assert_refused(demo, &["--trusted-origin", "app.example"], 2, "app.example");
}

pub(crate) async fn a_port_in_use_is_one_line_and_status_1(demo: Program<'_>) {
    let server = demo.start();
    let taken = server.addr.to_string();
    assert_refused(demo, &["--addr", &taken], 1, &taken);
}

pub(crate) async fn help_is_no_error(demo: Program<'_>) {
    let output = demo.command(&["--help"]).output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("HALLPASS_IDLE_TIMEOUT"));
}
