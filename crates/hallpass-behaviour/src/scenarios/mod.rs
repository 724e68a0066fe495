//! The table.
//!
//! Every scenario is listed once, here; its module holds it.

mod areas;
mod basic;
mod bearer;
mod common;
mod cookies;
mod devices;
mod disclosure;
mod failure;
mod hang_up;
mod late;
mod live;
mod origin;
mod promises;
mod races;
mod recent;
mod renewal;
mod throttle;
mod time;

pub use areas::*;
pub use basic::*;
pub use bearer::*;
pub use cookies::*;
pub use devices::*;
pub use disclosure::*;
pub use failure::*;
pub use hang_up::*;
pub use late::*;
pub use live::*;
pub use origin::*;
pub use promises::*;
pub use races::*;
pub use recent::*;
pub use renewal::*;
pub use throttle::*;
pub use time::*;

/// Calls `$then!` with `$with` and the names of all scenarios.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_scenario {
    ($then:path, $($with:tt)*) => {
        $then! {
            [$($with)*]
            b01_a_visitor_is_refused
            b02_a_login_sets_one_cookie_and_lets_in
            b03_a_logout_removes_the_cookie_and_locks_out
            b04_a_saved_cookie_is_dead_after_logout
            b05_a_link_of_the_same_site_logs_out
            b06_every_login_has_an_id_of_its_own
            b07_a_logout_without_a_session_succeeds
            b08_a_second_login_takes_the_place_of_the_first
            b09_slow_write_cannot_resurrect
            b10_slow_touch_cannot_resurrect
            b11_slow_renewal_cannot_resurrect
            b11_a_logout_follows_a_renewal
            b12_slow_request_on_another_node_cannot_resurrect
            b13_a_storm_of_reads_ends_with_the_logout
            b14_a_late_answer_leaves_no_session_in_the_jar
            b15_a_visitors_late_answer_does_not_log_out
            b16_parallel_logouts_count_one_session
            b17_logout_beside_log_out_others
            b17_two_devices_log_each_other_out
            b17_who_has_been_ended_ends_nobody
            b18_login_superseded_after_its_user_was_found
            b18_login_superseded_after_its_password_was_checked
            b18_login_superseded_before_it_was_created
            b18_login_over_a_login_is_superseded
            b19_parallel_writers_lose_nothing
            b20_hang_up_before_the_revocation_changes_nothing
            b20_hang_up_before_the_store_revokes
            b20_hang_up_before_the_store_answers
            b20_hang_up_between_two_revocations
            b20_hang_up_after_the_revocation
            b20_hang_up_during_the_commit
            b21_a_login_renews_a_visitor
            b21_a_visitors_last_write_reaches_the_login
            b22_an_id_from_outside_is_never_adopted
            b23_a_planted_session_is_ended_by_the_login
            b23_values_set_before_a_login_over_a_login_are_dropped
            b24_a_reauthentication_renews_the_session
            b24_a_renewal_keeps_the_session
            b24_a_login_is_recent_for_its_span_and_after_a_reauthentication
            b24_a_remembered_login_is_not_recent_for_longer
            b24_people_are_sent_to_give_their_password_again
            b24_a_recent_login_that_ends_meanwhile_opens_nothing
            b25_an_id_outside_of_its_cookie_is_ignored
            b26_several_cookies_of_one_name
            b27_the_login_cookie_is_protected_and_opaque
            b28_the_removal_matches_the_cookie
            b29_max_age_is_what_is_left_of_a_remembered_login
            b30_hostile_cookies_are_refused_without_the_store
            b31_a_cookie_is_sent_only_when_it_changed
            b32_cookies_survive_every_answer
            b32_a_streamed_answer_has_its_cookie
            b33_a_split_cookie_header_is_read_whole
            b34_a_cross_site_post_does_not_log_out
            b35_a_same_site_post_does_not_log_out
            b36_the_origin_decides_where_fetch_metadata_is_absent
            b36_a_strict_site_refuses_who_says_nothing
            b36_two_hosts_are_a_bad_request
            b37_a_cross_site_link_does_not_log_out
            b38_embedded_content_does_not_log_out
            b39_a_prefetch_does_not_log_out
            b40_other_methods_do_not_log_out
            b41_a_cross_site_login_is_refused
            b42_a_session_ends_at_its_idle_limit
            b42_a_visitor_ends_at_its_idle_limit
            b42_every_dead_session_looks_the_same
            b43_a_session_ends_at_its_absolute_limit
            b43_a_remembered_login_has_its_own_limits
            b44_a_jumping_clock_extends_nothing
            b44_a_clock_that_goes_back_revives_nothing
            b45_an_expired_session_can_be_logged_out
            b46_a_sweep_takes_only_what_has_run_out
            b46_a_site_sweeps_on_its_own
            b47_a_logout_leaves_the_other_devices
            b48_the_others_are_logged_out_and_this_one_stays
            b49_everywhere_is_everywhere
            b50_the_list_of_devices_shows_them_and_no_secret
            b51_a_device_is_ended_by_its_own_user_only
            b52_a_new_password_ends_the_others_and_renews_this_one
            b53_a_disabled_account_is_out_everywhere
            b54_of_twenty_logins_at_once_the_last_one_stays
            b54_of_twenty_logins_at_once_one_is_let_in
            b55_a_new_hash_of_the_same_password_ends_nothing
            b56_an_administrator_ends_one_user
            b57_a_logout_closes_the_sockets_of_its_session
            b57_a_logout_on_another_node_closes_the_sockets
            b57_a_busy_handler_keeps_no_socket_open
            b57_a_client_that_does_not_read_is_dropped
            b57_a_renewal_keeps_the_sockets_open
            b58_what_ends_the_other_sessions_closes_their_sockets
            b58_disabling_an_account_closes_its_sockets
            b59_event_streams_end_with_their_session
            b59_a_client_that_hangs_up_leaves_nothing
            b59_the_head_of_an_event_stream_opens_none
            b60_a_handshake_from_another_site_is_refused
            b60_a_handshake_needs_a_login
            b61_what_is_open_ends_at_the_idle_limit
            b61_what_is_open_ends_at_the_absolute_limit
            b62_only_what_depends_on_a_session_is_kept_from_caches
            b62_the_headers_for_caches_stand_once_however_many_layers
            b63_a_store_that_is_down_is_a_503
            b63_a_store_that_never_answers_is_a_503
            b63_people_read_a_page_while_the_store_is_down
            b63_people_read_a_page_when_the_commit_is_refused
            b64_a_logout_that_fails_says_so
            b65_a_logout_whose_answer_is_lost_can_be_repeated
            b66_a_login_that_fails_sets_nothing
            b66_a_failed_login_keeps_the_visitor
            b67_a_touch_that_fails_is_only_logged
            b68_a_handler_that_fails_after_logging_out_has_logged_out
            b69_a_damaged_record_fails_closed
            b69_a_damaged_visitor_fails_closed
            b70_no_token_is_kept_or_told
            b71_failed_logins_look_the_same
            b71_a_login_computes_one_hash
            b72_a_huge_password_is_not_hashed
            b72_a_long_password_counts_to_its_end
            b73_visits_make_no_rows
            b73_a_flood_of_visitors_is_bounded
            b73_visitors_of_one_address_take_bounded_room
            b73_a_flood_of_visitors_leaves_everybody_else_alone
            b74_an_account_is_throttled_wherever_guesses_come_from
            b74_the_wait_is_as_long_as_told_and_grows
            b74_a_known_browser_is_let_in_while_others_guess
            b74_a_session_that_keeps_guessing_is_ended
            b74_a_forwarded_address_is_believed_from_trusted_proxies_only
            b75_a_flood_of_logins_leaves_the_rest_alone
            b76_next_never_leads_away
            b76_the_way_back_from_the_login_page_is_on_this_site
            b77_the_events_tell_the_whole_life
            b77_the_events_name_who_ended_the_others
            b78_two_areas_share_a_store_and_nothing_else
            b78_a_token_of_one_area_opens_nothing_in_the_other
            b78_everywhere_in_one_area_leaves_the_other
            b79_a_full_store_takes_no_login_and_every_logout
            b80_a_bearer_token_lets_in_until_the_logout
            b80_a_bad_bearer_beside_a_good_cookie_is_refused
            b80_a_token_of_one_transport_is_nothing_in_the_other
            b80_of_several_authorizations_none_lets_in
            b80_a_new_bearer_token_comes_in_the_answer
            b80_a_superseded_bearer_login_hands_over_no_token
            b80_a_bearer_token_needs_no_origin
            b80_a_bearer_client_never_becomes_a_visitor
            b80_a_bearer_login_leaves_the_browsers_session_alone
            b80_without_bearer_tokens_the_header_is_nothing
            b81_a_late_answer_does_not_undo_a_reauthentication
            b82_a_renewal_beside_log_out_others_keeps_this_one
            b83_a_lost_message_delays_the_end_by_half_a_minute
            b83_a_gap_in_the_feed_is_repaired_at_once
            b84_a_login_that_never_arrived_gives_way_after_a_minute
            b85_guesses_at_once_are_hashed_as_often_as_the_limit_allows
            b86_a_change_whose_answer_is_lost_is_applied_once
            b87_a_logout_then_a_message
            b87_a_logout_then_a_login
            b87_a_login_then_a_logout
            b88_a_graceful_stop_answers_the_logout
            b88_a_sudden_stop_finishes_the_logout
            b88_a_drain_waits_for_the_logout
            b89_a_forgotten_layer_is_a_500
            b89_a_forgotten_authenticator_is_a_500
            p01_final
            p02_honest
            p03_certain
            p04_immediate
            p04_immediate_though_a_message_is_lost
            p05_each_scope_ends_what_it_names
            p05_scoped
            p06_fresh
            p07_no_lost_updates
            p08_opaque_at_rest
            p09_unforged
            p10_quiet
            p11_fail_closed
        }
    };
}

