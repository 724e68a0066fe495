//! Several requests about the same sessions at once.

use super::common::*;
use crate::client::{Browser, Pending, Request, Response};
use crate::fixture::{AFTER_FIND, AFTER_VERIFY, PASSWORD, Site, World};
use hallpass_core::{EndReason, EventKind};
use hallpass_testkit::{Gate, Method};

/// Sends all of these at once and holds them where they come to `method`, until all are there.
async fn collide(site: &Site, method: Method, requests: Vec<(&Browser, Request)>) -> Vec<Response> {
    let gate = site.store.hold(method);
    let count = requests.len();
    let pending: Vec<Pending> =
        requests.into_iter().map(|(browser, request)| browser.start(request)).collect();
    gate.arrivals(count).await;
    gate.open();
    all(pending).await
}

async fn all(pending: Vec<Pending>) -> Vec<Response> {
    let mut responses = Vec::new();
    for one in pending {
        responses.push(one.response().await);
    }
    responses
}

/// Of twenty logouts of one session at once all succeed, one of them ended it, and it is told once.
pub async fn b16_parallel_logouts_count_one_session(world: &World) {
    let site = world.site().await;
    for target in ["/logout", "/login/out"] {
        world.events.clear();
        let browser = site.logged_in("alice").await;
        let requests = (0..20).map(|_| (&browser, Request::post(target))).collect();
        let responses = collide(&site, Method::RevokeSubject, requests).await;
        assert_eq!(responses.iter().map(Response::sessions_ended).sum::<u64>(), 1);
        for response in &responses {
            response.removes(&[LOGIN]).is_private();
        }
        assert_eq!(world.events.ends(), [EndReason::LoggedOut]);
        assert_empty(world).await;
        site.store.clear();
    }
}

/// Logging out here while another device logs out the others: both succeed, and the session counts once.
pub async fn b17_logout_beside_log_out_others(world: &World) {
    let site = world.site().await;
    let (a, mut b) = (site.logged_in("alice").await, site.logged_in("alice").await);
    let requests = vec![(&a, Request::post("/logout")), (&b, Request::post("/login/others"))];
    let responses = collide(&site, Method::RevokeSubject, requests).await;
    assert_eq!(responses.iter().map(Response::sessions_ended).sum::<u64>(), 1);
    assert_eq!(world.events.of(EventKind::Ended).len(), 1);
    assert_refused(&site, &a.token()).await;
    assert!(b.is_logged_in().await);
}

/// Two devices that log each other out at once: one of them wins, the other is told that it is logged out itself.
pub async fn b17_two_devices_log_each_other_out(world: &World) {
    let site = world.site().await;
    let mut devices = [site.logged_in("alice").await, site.logged_in("alice").await];
    let third = site.logged_in("alice").await;
    let others = |browser| (browser, Request::post("/login/others"));
    let requests = devices.iter().map(others).collect();
    let responses = collide(&site, Method::RevokeSubject, requests).await;
    let mut outcome = statuses(&responses);
    outcome.sort_unstable();
    assert_eq!(outcome, [200, 401]);
    for (device, response) in devices.iter_mut().zip(&responses) {
        response.without_cookie().is_private();
        let won = response.status() == 200;
        assert_eq!(device.is_logged_in().await, won);
        assert!(!won || response.sessions_ended() == 2, "the other one and the third");
    }
    assert_refused(&site, &third.token()).await;
    assert_eq!(world.events.of(EventKind::Ended).len(), 2, "each was ended once");
}

