//! Stores that are wrong.

use crate::naive::{Bug, NaiveStore};
use hallpass_testkit::Method;
use hallpass_testkit::suite::{self, Case};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// Every bug, and cases that must find it.
const FOUND_BY: &[(Bug, &[&str])] = &[
    (
        Bug::WritesBackASnapshot(Method::Create),
        &[
            "race::one_key_is_created_once",
            "race_subject::a_limit_of_one_leaves_one_login",
            "race_subject::a_limit_of_one_that_refuses_lets_one_in",
            "race_subject::a_login_never_outruns_the_end_of_all_logins",
        ],
    ),
    (
        Bug::WritesBackASnapshot(Method::Update),
        &[
            "race::no_update_is_lost",
            "race::an_update_and_a_touch_both_count",
            "race::no_update_or_touch_survives_a_revocation",
        ],
    ),
    (Bug::WritesBackASnapshot(Method::Touch), &["race::a_touch_in_time_and_a_sweep_never_both_succeed"]),
    (
        Bug::WritesBackASnapshot(Method::Replace),
        &[
            "race::a_renewal_and_a_revocation_never_both_succeed",
            "race::an_update_and_a_renewal_never_both_succeed",
            "race::one_key_is_renewed_once",
            "race_subject::a_renewal_never_outruns_the_end_of_all_logins",
            "race_subject::a_renewal_never_outruns_the_end_of_its_handle",
            "race_subject::a_kept_login_survives_its_renewal",
            "race_subject::upgrades_at_a_limit_of_one_leave_one_full_login",
            "race_subject::upgrades_at_a_limit_of_one_that_refuses_let_one_in",
        ],
    ),
    (
        Bug::WritesBackASnapshot(Method::Take),
        &["race::every_way_of_ending_is_counted_once", "race::an_update_and_a_take_never_both_succeed"],
    ),
    (Bug::WritesBackASnapshot(Method::Revoke), &["race::a_revocation_is_counted_once"]),
    (
        Bug::WritesBackASnapshot(Method::RevokeSubject),
        &[
            "race_subject::of_two_that_end_each_other_one_remains",
            "race_subject::of_many_that_end_all_others_one_remains",
        ],
    ),
    (Bug::WritesBackASnapshot(Method::RaiseNotBefore), &["race::not_before_ends_at_the_latest_moment"]),
    (Bug::WritesBackASnapshot(Method::Sweep), &["race::sweeps_at_once_report_every_end_once"]),
    (
        Bug::StopsHalfway(Method::Create),
        &["cancel::a_create_is_whole_or_nothing", "cancel::a_create_that_evicts_is_whole_or_nothing"],
    ),
    (Bug::StopsHalfway(Method::Update), &["cancel::an_update_is_whole_or_nothing"]),
    (Bug::StopsHalfway(Method::Touch), &["cancel::a_touch_is_whole_or_nothing"]),
    (
        Bug::StopsHalfway(Method::Replace),
        &["cancel::a_replace_is_whole_or_nothing", "cancel::a_replace_that_evicts_is_whole_or_nothing"],
    ),
    (Bug::StopsHalfway(Method::Take), &["cancel::a_take_is_whole_or_nothing"]),
    (Bug::StopsHalfway(Method::Revoke), &["cancel::a_revoke_is_whole_or_nothing"]),
    (Bug::StopsHalfway(Method::RevokeSubject), &["cancel::a_revoke_subject_is_whole_or_nothing"]),
    (Bug::StopsHalfway(Method::Sweep), &["cancel::a_sweep_leaves_list_and_rows_in_agreement"]),
    (
        Bug::IndexesFromASnapshot(Method::Create),
        &["race_subject::everything_at_once_leaves_list_and_rows_in_agreement"],
    ),
    (Bug::DroppedQuestionsLeaveALock, &["cancel::questions_leave_no_lock_behind"]),
    (
        Bug::ForgetsOperations,
        &[
            "resend::a_create_is_applied_once",
            "resend::a_create_that_evicts_answers_the_same",
            "resend::a_create_never_brings_back_what_was_ended",
            "resend::an_update_is_applied_once",
            "resend::a_replace_is_applied_once",
            "resend::a_replace_that_evicts_answers_the_same",
            "resend::a_take_answers_the_same",
            "resend::a_revoke_answers_the_same",
            "resend::a_revoke_subject_answers_the_same",
        ],
    ),
    (Bug::CutsDataAt64K, &["create::keeps_64_kib_of_data"]),
    (Bug::CutsDataAtZeroBytes, &["create::keeps_every_byte_of_data"]),
    (Bug::KeepsWholeSecondsOnly, &["create::keeps_every_field_of_a_visitor"]),
    (Bug::FailsBeyondTheYear9999, &["create::keeps_deadlines_at_the_end_of_time"]),
    (Bug::DropsTheClient, &["create::keeps_every_field_of_a_login", "subject::shows_what_the_record_holds"]),
    (Bug::SpoilsForeignSubjects, &["create::keeps_long_and_foreign_subjects"]),
    (Bug::DropsData, &["create::a_session_loads_as_it_was_created"]),
    (
        Bug::ComparesSubjectsWithoutCase,
        &["subject::is_compared_byte_by_byte", "realms::names_are_compared_byte_by_byte"],
    ),
    (
        Bug::IgnoresRealms,
        &["realms::one_subject_in_two_realms_is_two_users", "realms::a_limit_counts_in_its_realm"],
    ),
    (Bug::JoinsRealmAndSubject, &["realms::names_do_not_run_together"]),
    (Bug::LoadHidesExpired, &["load::returns_sessions_that_have_run_out"]),
    (Bug::LoadHidesTheVoid, &["ended_for_all::logins_from_before_are_dead_and_still_load"]),
    (Bug::LoadTouches, &["load::changes_nothing"]),
    (Bug::LoadInventsUnknown, &["load::an_unknown_key_is_nothing"]),
    (Bug::CreateOverwrites, &["create::never_overwrites_a_session"]),
    (Bug::CreateOverwritesExpired, &["create::never_overwrites_a_session_that_has_run_out"]),
    (
        Bug::CreateEvictsBeforeItLooks,
        &["create::a_taken_key_evicts_nobody", "epoch::that_refuses_a_login_evicts_nobody"],
    ),
    (
        Bug::CreateIgnoresTheEpoch,
        &[
            "epoch::refuses_a_login_that_began_before_it_was_raised",
            "epoch::refuses_every_earlier_ticket",
            "replace::with_a_ticket_from_before_a_raise_writes_nothing",
        ],
    ),
    (Bug::CreateTakesAnyEpochOfUnraised, &["epoch::refuses_every_earlier_ticket"]),
    (Bug::CreateAsksVisitorsForATicket, &["epoch::accepts_visitors"]),
    (
        Bug::UpdateUpserts,
        &[
            "update::never_creates_a_session",
            "update::never_brings_back_a_revoked_session",
            "revoke::is_final",
        ],
    ),
    (
        Bug::UpdateIgnoresRevisions,
        &["update::at_another_revision_writes_nothing", "resend::another_call_is_no_repetition"],
    ),
    (
        Bug::UpdateRevives,
        &["update::never_revives_a_session_that_has_run_out", "clock::ten_years_ahead_revives_nothing"],
    ),
    (
        Bug::UpdateMovesBack,
        &[
            "update::never_moves_last_seen_or_the_idle_deadline_backwards",
            "clock::an_hour_back_moves_no_deadline",
        ],
    ),
    (Bug::UpdateNeverMovesDeadlines, &["update::moves_last_seen_and_the_idle_deadline_forwards"]),
    (Bug::UpdateWritesDataOnly, &["update::writes_every_field_that_changes"]),
    (Bug::UpdateForgetsToWrite, &["update::writes_over_the_expected_revision"]),
    (Bug::UpdateFollowsRenewals, &["update::of_a_renewed_key_writes_nothing"]),
    (Bug::TouchUpserts, &["touch::never_creates_a_session", "touch::never_brings_back_a_revoked_session"]),
    (Bug::TouchRevives, &["touch::never_revives_a_session_that_has_run_out"]),
    (Bug::TouchMovesBack, &["touch::never_moves_them_backwards"]),
    (Bug::TouchIgnoresTheAbsoluteDeadline, &["touch::never_passes_the_absolute_deadline"]),
    (Bug::TouchRaisesTheRevision, &["touch::keeps_the_revision_and_everything_else"]),
    (Bug::TouchReportsChangesOnly, &["touch::that_changes_nothing_still_finds_the_session"]),
    (
        Bug::TouchKeepsLastSeen,
        &[
            "touch::moves_last_seen_and_the_idle_deadline_forwards",
            "subject::follows_a_touch",
            "limit::a_touched_login_stays",
        ],
    ),
    (
        Bug::ReplaceLeavesTheOldKey,
        &["replace::opens_the_new_key_and_kills_the_old_one", "replace::renews_a_visitor"],
    ),
    (
        Bug::ReplaceLeavesTheIndex,
        &[
            "replace::is_followed_by_the_list_of_its_user",
            "replace::does_not_escape_the_end_of_all_logins",
            "replace::does_not_escape_the_end_of_its_handle",
        ],
    ),
    (
        Bug::ReplaceUpserts,
        &[
            "replace::never_creates_a_session",
            "replace::never_brings_back_a_revoked_session",
            "replace::of_one_key_succeeds_once",
        ],
    ),
    (Bug::ReplaceRevives, &["replace::never_revives_a_session_that_has_run_out"]),
    (
        Bug::ReplaceIgnoresRevisions,
        &["replace::at_another_revision_writes_nothing", "feed::tells_of_nothing_that_did_not_happen"],
    ),
    (
        Bug::ReplaceIgnoresTheTicket,
        &[
            "replace::with_a_ticket_from_before_a_raise_writes_nothing",
            "not_before::refuses_renewals_of_logins_that_began_before",
        ],
    ),
    (Bug::ReplaceAlwaysComparesTheEpoch, &["replace::without_a_ticket_ignores_the_epoch"]),
    (Bug::ReplaceWritesTheKeyOnly, &["replace::writes_every_field_that_changes"]),
    (
        Bug::ReplaceMakesANewHandle,
        &[
            "revoke_subject::keeps_a_login_across_its_renewal",
            "revoke_subject::by_an_actor_follows_its_renewal",
        ],
    ),
    (
        Bug::ReplaceIgnoresTheLimit,
        &[
            "replace_limit::an_upgrade_makes_room_among_full_logins",
            "replace_limit::an_upgrade_that_is_refused_writes_nothing",
            "replace_limit::a_re_authentication_makes_room_too",
            "replace_limit::unseen_logins_give_way_first_and_refuse_nobody",
            "replace_limit::what_is_over_takes_no_room_and_goes_with_those_that_give_way",
        ],
    ),
    (Bug::ReplaceLimitsPlainRenewals, &["replace_limit::a_plain_renewal_ignores_the_limit"]),
    (Bug::ReplaceTakesRoomItself, &["replace_limit::a_re_authentication_takes_no_room_itself"]),
    (
        Bug::ReplaceKeepsTheLevelItHad,
        &[
            "replace_limit::an_upgrade_makes_room_among_full_logins",
            "replace_limit::an_upgrade_is_not_counted_among_logins_that_owe_a_factor",
        ],
    ),
    (Bug::ReplaceEvictsBeforeItLooks, &["replace_limit::what_is_not_written_evicts_nobody"]),
    (Bug::ReplaceRefusalWrites, &["replace_limit::an_upgrade_that_is_refused_writes_nothing"]),
    (Bug::TakeIgnoresRevisions, &["take::at_another_revision_ends_nothing"]),
    (Bug::TakeFindsNothingExpired, &["take::reports_a_session_that_had_run_out_as_timed_out"]),
    (Bug::TakeInventsUnknown, &["take::of_nothing_is_gone"]),
    (
        Bug::RevokeLeavesTheIndex,
        &["revoke::ends_a_login_and_a_visitor_and_tells_what_it_ended", "subject::lists_nothing_else"],
    ),
    (Bug::RevokeLeavesTheRow, &["revoke::is_final", "alive::follows_touches_renewals_and_ends"]),
    (Bug::RevokeAnswersTwice, &["revoke::is_idempotent", "revoke::of_an_unknown_key_ends_nothing"]),
    (Bug::RevokeReportsExpiredAsLive, &["revoke::reports_a_session_that_had_run_out_as_timed_out"]),
    (Bug::RevokeForgetsReasons, &["revoke::keeps_the_reason_it_was_given"]),
    (Bug::RevokeEndsTheWholeSubject, &["revoke::leaves_everything_else_alone"]),
    (Bug::EndsRaiseTheEpoch, &["epoch::is_none_at_first", "revoke::leaves_everything_else_alone"]),
    (Bug::EndsForgetTheRevision, &["take::ends_the_expected_revision"]),
    (
        Bug::EndsForgetNotBefore,
        &[
            "ended_for_all::every_way_of_ending_tells_of_it",
            "feed::tells_of_a_login_that_had_ended_with_all_others",
        ],
    ),
    (Bug::ListIsUnsorted, &["subject::lists_live_logins_the_most_recently_seen_first"]),
    (Bug::ListShowsExpired, &["subject::lists_nothing_else", "clock::ten_years_ahead_and_back_ends_nothing"]),
    (
        Bug::EpochIsACounter,
        &[
            "epoch::is_raised_to_the_operation_by_ending_all",
            "epoch::is_raised_to_the_operation_by_ending_all_but_one",
        ],
    ),
    (Bug::EpochIsRaisedByOne, &["epoch::stays_when_one_is_ended"]),
    (Bug::EpochIsNotRaisedByAllBut, &["epoch::is_raised_to_the_operation_by_ending_all_but_one"]),
    (Bug::EpochNeedsALogin, &["epoch::is_raised_to_the_operation_by_ending_all"]),
    (Bug::EpochIsSwept, &["epoch::is_kept_for_a_day"]),
    (Bug::EpochIsGlobal, &["epoch::of_other_users_stays"]),
    (
        Bug::EpochOnceRaisedRefusesAll,
        &["epoch::accepts_a_login_that_began_after_it_was_raised", "replace::with_a_current_ticket_writes"],
    ),
    (Bug::AllKeepsOne, &["revoke_subject::all_ends_every_login"]),
    (Bug::AllButEndsAll, &["revoke_subject::all_but_keeps_one"]),
    (Bug::AllButUnknownEndsNothing, &["revoke_subject::all_but_an_unknown_handle_ends_every_login"]),
    (Bug::OneEndsAll, &["revoke_subject::one_ends_one"]),
    (Bug::OneUnknownEndsAll, &["revoke_subject::one_unknown_handle_ends_nothing"]),
    (Bug::AllEndsVisitorsToo, &["revoke_subject::leaves_visitors_and_other_users_alone"]),
    (Bug::AllEndsFullLoginsOnly, &["revoke_subject::ends_logins_that_owe_a_factor"]),
    (Bug::AllEndsLiveOnly, &["revoke_subject::reports_sessions_that_had_run_out_as_timed_out"]),
    (Bug::AllEndsAHundred, &["revoke_subject::ends_two_hundred_logins"]),
    (Bug::ActorIsNotChecked, &["revoke_subject::by_an_actor_that_was_ended_does_nothing"]),
    (Bug::ActorMayHaveRunOut, &["revoke_subject::by_an_actor_that_has_run_out_does_nothing"]),
    (Bug::ActorMayBeAnybody, &["revoke_subject::by_somebody_elses_login_does_nothing"]),
    (Bug::ActorIsNeverFound, &["revoke_subject::by_a_live_actor_is_done"]),
    (
        Bug::LimitIsIgnored,
        &["limit::the_least_recently_seen_login_gives_way", "limit::a_refused_login_writes_nothing"],
    ),
    (Bug::LimitEvictsTheMostRecent, &["limit::the_least_recently_seen_login_gives_way"]),
    (Bug::LimitEvictsOne, &["limit::as_many_give_way_as_are_too_many"]),
    (Bug::LimitEvictsTheNewest, &["limit::the_new_login_itself_never_gives_way"]),
    (Bug::LimitRefusalWrites, &["limit::a_refused_login_writes_nothing"]),
    (Bug::LimitCountsExpired, &["limit::logins_that_have_run_out_do_not_count"]),
    (Bug::LimitCountsEverybody, &["limit::visitors_do_not_count", "limit::counts_every_user_alone"]),
    (Bug::LimitIsOneTooLow, &["limit::nobody_gives_way_while_there_is_room"]),
    (
        Bug::LimitCountsTheVoid,
        &[
            "limit::logins_from_before_not_before_do_not_count",
            "limit::several_rules_hold_at_once",
            "replace_limit::what_is_over_takes_no_room_and_goes_with_those_that_give_way",
        ],
    ),
    (
        Bug::LimitLeavesWhatIsOver,
        &[
            "limit::what_is_over_goes_with_those_that_give_way",
            "replace_limit::what_is_over_takes_no_room_and_goes_with_those_that_give_way",
        ],
    ),
    (
        Bug::LimitCountsBothLevels,
        &[
            "limit::logins_that_owe_a_factor_are_counted_apart",
            "limit::several_rules_hold_at_once",
            "replace_limit::an_upgrade_is_not_counted_among_logins_that_owe_a_factor",
        ],
    ),
    (Bug::LimitGoesByTheFirstLevel, &["limit::logins_count_at_the_level_they_have_now"]),
    (Bug::LimitIgnoresThePending, &["limit::logins_that_owe_a_factor_are_limited_too"]),
    (Bug::LimitForgetsWhoCameFirst, &["limit::of_logins_last_seen_at_once_the_one_created_first_gives_way"]),
    (Bug::LimitReversesKeys, &["limit::of_equal_logins_the_one_with_the_lower_key_gives_way"]),
    (
        Bug::LimitLetsTheUnseenWait,
        &[
            "unseen::logins_give_way_first",
            "limit::several_rules_hold_at_once",
            "replace_limit::unseen_logins_give_way_first_and_refuse_nobody",
        ],
    ),
    (
        Bug::LimitRefusesForTheUnseen,
        &[
            "unseen::logins_refuse_nobody",
            "unseen::logins_go_only_as_far_as_needed",
            "replace_limit::unseen_logins_give_way_first_and_refuse_nobody",
        ],
    ),
    (
        Bug::LimitRefusalEndsTheUnseen,
        &["unseen::logins_stay_where_another_is_refused", "limit::several_rules_hold_at_once"],
    ),
    (Bug::LimitForgetsTheUnseenAtAMinute, &["unseen::logins_count_for_a_minute"]),
    (
        Bug::LimitNeverSeesAnybody,
        &["unseen::ends_with_a_touch", "unseen::ends_with_an_update", "unseen::ends_with_a_renewal"],
    ),
    (Bug::NotBeforeMovesBack, &["not_before::never_moves_backwards"]),
    (
        Bug::NotBeforeIsForgotten,
        &["cancel::raising_not_before_is_whole_or_nothing", "clock::the_ends_of_time_are_no_error"],
    ),
    (
        Bug::NotBeforeIsGlobal,
        &["not_before::is_kept_for_each_realm", "ended_for_all::logins_of_other_realms_stay"],
    ),
    (Bug::NotBeforeIsNotCompared, &["not_before::refuses_logins_that_began_before"]),
    (Bug::NotBeforeExcludesItsMoment, &["not_before::refuses_logins_that_began_before"]),
    (Bug::NotBeforeRefusesEverything, &["not_before::accepts_visitors"]),
    (Bug::NotBeforeStartsAtZero, &["not_before::is_none_at_first"]),
    (
        Bug::NotBeforeEndsItsMoment,
        &["ended_for_all::logins_from_its_moment_on_stay", "not_before::refuses_logins_that_began_before"],
    ),
    (
        Bug::NotBeforeGoesByCreation,
        &[
            "ended_for_all::logins_from_before_are_dead_and_still_load",
            "ended_for_all::logins_from_its_moment_on_stay",
        ],
    ),
    (Bug::NotBeforeGoesByTheFirstLogin, &["ended_for_all::logins_that_were_confirmed_since_stay"]),
    (Bug::NotBeforeEndsVisitors, &["ended_for_all::visitors_stay"]),
    (Bug::NotBeforeHidesTimeouts, &["ended_for_all::what_had_run_out_is_reported_as_timed_out"]),
    (
        Bug::ForgetsNotBefore(Method::Update),
        &["ended_for_all::an_update_of_a_login_from_before_writes_nothing"],
    ),
    (Bug::ForgetsNotBefore(Method::Touch), &["ended_for_all::a_touch_of_a_login_from_before_finds_nothing"]),
    (
        Bug::ForgetsNotBefore(Method::Replace),
        &["ended_for_all::a_renewal_of_a_login_from_before_writes_nothing"],
    ),
    (Bug::ForgetsNotBefore(Method::Subject), &["ended_for_all::logins_from_before_are_dead_and_still_load"]),
    (Bug::ForgetsNotBefore(Method::Alive), &["ended_for_all::logins_from_before_are_dead_and_still_load"]),
    (Bug::ForgetsNotBefore(Method::RevokeSubject), &["ended_for_all::a_login_from_before_may_not_act"]),
    (Bug::RepetitionsFail, &["resend::a_touch_and_a_raise_answer_the_same"]),
    (Bug::AliveLeavesOutTheDead, &["alive::answers_for_every_key_in_order"]),
    (Bug::AliveIgnoresDeadlines, &["alive::answers_for_every_key_in_order"]),
    (Bug::AliveAnswersForAThousand, &["alive::answers_for_many_keys"]),
    (Bug::AliveOfNothingIsSomething, &["alive::answers_nothing_for_no_keys"]),
    (Bug::SweepIgnoresTheLimit, &["sweep::removes_no_more_than_its_limit"]),
    (Bug::SweepRemovesLiveOnes, &["sweep::never_removes_a_live_session"]),
    (Bug::SweepForgetsToTell, &["sweep::removes_what_has_run_out_and_tells_why"]),
    (Bug::SweepLeavesTheIndex, &["sweep::empties_the_list_of_the_user"]),
    (Bug::SweepUsesTheFirstDeadline, &["sweep::leaves_what_was_touched_renewed_or_updated"]),
    (Bug::SweepReportsWhatIsNotThere, &["sweep::of_nothing_removes_nothing"]),
    (Bug::SweepBelievesItsOwnClock, &["sweep::by_a_clock_that_is_years_behind_removes_nothing"]),
    (
        Bug::SweepHidesWhatAWrongClockRemoved,
        &["sweep::by_a_clock_that_is_years_ahead_is_refused_or_reported"],
    ),
    (
        Bug::FeedIsSilent,
        &[
            "feed::tells_of_a_revocation",
            "feed::tells_of_a_taken_session",
            "feed::tells_of_every_login_that_was_ended_at_once",
            "feed::tells_of_a_login_that_gave_way",
            "feed::tells_of_a_login_that_gave_way_to_another_ones_renewal",
            "feed::tells_of_what_was_swept",
            "feed::tells_of_a_renewal",
            "feed::tells_of_not_before",
        ],
    ),
    (Bug::FeedTellsOfThePast, &["feed::tells_of_what_comes_later_only"]),
    (Bug::FeedTellsOfNothing, &["feed::tells_of_nothing_that_did_not_happen"]),
    (Bug::FeedReachesOneSubscriber, &["feed::reaches_every_subscriber"]),
    (Bug::FeedLosesEventsWhenDropped, &["feed::loses_nothing_with_a_dropped_future"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_bug_is_found_by_the_cases_that_are_about_it() {
    let mut trials = JoinSet::new();
    for (bug, names) in FOUND_BY {
        for name in *names {
            let (bug, case) = (*bug, case_named(name));
            trials.spawn(async move { (bug, case, case.run(NaiveStore::with(bug)).await) });
        }
    }
    let mut survivors = Vec::new();
    while let Some(trial) = trials.join_next().await {
        match trial.unwrap() {
            (bug, case, Ok(())) => survivors.push(format!("{bug:?} passes {}", case.promise())),
            (_, case, Err(broken)) => assert_eq!(broken.promise(), case.promise()),
        }
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn every_case_is_on_trial() {
    let proven: BTreeSet<_> = FOUND_BY.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let cases: Vec<_> = all().iter().map(name).collect();
    let unproven: Vec<_> = cases.iter().filter(|name| !proven.contains(name.as_str())).collect();
    assert!(unproven.is_empty(), "cases that no bug makes fail: {unproven:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_promise_says_what_was_promised_and_what_was_found() {
    let broken =
        case_named("update::never_creates_a_session").run(NaiveStore::with(Bug::UpdateUpserts)).await;
    let message = broken.unwrap_err().to_string();
    for part in [
        "`update: never creates a session`",
        "there was no row",
        "found: Written",
        "expected: Gone",
        "update.rs:",
    ] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}

fn all() -> Vec<Case> {
    suite::all().into_iter().chain(suite::resends()).collect()
}

fn name(case: &Case) -> String {
    format!("{}::{}", case.group(), case.name())
}

fn case_named(wanted: &str) -> Case {
    all().into_iter().find(|case| name(case) == wanted).unwrap_or_else(|| panic!("there is no case {wanted}"))
}
