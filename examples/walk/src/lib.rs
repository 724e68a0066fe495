//! What each demo is held to from outside: the built program, over real sockets.
//!
//! [`walk_tests!`] makes a test of every check, the same for each framework. It takes the path of the program, which cargo
//! tells the tests of the package that builds it:
//!
//! ```
//! # macro_rules! env { ($name:literal) => { $name } }
//! example_walk::walk_tests!(env!("CARGO_BIN_EXE_example-axum"));
//! # fn main() {}
//! ```

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod bad_input;
mod devices;
mod live;
mod pages;
mod process;
mod program;
mod session;
#[cfg(unix)]
mod signals;
mod stores;

use program::Program;
use std::time::Duration;

/// Longer than any check takes on any machine; so long that a check waits for what never happens.
const LIMIT: Duration = Duration::from_secs(60);

/// The one table of checks. The first token lets the macro in it have repetitions of its own.
macro_rules! checks {
    ($d:tt $($module:ident { $($(#[$attribute:meta])* $check:ident,)* })*) => {
        $($(
            $(#[$attribute])*
            #[doc(hidden)]
            pub fn $check(program: &'static str) {
                play(program, $module::$check);
            }
        )*)*

        /// Makes a test of every check for the program at this path.
        #[macro_export]
        macro_rules! walk_tests {
            ($d program:expr) => {
                $($(
                    $(#[$attribute])*
                    #[test]
                    fn $check() {
                        $d crate::$check($d program);
                    }
                )*)*
            };
        }
    };
}

checks! { $
    session {
        the_walk_of_the_readme,
        what_me_tells_is_complete_and_no_secret,
        a_browser_is_led_through_login_and_logout_without_javascript,
        the_counter_is_kept_in_the_session_and_reading_it_makes_none,
        a_slow_request_brings_no_session_back,
        somebody_new_registers_and_logs_in,
        a_guesser_is_made_to_wait_and_hinders_nobody_who_is_logged_in,
    }
    devices {
        a_user_sees_every_device_and_no_secret,
        one_device_is_ended_by_its_handle_and_no_other_users,
        the_other_devices_are_logged_out_at_once_and_this_one_stays,
        everywhere_means_this_device_too,
        a_new_password_ends_the_other_devices_and_renews_this_one,
        giving_the_password_again_renews_the_session,
        a_session_that_guesses_its_users_password_is_ended,
        an_administrator_logs_a_user_out_and_nobody_else_does,
    }
    pages {
        pages_load_nothing_from_elsewhere_and_no_site_can_frame_them,
        only_users_see_the_pages_of_users,
        the_account_page_ends_devices_by_plain_forms,
        a_form_that_is_refused_says_so_in_its_place,
        passwords_are_changed_and_confirmed_by_plain_forms,
        an_administrator_logs_a_user_out_by_a_plain_form,
        whatever_a_client_calls_itself_is_text_on_the_page,
    }
    live {
        an_event_stream_ends_when_another_device_logs_this_one_out,
        the_head_of_an_event_stream_opens_none,
        a_web_socket_is_closed_when_another_device_logs_this_one_out,
        a_web_socket_is_for_users_on_pages_of_this_site,
    }
    bad_input {
        a_body_that_is_no_login_is_refused_by_what_is_wrong_with_it,
        what_cannot_be_registered_is_refused_with_the_reason,
        wrong_methods_and_paths_are_refused_and_say_what_is_allowed,
        another_site_can_neither_log_in_nor_out,
        cookies_of_every_kind_authenticate_nobody_and_break_nothing,
        no_next_leads_away_from_this_site,
    }
    process {
        an_option_that_is_not_right_is_one_line_and_status_2,
        a_port_in_use_is_one_line_and_status_1,
        help_is_no_error,
    }
    stores {
        users_and_sessions_survive_a_crash_and_a_logout_stays,
        in_memory_nothing_is_left,
        #[ignore = "needs PostgreSQL: run cargo xtask test"]
        the_same_holds_on_postgres,
        #[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
        the_same_holds_on_mysql,
        #[ignore = "needs Redis: run cargo xtask test"]
        on_redis_sessions_survive_a_crash_and_a_logout_stays,
        #[ignore = "needs a Redis Cluster: run cargo xtask test"]
        the_same_holds_on_a_redis_cluster,
        #[ignore = "needs Redis: run cargo xtask test"]
        on_redis_a_guesser_is_counted_by_all_nodes_together,
        an_address_that_is_none_is_one_line_and_status_2,
        a_store_that_is_not_there_is_one_line_and_status_1,
        #[ignore = "needs PostgreSQL, and MySQL or MariaDB: run cargo xtask test"]
        a_wrong_password_is_one_line_and_status_1,
    }
    signals {
        #[cfg(unix)]
        a_signal_ends_it_gracefully,
        #[cfg(unix)]
        what_is_open_is_closed_and_does_not_keep_it_from_ending,
    }
}

fn play(program: &'static str, check: impl AsyncFnOnce(Program<'_>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = Program { path: program, folder: folder.path() };
    let check = async { tokio::time::timeout(LIMIT, check(program)).await };
    runtime.block_on(check).expect("the check ends");
}
