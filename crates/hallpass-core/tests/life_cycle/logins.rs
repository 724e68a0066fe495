use crate::support::{Jar, World, end, log_out};
use hallpass_core::{
    AuthLevel, EndReason, EventKind, LoginGrant, Realm, Refusal, SessionPolicy, Subject, SubjectKey,
    WhenReached, Which,
};
use hallpass_testkit::{Method, Times};
use std::num::NonZeroU32;
use std::time::Duration;

#[tokio::test]
async fn fresh_a_login_over_a_login_of_the_same_user_gets_a_new_id_and_the_old_one_is_dead() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let old = jar.clone();
    world.request(&mut jar, async |session| session.insert("theme", "dark").unwrap()).await;
    world.log_in(&mut jar, 7).await;
    assert_ne!(old.value("__Host-id"), jar.value("__Host-id"));
    assert_eq!(world.who(&old).await, None);
    let session = world.open(&jar).await;
    assert_eq!(session.get::<String>("theme").unwrap().as_deref(), Some("dark"), "its own data stay");
    assert_eq!(world.sessions.sessions_of(7.into()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn fresh_a_login_as_somebody_else_inherits_nothing() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |session| session.insert("secret", "of 7").unwrap()).await;
    let old = jar.clone();
    let grant = world.grant(8).await;
    world
        .request(&mut jar, async |session| {
            session.insert("before", "of 7").unwrap();
            session.log_in(grant).unwrap();
            assert!(!session.contains("secret") && !session.contains("before"));
            session.insert("after", "of 8").unwrap();
        })
        .await;
    let session = world.open(&jar).await;
    assert_eq!(session.subject().unwrap().as_str(), "8");
    let values = ["secret", "before", "after"].map(|name| session.contains(name));
    assert_eq!(values, [false, false, true]);
    assert_eq!(world.who(&old).await, None);
    assert_eq!(world.events.ends(), [EndReason::Superseded]);
}

#[tokio::test]
async fn a_visitors_data_are_carried_into_the_login_and_the_visitors_session_is_ended() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |session| session.insert("cart", &["hat"]).unwrap()).await;
    let visitor = jar.clone();
    world.log_in(&mut jar, 7).await;
    assert_eq!((jar.value("__Host-id").is_some(), jar.value("__Host-id-anon")), (true, None));
    assert_eq!(world.open(&jar).await.get::<Vec<String>>("cart").unwrap().unwrap(), ["hat"]);
    assert_eq!(world.open(&visitor).await.handle(), None);
}

#[tokio::test]
async fn no_lost_updates_what_a_visitor_writes_during_the_login_is_carried_too() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |session| session.insert("cart", "hat").unwrap()).await;
    let grant = world.grant(7).await;
    let login = world.open(&jar).await;
    login.log_in(grant).unwrap();
    login.insert("from login", "1").unwrap();
    world.request(&mut jar.clone(), async |session| session.insert("late", "scarf").unwrap()).await;
    jar.apply(&login.slot().commit().await);
    let session = world.open(&jar).await;
    let values = ["cart", "late", "from login"].map(|name| session.contains(name));
    assert_eq!((session.subject().is_some(), values), (true, [true; 3]));
}

#[tokio::test]
async fn a_login_that_began_before_a_log_out_everywhere_cannot_finish_after_it() {
    let world = World::new();
    let grant = world.grant(7).await;
    let receipt = world.sessions.end_sessions(7.into(), Which::All, EndReason::Administrator).await.unwrap();
    assert!(receipt.sessions_ended <= 1);
    let mut jar = Jar::default();
    let outcome = world.request(&mut jar, async |session| session.log_in(grant).unwrap()).await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (Some(Refusal::LoginSuperseded), 0));
    assert!(world.sessions.sessions_of(7.into()).await.unwrap().is_empty());
    assert!(world.events.kinds().contains(&EventKind::LoginFailed));
}

#[tokio::test]
async fn a_reauthentication_that_began_before_a_log_out_everywhere_cannot_finish_after_it() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    session.log_in(world.grant(7).await).unwrap();
    let receipt = world.sessions.end_sessions(7.into(), Which::All, EndReason::Administrator).await.unwrap();
    assert!(receipt.sessions_ended <= 1);
    assert_eq!(session.slot().commit().await.refusal, Some(Refusal::LoginSuperseded));
}

#[tokio::test]
async fn a_reauthentication_over_a_session_that_was_just_logged_out_becomes_a_login_without_its_data() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |session| session.insert("old", "1").unwrap()).await;
    let session = world.open(&jar).await;
    session.log_in(world.grant(7).await).unwrap();
    session.insert("new", "2").unwrap();
    world.request(&mut jar.clone(), async |other| assert!(log_out(other).await <= 1)).await;
    jar.apply(&session.slot().commit().await);
    let session = world.open(&jar).await;
    assert_eq!(
        (session.subject().is_some(), session.contains("old"), session.contains("new")),
        (true, false, true)
    );
}

#[tokio::test]
async fn who_ends_all_others_may_still_be_renewed_in_the_same_request() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let grant = world.grant(7).await;
    let outcome = world
        .request(&mut jar, async |session| {
            session.log_in(grant).unwrap();
            let keep = session.handle().unwrap();
            assert!(end(session, Which::AllBut(keep), EndReason::CredentialsChanged).await <= 1);
        })
        .await;
    assert_eq!(outcome.refusal, None);
    assert!(world.who(&jar).await.is_some());
}

