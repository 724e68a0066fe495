//! Tables of users, on every database.
#![cfg(all(feature = "users", feature = "sqlite", feature = "postgres", feature = "mysql"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod checks;
mod database;
mod login;
mod names;
mod passwords;
mod registration;
mod subjects;

use database::{Database, Server};

/// Makes three tests of each: one without a server, two that need theirs.
macro_rules! on_every_database {
    ($($module:ident { $($test:ident,)* })*) => {
        mod sqlite {$(mod $module {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                crate::play(crate::Server::Sqlite, crate::$module::$test).await;
            }
        )*})*}

        mod postgres {$(mod $module {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL: run cargo xtask test"]
            async fn $test() {
                crate::play(crate::Server::Postgres, crate::$module::$test).await;
            }
        )*})*}

        mod mysql {$(mod $module {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
            async fn $test() {
                crate::play(crate::Server::MySql, crate::$module::$test).await;
            }
        )*})*}
    };
}

on_every_database! {
    names {
        no_spelling_but_the_exact_one_finds_a_user,
        two_rows_with_one_name_are_nobody_and_an_error,
        a_normalised_name_is_found_as_it_was_registered,
        what_looks_like_sql_is_a_name_that_nobody_has,
        a_name_that_the_column_cannot_hold_is_nobody,
    }
    subjects {
        an_integer_is_one_user_in_one_spelling,
        a_text_is_one_user_in_one_spelling,
        a_uuid_is_one_user_in_one_spelling,
        a_row_that_cannot_be_used_is_an_error_and_no_panic,
        roles_and_flags_are_read_as_documented,
    }
    passwords {
        whoever_asks_for_whomever_costs_one_hash_and_hears_no,
        an_outdated_hash_is_replaced_at_login_and_nobody_is_logged_out,
        a_hash_is_not_replaced_over_a_password_that_was_changed_meanwhile,
        without_a_stamp_column_a_login_replaces_no_hash,
        a_new_password_comes_with_a_new_stamp_of_every_type,
        without_a_stamp_column_a_new_password_changes_the_stamp,
        of_two_changes_that_began_with_one_password_one_is_made,
        a_disabled_user_comes_back_to_no_old_session,
    }
    registration {
        of_many_who_want_one_name_at_once_one_gets_it,
        a_name_that_the_database_takes_for_another_is_taken,
        what_cannot_be_registered_is_refused_and_leaves_no_row,
        a_new_user_has_what_was_asked_for_and_can_log_in,
    }
    checks {
        a_table_that_fits_passes_with_and_without_its_schema,
        what_does_not_fit_is_named,
        a_table_that_is_gone_is_an_error_at_run_time,
        a_database_that_does_not_answer_is_given_up,
    }
    login {
        users_of_two_tables_live_side_by_side_and_are_nobody_to_each_other,
        a_silent_rehash_at_login_logs_no_other_device_out,
        a_changed_password_ends_the_other_devices_and_keeps_this_one,
    }
}

async fn play(server: Server, test: impl AsyncFnOnce(&Database)) {
    let database = Database::open(server).await;
    test(&database).await;
    database.remove().await;
}
