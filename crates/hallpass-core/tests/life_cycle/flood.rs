//! Visitors of one address take bounded room, whatever the store.

use crate::support::{Answered, Jar, World, head, log_out};
use async_trait::async_trait;
use hallpass_core::{
    Admission, AttemptLimit, Bucket, BucketKind, EventKind, MemoryThrottle, Refusal, Session, SessionSlot,
    StoreError, Throttle, ThrottlePolicy, ThrottleSecret, Timestamp,
};
use hallpass_testkit::{Method, Times};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

const FREE: usize = 3;
const WAIT: Duration = Duration::from_secs(20);

const ONE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9)));
const ANOTHER: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 10)));

fn policy() -> ThrottlePolicy {
    let free = NonZeroU32::new(FREE as u32).unwrap();
    ThrottlePolicy::default().visitor(AttemptLimit {
        free,
        first_wait: WAIT,
        longest_wait: WAIT,
        forget_after: WAIT,
    })
}

fn world() -> World {
    World::built(|builder| builder.throttle_policy(policy()))
}

/// A request from an address, as an adapter opens it.
async fn open(world: &World, jar: &Jar, address: Option<IpAddr>) -> Session {
    let head = head(jar).peer(address);
    let slot = SessionSlot::new(&world.sessions.clone().into(), &head, None);
    let session = slot.open().await.unwrap();
    if slot.is_visit() {
        slot.observe_address(&head);
    }
    session
}

async fn request(
    world: &World,
    jar: &mut Jar,
    address: Option<IpAddr>,
    act: impl AsyncFnOnce(&Session),
) -> Answered {
    let session = open(world, jar, address).await;
    act(&session).await;
    commit(jar, &session).await
}

async fn commit(jar: &mut Jar, session: &Session) -> Answered {
    let outcome = session.slot().commit().await;
    jar.apply(&outcome);
    Answered::of(&outcome)
}

/// Sets a value.
async fn write(world: &World, jar: &mut Jar, address: Option<IpAddr>) -> Answered {
    request(world, jar, address, async |session| session.insert("cart", "hat").unwrap()).await
}

/// Begins as many visitors' sessions as are free, and insists that no more are.
async fn use_up(world: &World, address: Option<IpAddr>) -> Jar {
    let mut last = Jar::default();
    for _ in 0..FREE {
        last = Jar::default();
        assert_eq!(write(world, &mut last, address).await.refusal, None);
    }
    assert_eq!(write(world, &mut Jar::default(), address).await.refusal, too_many(WAIT));
    last
}

fn too_many(retry_after: Duration) -> Option<Refusal> {
    Some(Refusal::TooManyAttempts { retry_after })
}

fn begun(world: &World) -> usize {
    world.events.kinds().into_iter().filter(|kind| *kind == EventKind::VisitorCreated).count()
}

#[tokio::test]
async fn beyond_the_limit_of_an_address_nothing_is_written_and_one_may_begin_after_the_wait_that_is_told() {
    let world = world();
    use_up(&world, ONE).await;
    world.store.reset_calls();
    for _ in 0..1_000 {
        let answered = write(&world, &mut Jar::default(), ONE).await;
        assert_eq!((answered.refusal, answered.set_cookies().len()), (too_many(WAIT), 0));
    }
    assert_eq!((world.store.total_calls(), begun(&world)), (0, FREE));
    assert_eq!(world.events.kinds().last(), Some(&EventKind::VisitorThrottled));

    world.clock.advance(WAIT - Duration::from_millis(1));
    let early = write(&world, &mut Jar::default(), ONE).await;
    assert_eq!(early.refusal, too_many(Duration::from_millis(1)));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(write(&world, &mut Jar::default(), ONE).await.refusal, None);
    assert_eq!(write(&world, &mut Jar::default(), ONE).await.refusal, too_many(WAIT));
}

#[tokio::test]
async fn beyond_the_limit_everybody_who_has_a_session_goes_on_and_other_addresses_begin_new_ones() {
    let world = world();
    let mut login = world.logged_in(7).await;
    let mut visitor = use_up(&world, ONE).await;
    for _ in 0..10 {
        assert_eq!(write(&world, &mut visitor, ONE).await.refusal, None);
        assert_eq!(write(&world, &mut login, ONE).await.refusal, None);
    }
    let renewed = request(&world, &mut visitor, ONE, async |session| session.renew().unwrap()).await;
    assert_eq!((renewed.refusal, renewed.set_cookies().len()), (None, 1));
    let read = request(&world, &mut Jar::default(), ONE, async |_| {}).await;
    assert_eq!((read.refusal, read.set_cookies().len()), (None, 0));
    assert_eq!(write(&world, &mut Jar::default(), ANOTHER).await.refusal, None);
    assert_eq!(begun(&world), FREE + 1);
}

