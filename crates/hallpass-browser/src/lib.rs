//! What the demos promise to somebody who sits in front of a browser, proven with a real one: Chromium, driven over
//! [WebDriver](https://www.w3.org/TR/webdriver2/).
//!
//! [`browser_tests!`] makes a test of every promise, and [`smoke_tests!`] of those that depend most on the framework. Both
//! take the path of the program, which cargo tells the tests of the package that builds it:
//!
//! ```
//! # macro_rules! env { ($name:literal) => { $name } }
//! hallpass_browser::browser_tests!(env!("CARGO_BIN_EXE_example-axum"));
//! # fn main() {}
//! ```
//!
//! Every test starts the demo and browsers with new profiles for itself. Nothing waits for a fixed time: what has to come is
//! asked for until it is there, and never coming is a failure that shows the page.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod browser;
mod demo;
mod promises;
mod site;
mod webdriver;

pub use browser::{Browser, SCHEMES, Scripts};
pub use demo::Demo;

/// The one table of promises. The first token lets the macros in it have repetitions of their own.
macro_rules! table {
    ($d:tt
        smoke { $($first:ident::$smoke:ident,)* }
        thorough { $($module:ident::$promise:ident,)* }
    ) => {
        $(#[doc(hidden)] pub fn $smoke(program: &str) { promises::$first::$smoke(&Demo::start(program)); })*
        $(#[doc(hidden)] pub fn $promise(program: &str) { promises::$module::$promise(&Demo::start(program)); })*

        /// Makes a test of the promises that depend most on the framework, for the program at this path.
        #[macro_export]
        macro_rules! smoke_tests {
            ($d program:expr) => {
                $(
                    #[test]
                    #[ignore = "needs Chromium: run cargo xtask test"]
                    fn $smoke() {
                        $d crate::$smoke($d program);
                    }
                )*
            };
        }

        /// Makes a test of every promise, for the program at this path.
        #[macro_export]
        macro_rules! browser_tests {
            ($d program:expr) => {
                $d crate::smoke_tests!($d program);
                $(
                    #[test]
                    #[ignore = "needs Chromium: run cargo xtask test"]
                    fn $promise() {
                        $d crate::$promise($d program);
                    }
                )*
            };
        }
    };
}

table! { $
    smoke {
        session::a_user_logs_in_and_out_by_the_pages,
        session::back_after_logout_shows_nothing_protected,
    }
    thorough {
        session::no_script_and_no_other_host_gets_the_cookies,
        session::a_page_that_the_browser_kept_is_not_shown_after_logout,
        live::when_one_tab_logs_out_the_others_turn_to_the_login_page,
        live::a_device_that_is_ended_from_another_says_so_and_turns_to_the_login_page,
        forgery::another_origin_can_log_nobody_out,
        forgery::another_origin_can_log_nobody_in,
        forgery::no_other_site_can_show_the_account_in_a_frame,
        plain::without_javascript_everything_works,
        policy::no_page_breaks_its_own_content_security_policy,
        contrast::everything_on_the_pages_stands_out,
    }
}