/// Makes a test of every scenario for one adapter over one kind of store, and one that counts them. Attributes after
/// these go to every test that uses the store.
#[macro_export]
macro_rules! behaviour_tests {
    ($adapter:expr, $stores:expr $(, #[$attribute:meta])* $(,)?) => {
        $crate::for_each_scenario!($crate::behaviour_tests_of, $adapter, $stores $(, #[$attribute])*);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! behaviour_tests_of {
    ([$adapter:expr, $stores:expr $(, #[$attribute:meta])*] $($scenario:ident)+) => {
        $crate::behaviour_test!(@each [$adapter, $stores] [$(#[$attribute])*] $($scenario)+);

        #[test]
        fn the_table_is_whole() {
            const NAMES: &[&str] = &[$(stringify!($scenario)),+];
            $crate::assert_whole(&format!("{:?} over {:?}", $adapter, $stores), NAMES);
        }
    };
}

// The attributes and the scenarios repeat apart from each other.
#[doc(hidden)]
#[macro_export]
macro_rules! behaviour_test {
    (@each [$adapter:expr, $stores:expr] $attributes:tt $($scenario:ident)+) => {
        $($crate::behaviour_test!(@one [$adapter, $stores] $attributes $scenario);)+
    };
    (@one [$adapter:expr, $stores:expr] [$(#[$attribute:meta])*] $scenario:ident) => {
        #[test]
        $(#[$attribute])*
        fn $scenario() {
            $crate::run($adapter, $stores, $crate::scenarios::$scenario);
        }
    };
}