#[tokio::test]
async fn beyond_the_limit_visitors_log_in_and_users_log_out_and_are_told_so() {
    let world = world();
    let mut visitor = use_up(&world, ONE).await;
    for jar in [&mut Jar::default(), &mut visitor] {
        let grant = world.grant(7).await;
        let answered = request(&world, jar, ONE, async |session| session.log_in(grant).unwrap()).await;
        assert_eq!(answered.refusal, None);
        let session = open(&world, jar, ONE).await;
        session.slot().observe_client(&head(jar).peer(ONE));
        assert_eq!(log_out(&session).await, 1);
        session.insert("message", "good bye").unwrap();
        assert_eq!(commit(jar, &session).await.refusal, None);
        assert_eq!(world.open(jar).await.get::<String>("message").unwrap().as_deref(), Some("good bye"));
    }
    let end = request(&world, &mut visitor, ONE, async |session| assert_eq!(log_out(session).await, 0)).await;
    assert_eq!(end.refusal, None);
}

#[tokio::test]
async fn of_many_logouts_at_once_one_leaves_a_message_without_being_counted() {
    let world = world();
    let login = world.logged_in(7).await;
    use_up(&world, ONE).await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        let session = open(&world, &login, ONE).await;
        session.slot().observe_client(&head(&login).peer(ONE));
        sessions.push(session);
    }
    let mut written = 0;
    for session in sessions {
        let _ = log_out(&session).await;
        session.insert("message", "good bye").unwrap();
        match commit(&mut login.clone(), &session).await.refusal {
            None => written += 1,
            refused => assert_eq!(refused, too_many(WAIT)),
        }
    }
    assert_eq!((written, begun(&world)), (1, FREE + 1));
}

#[tokio::test]
async fn logouts_from_nobody_knows_where_are_counted_by_the_login_that_all_of_them_were_sent_with() {
    let world = world();
    let (login, other) = (world.logged_in(7).await, world.logged_in(8).await);
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(open(&world, &login, ONE).await);
    }
    let late = [open(&world, &other, ONE).await, open(&world, &other, ONE).await];
    let mut answers = Vec::new();
    for session in sessions.iter().chain(&late) {
        assert_eq!(session.slot().client().address(), None);
        let _ = log_out(session).await;
        session.insert("message", "good bye").unwrap();
        answers.push(commit(&mut Jar::default(), session).await.refusal);
    }
    let uncounted_and_free = 1 + FREE;
    assert!(answers[..uncounted_and_free].iter().all(Option::is_none));
    assert!(answers[uncounted_and_free..20].iter().all(|refusal| *refusal == too_many(WAIT)));
    assert_eq!(answers[20..], [None, None], "another login");
}

