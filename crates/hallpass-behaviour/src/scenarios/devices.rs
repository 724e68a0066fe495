//! The logins of one user: seen, ended one by one and together, and how many there may be.

use super::common::*;
use crate::client::{Browser, Request};
use crate::fixture::{PASSWORD, Setup, Site, World};
use hallpass_core::{EndReason, EventKind, SessionPolicy, Subject, WhenReached, Which};
use hallpass_testkit::Method;
use std::num::NonZeroU32;
use std::time::Duration;

/// Three browsers in which `alice` is logged in.
async fn three(site: &Site) -> [Browser; 3] {
    [site.logged_in("alice").await, site.logged_in("alice").await, site.logged_in("alice").await]
}

async fn assert_out(site: &Site, browsers: &[Browser]) {
    for browser in browsers {
        assert_refused(site, &browser.token()).await;
    }
}

/// A logout ends the login of its own browser and no other.
pub async fn b47_a_logout_leaves_the_other_devices(world: &World) {
    let site = world.site().await;
    let [a, mut b, mut c] = three(&site).await;
    assert_eq!(log_out(&mut a.clone()).await, 1);
    assert_out(&site, &[a]).await;
    assert!(b.is_logged_in().await && c.is_logged_in().await);
}

/// Logging out the others ends each of them and tells so, and leaves the one that asked.
pub async fn b48_the_others_are_logged_out_and_this_one_stays(world: &World) {
    let site = world.site().await;
    let [mut a, b, c] = three(&site).await;
    assert_eq!(a.post("/login/others").await.without_cookie().sessions_ended(), 2);
    assert!(a.is_logged_in().await);
    assert_out(&site, &[b, c]).await;
    assert_eq!(world.events.ends(), [EndReason::LoggedOutElsewhere; 2]);
}

/// Logging out everywhere ends all, and removes the cookie of the one that asked.
pub async fn b49_everywhere_is_everywhere(world: &World) {
    let site = world.site().await;
    let all = three(&site).await;
    let response = all[0].clone().post("/login/everywhere").await;
    assert_eq!(response.removes(&[LOGIN]).sessions_ended(), 3);
    assert_out(&site, &all).await;
}

/// The list of devices names each once, one of them as this one, and shows nothing that opens any.
pub async fn b50_the_list_of_devices_shows_them_and_no_secret(world: &World) {
    let site = world.site().await;
    let mut browsers = [site.browser(), site.browser(), site.browser()];
    let agents = ["one/1", "two/2", "three/3"];
    for (browser, agent) in browsers.iter_mut().zip(agents) {
        browser.send(alice_logs_in().header("user-agent", agent)).await.expect(200);
        world.clock.advance(Duration::from_secs(1));
    }
    let handle = browsers[1].get("/session/who").await.json()["handle"].clone();
    let listed = browsers[1].post("/login/devices").await.expect(200).json();
    let devices = listed.as_array().expect("a list");
    let mut seen: Vec<_> =
        devices.iter().map(|device| device["user_agent"].as_str().expect("an agent")).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["one/1", "three/3", "two/2"]);
    assert!(devices.iter().all(|device| device["address"] == "127.0.0.1"), "{listed}");
    let current: Vec<_> = devices.iter().filter(|device| device["current"] == true).collect();
    assert_eq!(current.len(), 1, "{listed}");
    assert_eq!((&current[0]["handle"], &current[0]["user_agent"]), (&handle, &"two/2".into()));
    assert!(browsers.iter().all(|browser| !listed.to_string().contains(&browser.token())), "{listed}");
}

/// A device is ended by its handle, at once, and by nobody but its user.
pub async fn b51_a_device_is_ended_by_its_own_user_only(world: &World) {
    let site = world.site().await;
    let [mut a, mut b, mut c] = three(&site).await;
    let handle = b.get("/session/who").await.json()["handle"].as_str().expect("a handle").to_owned();
    let end_b = format!("/login/device/{handle}");
    assert_eq!(site.logged_in("bob").await.post(&end_b).await.sessions_ended(), 0);
    assert!(b.is_logged_in().await);
    assert_eq!(a.post(&end_b).await.without_cookie().sessions_ended(), 1);
    assert_out(&site, &[b]).await;
    assert!(a.is_logged_in().await && c.is_logged_in().await);
}

/// A change of the password ends the other logins at once, and gives this one a new id.
pub async fn b52_a_new_password_ends_the_others_and_renews_this_one(world: &World) {
    const NEW: &str = "another long password";
    let (site, other) = (world.site().await, world.site().await);
    let [a, b, c] = three(&site).await;
    let mut changed = a.clone();
    let response = changed.send(change_password(PASSWORD, NEW)).await;
    assert_eq!(response.sessions_ended(), 2);
    assert_eq!(response.only_cookie(LOGIN).value, changed.token());
    assert!(changed.is_logged_in().await && changed.clone().at(other.addr).is_logged_in().await);
    for node in [&site, &other] {
        assert_out(node, &[a.clone(), b.clone(), c.clone()]).await;
    }
    assert_eq!(world.events.ends(), [EndReason::CredentialsChanged; 2]);
    site.browser().send(alice_logs_in()).await.expect_error(401, "invalid_credentials");
    site.browser().send(Request::login("/login/in", "alice", NEW)).await.expect(200);
}

