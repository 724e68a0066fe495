//! The table of all cases.

use super::Case;
use super::{
    alive, cancel, clock, create, ended_for_all, epoch, feed, limit, load, not_before, purge, race,
    race_subject, realms, replace, replace_limit, resend, revoke, revoke_subject, subject, sweep, take,
    touch, unseen, update,
};

/// Lists the cases once, for the function that returns them and for the macro that makes tests of them.
macro_rules! cases {
    (
        ($d:tt)
        $(#[$function_doc:meta])* fn $function:ident;
        $(#[$macro_doc:meta])* macro $macro:ident;
        $($group:ident { $($case:ident,)* })*
    ) => {
        $(#[$function_doc])*
        #[must_use]
        pub fn $function() -> Vec<Case> {
            vec![$($(Case {
                group: stringify!($group),
                name: stringify!($case),
                play: |scene| Box::pin($group::$case(scene)),
            },)*)*]
        }

        $(#[$macro_doc])*
        #[macro_export]
        macro_rules! $macro {
            ($d make_store:expr $d(, #[$d attribute:meta])* $d(,)?) => {
                $(mod $group {
                    #[allow(unused_imports, reason = "the factory may be named by a path or be a closure")]
                    use super::*;
                    $(
                        #[test]
                        $d(#[$d attribute])*
                        fn $case() {
                            $d crate::suite::test(stringify!($group), stringify!($case), $d make_store);
                        }
                    )*
                })*
            };
        }
    };
}

cases! {
    ($)

    /// Every case that every store must pass.
    fn all;

    /// Makes a test of every line of the contract, grouped in modules: one line proves a store.
    ///
    /// It takes an async function or closure without arguments that makes a fresh, empty store, or a
    /// [`Fixture`](crate::Fixture) with one. Each test calls it on a runtime of its own, with four threads. Attributes
    /// after it go to every test.
    ///
    /// ```
    /// # mod memory {
    /// # use hallpass_core::MemoryStore;
    /// async fn make_store() -> MemoryStore {
    ///     MemoryStore::new()
    /// }
    ///
    /// hallpass_testkit::store_tests!(make_store);
    /// # }
    /// # mod elsewhere {
    /// # use hallpass_core::MemoryStore;
    /// hallpass_testkit::store_tests!(|| async { MemoryStore::new() }, #[ignore = "needs a server"]);
    /// # }
    /// ```
    macro store_tests;

    create {
        a_session_loads_as_it_was_created,
        never_overwrites_a_session,
        never_overwrites_a_session_that_has_run_out,
        keeps_every_field_of_a_visitor,
        keeps_every_field_of_a_login,
        keeps_long_and_foreign_subjects,
        keeps_every_byte_of_data,
        keeps_64_kib_of_data,
        keeps_deadlines_at_the_end_of_time,
        a_taken_key_evicts_nobody,
    }
    load {
        an_unknown_key_is_nothing,
        is_not_contradicted_by_a_peek,
        returns_sessions_that_have_run_out,
        changes_nothing,
    }
    update {
        writes_over_the_expected_revision,
        writes_every_field_that_changes,
        at_another_revision_writes_nothing,
        never_creates_a_session,
        never_brings_back_a_revoked_session,
        never_revives_a_session_that_has_run_out,
        never_moves_last_seen_or_the_idle_deadline_backwards,
        moves_last_seen_and_the_idle_deadline_forwards,
        of_a_renewed_key_writes_nothing,
    }
    touch {
        moves_last_seen_and_the_idle_deadline_forwards,
        never_moves_them_backwards,
        never_passes_the_absolute_deadline,
        keeps_the_revision_and_everything_else,
        that_changes_nothing_still_finds_the_session,
        never_creates_a_session,
        never_brings_back_a_revoked_session,
        never_revives_a_session_that_has_run_out,
    }
    replace {
        opens_the_new_key_and_kills_the_old_one,
        writes_every_field_that_changes,
        renews_a_visitor,
        at_another_revision_writes_nothing,
        never_creates_a_session,
        never_brings_back_a_revoked_session,
        never_revives_a_session_that_has_run_out,
        of_one_key_succeeds_once,
        with_a_ticket_from_before_a_raise_writes_nothing,
        with_a_current_ticket_writes,
        without_a_ticket_ignores_the_epoch,
        is_followed_by_the_list_of_its_user,
        does_not_escape_the_end_of_all_logins,
        does_not_escape_the_end_of_its_handle,
    }
    take {
        ends_the_expected_revision,
        at_another_revision_ends_nothing,
        of_nothing_is_gone,
        reports_a_session_that_had_run_out_as_timed_out,
    }
    revoke {
        ends_a_login_and_a_visitor_and_tells_what_it_ended,
        is_idempotent,
        of_an_unknown_key_ends_nothing,
        reports_a_session_that_had_run_out_as_timed_out,
        keeps_the_reason_it_was_given,
        is_final,
        leaves_everything_else_alone,
    }
    subject {
        lists_live_logins_the_most_recently_seen_first,
        shows_what_the_record_holds,
        follows_a_touch,
        lists_nothing_else,
        is_compared_byte_by_byte,
    }
    epoch {
        is_none_at_first,
        is_raised_to_the_operation_by_ending_all,
        is_raised_to_the_operation_by_ending_all_but_one,
        stays_when_one_is_ended,
        of_other_users_stays,
        is_kept_for_a_day,
        refuses_a_login_that_began_before_it_was_raised,
        refuses_every_earlier_ticket,
        accepts_a_login_that_began_after_it_was_raised,
        accepts_visitors,
        that_refuses_a_login_evicts_nobody,
    }
    revoke_subject {
        all_ends_every_login,
        all_but_keeps_one,
        all_but_an_unknown_handle_ends_every_login,
        one_ends_one,
        one_unknown_handle_ends_nothing,
        leaves_visitors_and_other_users_alone,
        reports_sessions_that_had_run_out_as_timed_out,
        ends_logins_that_owe_a_factor,
        ends_two_hundred_logins,
        keeps_a_login_across_its_renewal,
        by_a_live_actor_is_done,
        by_an_actor_that_was_ended_does_nothing,
        by_an_actor_that_has_run_out_does_nothing,
        by_somebody_elses_login_does_nothing,
        by_an_actor_follows_its_renewal,
    }
    limit {
        the_least_recently_seen_login_gives_way,
        as_many_give_way_as_are_too_many,
        a_touched_login_stays,
        a_refused_login_writes_nothing,
        nobody_gives_way_while_there_is_room,
        logins_that_have_run_out_do_not_count,
        visitors_do_not_count,
        counts_every_user_alone,
        the_new_login_itself_never_gives_way,
        logins_from_before_not_before_do_not_count,
        what_is_over_goes_with_those_that_give_way,
        logins_that_owe_a_factor_are_counted_apart,
        logins_that_owe_a_factor_are_limited_too,
        logins_count_at_the_level_they_have_now,
        of_logins_last_seen_at_once_the_one_created_first_gives_way,
        of_equal_logins_the_one_with_the_lower_key_gives_way,
        several_rules_hold_at_once,
    }
    unseen {
        logins_give_way_first,
        logins_refuse_nobody,
        logins_go_only_as_far_as_needed,
        logins_stay_where_another_is_refused,
        logins_count_for_a_minute,
        ends_with_a_touch,
        ends_with_an_update,
        ends_with_a_renewal,
    }
    replace_limit {
        an_upgrade_makes_room_among_full_logins,
        an_upgrade_that_is_refused_writes_nothing,
        an_upgrade_is_not_counted_among_logins_that_owe_a_factor,
        a_re_authentication_takes_no_room_itself,
        a_re_authentication_makes_room_too,
        a_plain_renewal_ignores_the_limit,
        what_is_not_written_evicts_nobody,
        unseen_logins_give_way_first_and_refuse_nobody,
        what_is_over_takes_no_room_and_goes_with_those_that_give_way,
    }
    not_before {
        is_none_at_first,
        never_moves_backwards,
        is_kept_for_each_realm,
        refuses_logins_that_began_before,
        refuses_renewals_of_logins_that_began_before,
        accepts_visitors,
    }
    ended_for_all {
        logins_from_before_are_dead_and_still_load,
        logins_from_its_moment_on_stay,
        logins_that_were_confirmed_since_stay,
        visitors_stay,
        logins_of_other_realms_stay,
        an_update_of_a_login_from_before_writes_nothing,
        a_touch_of_a_login_from_before_finds_nothing,
        a_renewal_of_a_login_from_before_writes_nothing,
        a_login_from_before_may_not_act,
        every_way_of_ending_tells_of_it,
        what_had_run_out_is_reported_as_timed_out,
    }
    realms {
        one_subject_in_two_realms_is_two_users,
        a_limit_counts_in_its_realm,
        names_do_not_run_together,
        names_are_compared_byte_by_byte,
    }
    alive {
        answers_for_every_key_in_order,
        answers_nothing_for_no_keys,
        answers_for_many_keys,
        follows_touches_renewals_and_ends,
    }
    sweep {
        removes_what_has_run_out_and_tells_why,
        never_removes_a_live_session,
        removes_no_more_than_its_limit,
        leaves_what_was_touched_renewed_or_updated,
        empties_the_list_of_the_user,
        of_nothing_removes_nothing,
        by_a_clock_that_is_years_ahead_is_refused_or_reported,
        by_a_clock_that_is_years_behind_removes_nothing,
    }
    purge {
        removes_the_logins_from_before_and_tells_of_each,
        leaves_visitors_later_logins_and_other_realms,
        without_a_moment_removes_nothing,
        comes_past_every_login_in_small_steps,
        what_had_run_out_is_reported_as_timed_out,
        purges_at_once_report_every_end_once,
        a_place_beyond_the_last_is_the_end,
    }
    feed {
        tells_of_a_revocation,
        tells_of_a_taken_session,
        tells_of_every_login_that_was_ended_at_once,
        tells_of_a_login_that_gave_way,
        tells_of_a_login_that_gave_way_to_another_ones_renewal,
        tells_of_a_login_that_had_ended_with_all_others,
        tells_of_what_was_swept,
        tells_of_what_was_purged,
        tells_of_a_renewal,
        tells_of_not_before,
        tells_of_what_comes_later_only,
        tells_of_nothing_that_did_not_happen,
        reaches_every_subscriber,
        loses_nothing_with_a_dropped_future,
    }
    race {
        one_key_is_created_once,
        a_revocation_is_counted_once,
        every_way_of_ending_is_counted_once,
        no_update_is_lost,
        no_update_or_touch_survives_a_revocation,
        a_renewal_and_a_revocation_never_both_succeed,
        an_update_and_a_renewal_never_both_succeed,
        an_update_and_a_take_never_both_succeed,
        one_key_is_renewed_once,
        an_update_and_a_touch_both_count,
        a_touch_in_time_and_a_sweep_never_both_succeed,
        sweeps_at_once_report_every_end_once,
        not_before_ends_at_the_latest_moment,
    }
    race_subject {
        a_limit_of_one_leaves_one_login,
        a_limit_of_one_that_refuses_lets_one_in,
        upgrades_at_a_limit_of_one_leave_one_full_login,
        upgrades_at_a_limit_of_one_that_refuses_let_one_in,
        a_login_never_outruns_the_end_of_all_logins,
        a_renewal_never_outruns_the_end_of_all_logins,
        a_renewal_never_outruns_the_end_of_its_handle,
        a_kept_login_survives_its_renewal,
        of_two_that_end_each_other_one_remains,
        of_many_that_end_all_others_one_remains,
        everything_at_once_leaves_list_and_rows_in_agreement,
    }
    cancel {
        a_create_is_whole_or_nothing,
        a_create_that_evicts_is_whole_or_nothing,
        an_update_is_whole_or_nothing,
        a_touch_is_whole_or_nothing,
        a_replace_is_whole_or_nothing,
        a_replace_that_evicts_is_whole_or_nothing,
        a_take_is_whole_or_nothing,
        a_revoke_is_whole_or_nothing,
        a_revoke_subject_is_whole_or_nothing,
        raising_not_before_is_whole_or_nothing,
        a_sweep_leaves_list_and_rows_in_agreement,
        questions_leave_no_lock_behind,
    }
    clock {
        an_hour_back_moves_no_deadline,
        ten_years_ahead_revives_nothing,
        ten_years_ahead_and_back_ends_nothing,
        the_ends_of_time_are_no_error,
    }
}

cases! {
    ($)

    /// The cases of [`resend_tests!`](crate::resend_tests): for stores whose client may send a call again on its own.
    fn resends;

    /// Makes a test of every promise about a call that is sent twice with one [`OpId`](hallpass_core::OpId).
    ///
    /// A store needs them when the way to it can send a call again without its knowledge, as some clients of databases do
    /// when a connection breaks. It is called like [`store_tests!`](crate::store_tests).
    ///
    /// ```no_run
    /// # mod naive { pub fn store() -> hallpass_core::MemoryStore { hallpass_core::MemoryStore::new() } }
    /// hallpass_testkit::resend_tests!(|| async { naive::store() });
    /// ```
    macro resend_tests;

    resend {
        a_create_is_applied_once,
        a_create_that_evicts_answers_the_same,
        a_create_never_brings_back_what_was_ended,
        an_update_is_applied_once,
        a_replace_is_applied_once,
        a_replace_that_evicts_answers_the_same,
        a_take_answers_the_same,
        a_revoke_answers_the_same,
        a_revoke_subject_answers_the_same,
        a_touch_and_a_raise_answer_the_same,
        another_call_is_no_repetition,
    }
}