#[tokio::test]
async fn the_limit_is_kept_by_either_policy() {
    let one = NonZeroU32::MIN;
    let world = World::with(SessionPolicy::default().limit(one, WhenReached::Refuse));
    let first = world.logged_in(7).await;
    let grant = world.grant(7).await;
    let refused = world.request(&mut Jar::default(), async |session| session.log_in(grant).unwrap()).await;
    assert_eq!((refused.refusal, refused.set_cookies().count()), (Some(Refusal::SessionLimit), 0));
    assert!(world.who(&first).await.is_some());

    let world = World::with(SessionPolicy::default().limit(one, WhenReached::EndLeastRecent));
    let (first, second) = (world.logged_in(7).await, world.logged_in(7).await);
    assert_eq!((world.who(&first).await, world.who(&second).await.is_some()), (None, true));
    assert_eq!(world.events.ends(), [EndReason::SessionLimit]);
}

#[tokio::test]
async fn honest_a_login_that_the_store_does_not_confirm_is_503_without_a_cookie() {
    let world = World::new();
    for lost in [false, true] {
        match lost {
            false => world.store.fail(Method::Create, Times::Next(1)),
            true => world.store.lose_answer(Method::Create, Times::Next(1)),
        }
        let grant = world.grant(7).await;
        let outcome =
            world.request(&mut Jar::default(), async |session| session.log_in(grant).unwrap()).await;
        assert_eq!((outcome.refusal, outcome.set_cookies().count()), (Some(Refusal::Unavailable), 0));
    }
    assert!(!world.events.kinds().contains(&EventKind::LoginSucceeded));
}

#[tokio::test]
async fn a_login_whose_answer_never_arrived_refuses_nobody_after_a_minute() {
    let one = NonZeroU32::MIN;
    let world = World::with(SessionPolicy::default().limit(one, WhenReached::Refuse));
    let lost = world.logged_in(7).await;
    world.clock.advance(Duration::from_secs(61));
    let mut arrived = world.logged_in(7).await;
    assert_eq!(world.who(&lost).await, None);

    world.clock.advance(Duration::from_secs(1));
    world.request(&mut arrived, async |_| {}).await;
    world.clock.advance(Duration::from_secs(61));
    let grant = world.grant(7).await;
    let refused = world.request(&mut Jar::default(), async |session| session.log_in(grant).unwrap()).await;
    assert_eq!(refused.refusal, Some(Refusal::SessionLimit));
    assert_eq!(world.who(&arrived).await.as_deref(), Some("7"));
}

#[tokio::test]
async fn a_login_that_owes_a_factor_ends_others_only_once_it_has_shown_it() {
    let one = NonZeroU32::MIN;
    let world = World::with(SessionPolicy::default().limit(one, WhenReached::EndLeastRecent));
    let full = world.logged_in(7).await;
    let mut pending = Jar::default();
    let grant = LoginGrant { level: AuthLevel::Pending, ..world.grant(7).await };
    world.request(&mut pending, async |session| session.log_in(grant).unwrap()).await;
    assert_eq!(world.who(&full).await.as_deref(), Some("7"), "the password alone has ended it");

    world.log_in(&mut pending, 7).await;
    assert_eq!(world.who(&pending).await.as_deref(), Some("7"));
    assert_eq!(world.who(&full).await, None);
    assert_eq!(world.events.ends(), [EndReason::SessionLimit]);
}

#[tokio::test]
async fn a_user_of_another_realm_is_nobody_here_though_they_share_a_number() {
    let world = World::new();
    let staff = SubjectKey::new(Realm::new("staff").unwrap(), Subject::from(7_u32));
    for jar in [&mut Jar::default(), &mut world.logged_in(7).await] {
        let grant = LoginGrant { subject: staff.clone(), ..world.grant(7).await };
        let outcome = world.request(jar, async |session| session.log_in(grant).unwrap()).await;
        assert_eq!((outcome.refusal, outcome.set_cookies().count()), (Some(Refusal::LoginSuperseded), 0));
    }
    assert_eq!(world.sessions.sessions_of(Subject::from(7_u32)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_remembered_login_has_its_own_limits_and_a_cookie_for_what_is_left() {
    let world = World::new();
    let grant = hallpass_core::LoginGrant { remembered: true, ..world.grant(7).await };
    let mut jar = Jar::default();
    let outcome = world.request(&mut jar, async |session| session.log_in(grant).unwrap()).await;
    let thirty_days = "; Max-Age=2592000";
    assert!(outcome.set_cookies().next().unwrap().ends_with(thirty_days));
    world.clock.advance(Duration::from_secs(10 * 24 * 3600));
    let outcome = world.request(&mut jar, async |session| session.renew().unwrap()).await;
    assert!(outcome.set_cookies().next().unwrap().ends_with("; Max-Age=1728000"));
}

#[tokio::test]
async fn in_one_request_the_last_word_counts() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let before = jar.clone();
    let grant = world.grant(8).await;
    world
        .request(&mut jar, async |session| {
            session.log_in(grant).unwrap();
            log_out(session).await;
        })
        .await;
    assert_eq!((world.who(&jar).await, world.who(&before).await), (None, None));
    assert!(world.sessions.sessions_of(8.into()).await.unwrap().is_empty());

    let mut jar = world.logged_in(7).await;
    let grant = world.grant(8).await;
    world
        .request(&mut jar, async |session| {
            log_out(session).await;
            session.log_in(grant).unwrap();
        })
        .await;
    assert_eq!(world.who(&jar).await.as_deref(), Some("8"));

    world
        .request(&mut jar, async |session| {
            log_out(session).await;
            session.insert("flash", "goodbye").unwrap();
        })
        .await;
    let session = world.open(&jar).await;
    assert_eq!(
        (session.subject(), session.get::<String>("flash").unwrap().as_deref()),
        (None, Some("goodbye"))
    );
}