/// A disabled account is out everywhere with its next request.
pub async fn b53_a_disabled_account_is_out_everywhere(world: &World) {
    let (site, other) = (world.site().await, world.site().await);
    let browsers = three(&site).await;
    disable_alice(world, &site).await;
    assert_out(&site, &browsers).await;
    assert_out(&other, &browsers).await;
    assert_eq!(world.events.ends(), [EndReason::AccountDisabled; 3]);
}

/// A node on which every user may have one login.
async fn limited_to_one(world: &World, when_reached: WhenReached) -> Site {
    let policy = SessionPolicy::default().limit(NonZeroU32::MIN, when_reached);
    world.site_with(Setup { policy, ..Setup::default() }).await
}

/// Twenty logins at once, from browsers that are known, so that each is counted alone. How many were let in, were refused,
/// and are logged in when all have been answered.
async fn twenty_logins(site: &Site) -> [usize; 3] {
    let mut browsers = Vec::new();
    for _ in 0..20 {
        let mut browser = site.logged_in("alice").await;
        assert_eq!(log_out(&mut browser).await, 1);
        browsers.push(browser);
    }
    let logins: Vec<_> = browsers.iter().map(|browser| browser.start(alice_logs_in())).collect();
    let (mut let_in, mut refused) = (0, 0);
    for (browser, login) in browsers.iter_mut().zip(logins) {
        let response = login.response().await;
        match response.status() {
            200 => let_in += 1,
            _ => {
                response.expect_error(409, "session_limit").without_cookie();
                refused += 1;
            }
        }
        browser.apply(&response);
    }
    let mut logged_in = 0;
    for browser in &mut browsers {
        logged_in += usize::from(browser.is_logged_in().await);
    }
    [let_in, refused, logged_in]
}

/// Where one login is allowed and a new one takes its place, twenty at once leave one.
pub async fn b54_of_twenty_logins_at_once_the_last_one_stays(world: &World) {
    let site = limited_to_one(world, WhenReached::EndLeastRecent).await;
    assert_eq!(twenty_logins(&site).await, [20, 0, 1]);
    let ends = world.events.ends();
    assert_eq!(ends.iter().filter(|reason| **reason == EndReason::SessionLimit).count(), 19);
    assert_eq!(world.store.logins(site.shop.realm()).await.len(), 1);
}

/// Where one login is allowed and a new one is refused, one of twenty at once is let in.
pub async fn b54_of_twenty_logins_at_once_one_is_let_in(world: &World) {
    let site = limited_to_one(world, WhenReached::Refuse).await;
    assert_eq!(twenty_logins(&site).await, [1, 19, 1]);
    let failed = world.events.of(EventKind::LoginFailed);
    assert_eq!(failed.len(), 19);
    assert!(failed.iter().all(|event| event.reason == Some(EndReason::SessionLimit)), "{failed:?}");
}

/// A new hash of the same password logs nobody out.
pub async fn b55_a_new_hash_of_the_same_password_ends_nothing(world: &World) {
    let site = world.site().await;
    let mut browsers = three(&site).await;
    world.customers.0.rehash("alice").await.expect("it is hashed");
    for browser in &mut browsers {
        assert!(browser.is_logged_in().await);
    }
    assert!(site.logged_in("alice").await.is_logged_in().await);
    assert!(world.events.ends().is_empty());
}

/// What an administrator ends is ended on every node, with that reason, and nobody else's is.
pub async fn b56_an_administrator_ends_one_user(world: &World) {
    let (site, other) = (world.site().await, world.site().await);
    let browsers = three(&site).await;
    let mut bystander = site.logged_in("bob").await;
    let ending = other.shop.end_sessions(Subject::from(ALICE), Which::All, EndReason::Administrator);
    assert_eq!(ending.await.expect("the store confirms").sessions_ended, 3);
    assert_out(&site, &browsers).await;
    assert_eq!(world.events.ends(), [EndReason::Administrator; 3]);
    assert!(bystander.is_logged_in().await);
}

/// Who logs out the others while another tab renews the login stays logged in.
pub async fn b82_a_renewal_beside_log_out_others_keeps_this_one(world: &World) {
    let site = world.site().await;
    let [mut a, b, c] = three(&site).await;
    let gate = site.store.hold(Method::RevokeSubject);
    let others = a.start(Request::post("/login/others"));
    gate.arrived().await;
    a.get("/session/renew").await.expect(200).only_cookie(LOGIN);
    gate.open();
    let response = others.response().await;
    assert_eq!(response.without_cookie().sessions_ended(), 2);
    assert!(a.is_logged_in().await);
    assert_out(&site, &[b, c]).await;
}

/// A login whose client never saw the answer keeps its user out for a minute at most; one in use is not pushed out.
pub async fn b84_a_login_that_never_arrived_gives_way_after_a_minute(world: &World) {
    let site = limited_to_one(world, WhenReached::Refuse).await;
    site.browser().send(alice_logs_in()).await.expect(200);
    site.browser().send(alice_logs_in()).await.expect_error(409, "session_limit");
    world.clock.advance(MINUTE + Duration::from_secs(1));
    let mut browser = site.logged_in("alice").await;
    world.clock.advance(Duration::from_secs(1));
    assert!(browser.is_logged_in().await);
    world.clock.advance(2 * MINUTE);
    site.browser().send(alice_logs_in()).await.expect_error(409, "session_limit");
    assert!(browser.is_logged_in().await);
}