/// Somebody whose session has just been ended, but whose request had already loaded it, ends nobody.
pub async fn b17_who_has_been_ended_ends_nobody(world: &World) {
    for target in ["/login/others", "/login/everywhere"] {
        let world = world.another().await;
        let (here, there) = (world.site().await, world.site().await);
        let (mut owner, thief) = (here.logged_in("alice").await, there.logged_in("alice").await);
        let gate = there.store.hold(Method::RevokeSubject);
        let late = thief.start(Request::post(target));
        gate.arrived().await;
        assert_eq!(owner.post("/login/others").await.sessions_ended(), 1);
        gate.open();
        late.response().await.expect_error(401, "login_required").without_cookie();
        assert!(owner.is_logged_in().await, "{target}");
        assert_eq!(world.store.rows().await.len(), 1, "{target}");
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Meanwhile {
    Everywhere,
    PasswordChange,
    Disabling,
}

const EVERYTHING: [Meanwhile; 3] = [Meanwhile::Everywhere, Meanwhile::PasswordChange, Meanwhile::Disabling];

impl Meanwhile {
    async fn happen(self, world: &World, site: &Site, owner: &mut Browser) {
        match self {
            Self::Everywhere => assert_eq!(owner.post("/login/everywhere").await.sessions_ended(), 1),
            Self::PasswordChange => {
                owner.send(change_password(PASSWORD, "another long password")).await.expect(200);
            }
            Self::Disabling => disable_alice(world, site).await,
        }
    }

    /// How many sessions are left: a password change keeps the one that made it.
    fn left(self) -> usize {
        usize::from(self == Self::PasswordChange)
    }
}

/// Where the late login waits.
enum Waiting {
    AtPlace(&'static str),
    InStore(Method),
    AfterEpoch,
}

/// A login that waits while the account is changed is refused, and leaves no session.
async fn assert_superseded(world: &World, waiting: &Waiting, meanwhile: Meanwhile) {
    let world = world.another().await;
    let (here, there) = (world.site().await, world.site().await);
    let mut owner = here.logged_in("alice").await;
    let late = match waiting {
        Waiting::AtPlace(place) => {
            let hold = world.holds.hold(place);
            let late = there.browser().start(alice_logs_in());
            hold.arrived().await;
            // The owner's own password is checked too.
            world.holds.lift(place);
            meanwhile.happen(&world, &here, &mut owner).await;
            hold.release();
            late
        }
        Waiting::InStore(method) => {
            during(&there.store.hold(*method), &world, &here, &there, &mut owner, meanwhile).await
        }
        Waiting::AfterEpoch => {
            during(&there.store.hold_answer(Method::Epoch), &world, &here, &there, &mut owner, meanwhile)
                .await
        }
    };
    let response = late.response().await;
    response.expect_error(401, "login_superseded").without_cookie();
    assert_eq!(world.store.rows().await.len(), meanwhile.left(), "{meanwhile:?}");
    assert_eq!(owner.is_logged_in().await, meanwhile == Meanwhile::PasswordChange);
    assert_eq!(world.events.of(EventKind::LoginFailed).len(), 1);
}

async fn during(
    gate: &Gate,
    world: &World,
    here: &Site,
    there: &Site,
    owner: &mut Browser,
    meanwhile: Meanwhile,
) -> Pending {
    let late = there.browser().start(alice_logs_in());
    gate.arrived().await;
    meanwhile.happen(world, here, owner).await;
    gate.open();
    late
}

/// A login whose user was found before the account changed is refused, though its password is right.
///
/// Logging out everywhere before the login has noted the user's epoch is no case of this: that login began later.
pub async fn b18_login_superseded_after_its_user_was_found(world: &World) {
    for meanwhile in [Meanwhile::PasswordChange, Meanwhile::Disabling] {
        assert_superseded(world, &Waiting::AtPlace(AFTER_FIND), meanwhile).await;
    }
    for meanwhile in EVERYTHING {
        assert_superseded(world, &Waiting::AfterEpoch, meanwhile).await;
    }
}

/// A login whose password was checked before the account changed is refused.
pub async fn b18_login_superseded_after_its_password_was_checked(world: &World) {
    for meanwhile in EVERYTHING {
        assert_superseded(world, &Waiting::AtPlace(AFTER_VERIFY), meanwhile).await;
    }
}

/// A login that was on its way into the store when the account changed is refused there.
pub async fn b18_login_superseded_before_it_was_created(world: &World) {
    for meanwhile in EVERYTHING {
        assert_superseded(world, &Waiting::InStore(Method::Create), meanwhile).await;
    }
}

/// A login over a live session of the same user is refused like any other, and that session is dead as well.
pub async fn b18_login_over_a_login_is_superseded(world: &World) {
    for meanwhile in EVERYTHING {
        let world = world.another().await;
        let (here, there) = (world.site().await, world.site().await);
        let (mut owner, again) = (here.logged_in("alice").await, there.logged_in("alice").await);
        let gate = there.store.hold(Method::Replace);
        let late = again.start(alice_logs_in());
        gate.arrived().await;
        match meanwhile {
            Meanwhile::Everywhere => assert_eq!(owner.post("/login/everywhere").await.sessions_ended(), 2),
            other => other.happen(&world, &here, &mut owner).await,
        }
        gate.open();
        late.response().await.expect_error(401, "login_superseded").without_cookie();
        assert_refused(&there, &again.token()).await;
        assert_eq!(world.store.rows().await.len(), meanwhile.left(), "{meanwhile:?}");
    }
}

/// Many requests that change one session at once all win: different values, and one counter.
pub async fn b19_parallel_writers_lose_nothing(world: &World) {
    const WRITERS: usize = 20;
    let site = world.site().await;
    let mut visitor = site.browser();
    visitor.get("/session/write/first/1").await.only_cookie(VISITOR);
    for mut browser in [visitor, site.logged_in("alice").await] {
        let adds = (0..WRITERS).map(|_| Request::post("/session/add/count"));
        let writes = (0..WRITERS).map(|n| Request::post(&format!("/session/write/k{n}/{n}")));
        let requests = adds.chain(writes).map(|request| (&browser, request)).collect();
        for response in collide(&site, Method::Update, requests).await {
            response.expect(200).without_cookie();
        }
        assert_eq!(read(&mut browser, "count").await, WRITERS);
        for n in 0..WRITERS {
            assert_eq!(read(&mut browser, &format!("k{n}")).await, n.to_string());
        }
        site.store.clear();
    }
}