#[tokio::test]
async fn a_visitor_who_ends_the_session_and_begins_another_is_counted() {
    let world = world();
    let visitor = use_up(&world, ONE).await;
    let mut tabs = Vec::new();
    for _ in 0..20 {
        tabs.push(open(&world, &visitor, ONE).await);
    }
    for tab in tabs {
        let _ = log_out(&tab).await;
        tab.insert("cart", "hat").unwrap();
        assert_eq!(commit(&mut visitor.clone(), &tab).await.refusal, too_many(WAIT));
    }
    assert_eq!(begun(&world), FREE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_begin_no_more_sessions_than_one_after_the_other() {
    let world = world();
    let gate = world.store.hold(Method::Create);
    let mut commits = Vec::new();
    for _ in 0..50 {
        let session = open(&world, &Jar::default(), ONE).await;
        session.insert("cart", "hat").unwrap();
        commits.push(tokio::spawn(async move { session.slot().commit().await.refusal }));
    }
    gate.arrivals(FREE).await;
    gate.open();
    let mut answers = Vec::new();
    for commit in commits {
        answers.push(commit.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|refusal| refusal.is_none()).count(), FREE);
    assert_eq!(answers.iter().filter(|refusal| **refusal == too_many(WAIT)).count(), 50 - FREE);
}

#[tokio::test]
async fn an_address_of_this_host_or_none_has_no_limit_and_neither_has_who_counts_nothing() {
    let loopback = |address: &str| Some(address.parse::<IpAddr>().unwrap());
    for address in [None, loopback("127.0.0.1"), loopback("::1"), loopback("::ffff:127.0.0.1")] {
        let world = World::built(|builder| builder.throttle_policy(policy()).throttle(Down));
        for _ in 0..=FREE {
            assert_eq!(write(&world, &mut Jar::default(), address).await.refusal, None, "{address:?}");
        }
    }
    let off = World::built(|builder| builder.throttle_policy(ThrottlePolicy::danger_off()).throttle(Down));
    assert_eq!(write(&off, &mut Jar::default(), ONE).await.refusal, None);
}

#[tokio::test]
async fn fail_closed_without_its_throttle_no_visitors_session_begins_and_what_needs_none_goes_on() {
    let world = World::built(|builder| builder.throttle(Down));
    let mut visitor = Jar::default();
    assert_eq!(write(&world, &mut visitor, None).await.refusal, None);
    world.store.reset_calls();
    let answered = write(&world, &mut Jar::default(), ONE).await;
    assert_eq!((answered.refusal, answered.set_cookies().len()), (Some(Refusal::Unavailable), 0));
    assert_eq!(world.store.total_calls(), 0);
    assert_eq!(write(&world, &mut visitor, ONE).await.refusal, None);
    let mut login = world.logged_in(7).await;
    let end = request(&world, &mut login, ONE, async |session| assert_eq!(log_out(session).await, 1)).await;
    assert_eq!(end.refusal, None);
}

#[tokio::test]
async fn a_throttle_is_asked_for_new_rows_of_visitors_and_for_nothing_else() {
    let world = World::built(|builder| builder.throttle(Spy::default()));
    let asked = || world.sessions.throttle().clone();
    let mut login = world.logged_in(7).await;
    let mut visitor = Jar::default();
    request(&world, &mut visitor, ONE, async |_| {}).await;
    write(&world, &mut login, ONE).await;
    request(&world, &mut login, ONE, async |session| assert_eq!(log_out(session).await, 1)).await;
    assert_eq!(format!("{:?}", asked()), "Spy([])");

    write(&world, &mut visitor, ONE).await;
    assert_eq!(format!("{:?}", asked()), "Spy([Visitor])");
    for _ in 0..10 {
        write(&world, &mut visitor, ONE).await;
        request(&world, &mut visitor, ONE, async |session| session.renew().unwrap()).await;
    }
    world.clock.advance(Duration::from_secs(120));
    request(&world, &mut visitor, ONE, async |_| {}).await;
    let grant = world.grant(7).await;
    request(&world, &mut visitor, ONE, async |session| session.log_in(grant).unwrap()).await;
    assert_eq!(format!("{:?}", asked()), "Spy([Visitor])");
}

#[tokio::test]
async fn a_session_whose_row_was_not_created_counts_all_the_same() {
    let world = world();
    world.store.fail(Method::Create, Times::Next(FREE));
    for _ in 0..FREE {
        let answered = write(&world, &mut Jar::default(), ONE).await;
        assert_eq!(answered.refusal, Some(Refusal::Unavailable));
    }
    assert_eq!(write(&world, &mut Jar::default(), ONE).await.refusal, too_many(WAIT));
}

/// A throttle that nobody can reach.
#[derive(Debug)]
struct Down;

fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::unavailable("it is down"))
}

#[async_trait]
impl Throttle for Down {
    async fn admit(&self, _: &Bucket, _: &AttemptLimit, _: Timestamp) -> Result<Admission, StoreError> {
        down()
    }

    async fn clear(&self, _: &Bucket) -> Result<(), StoreError> {
        down()
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        down()
    }
}

/// A throttle that shows what was taken out of it.
#[derive(Default)]
struct Spy(MemoryThrottle, Mutex<Vec<BucketKind>>);

impl std::fmt::Debug for Spy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spy({:?})", self.1.lock().unwrap())
    }
}

#[async_trait]
impl Throttle for Spy {
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        self.1.lock().unwrap().push(bucket.kind());
        self.0.admit(bucket, limit, now).await
    }

    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError> {
        self.0.clear(bucket).await
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        self.0.secret().await
    }
}
