//! Slots that go from one primary to another.

use super::{cluster, count, raw_of, scene_of, visitor_on};
use crate::shared::{HOUR, Scene, until};
use hallpass_core::{EndReason, Record, SessionStore};
use hallpass_testkit::op;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, cmd};

/// A slot on its way to another primary, step by step, as `redis-cli --cluster reshard` has it.
struct Move {
    slot: i64,
    from: Side,
    to: Side,
}

/// The server at one end.
struct Side {
    port: u16,
    id: String,
    raw: MultiplexedConnection,
}

impl Side {
    async fn of(port: u16) -> Self {
        let mut raw = raw_of(port).await;
        let id = cmd("CLUSTER").arg("MYID").query_async(&mut raw).await.unwrap();
        Self { port, id, raw }
    }

    async fn tell(&mut self, command: &Cmd) {
        let () = command.query_async(&mut self.raw).await.unwrap();
    }
}

impl Move {
    /// From here on the server at the beginning asks for what it does not have at the other end.
    async fn begin(s: &mut Scene, record: &Record, from: u16, to: u16) -> Self {
        let slot = s.ask(cmd("CLUSTER").arg("KEYSLOT").arg(s.row(record))).await;
        let mut moved = Self { slot, from: Side::of(from).await, to: Side::of(to).await };
        let (importing, migrating) =
            (moved.set("IMPORTING", &moved.from.id), moved.set("MIGRATING", &moved.to.id));
        moved.to.tell(&importing).await;
        moved.from.tell(&migrating).await;
        moved
    }

    async fn carry_keys(&mut self) {
        let mut in_slot = cmd("CLUSTER");
        in_slot.arg("GETKEYSINSLOT").arg(self.slot).arg(1000);
        let keys: Vec<Vec<u8>> = in_slot.query_async(&mut self.from.raw).await.unwrap();
        assert!(!keys.is_empty());
        let mut migrate = cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(self.to.port).arg("").arg(0).arg(5000).arg("KEYS").arg(keys);
        self.from.tell(&migrate).await;
    }

    /// From here on both ends know whose it is. The other servers hear of it sooner or later.
    async fn end(&mut self) {
        let moved = self.set("NODE", &self.to.id);
        self.to.tell(&moved).await;
        self.from.tell(&moved).await;
    }

    fn set(&self, state: &str, id: &str) -> Cmd {
        let mut set_slot = cmd("CLUSTER");
        set_slot.arg("SETSLOT").arg(self.slot).arg(state).arg(id);
        set_slot
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_slot_that_is_handed_on_is_followed() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let [from, to] = [0, 1].map(|node| server.nodes()[node].port());
    let record = visitor_on(&mut s, from).await;
    let other = s.create(s.visitor()).await;
    assert_eq!(s.store.alive(&[record.key, other.key], s.now).await.unwrap(), [Some(true), Some(true)]);
    let mut moved = Move::begin(&mut s, &record, from, to).await;
    moved.carry_keys().await;
    moved.end().await;
    assert_eq!(s.store.alive(&[record.key, other.key], s.now).await.unwrap(), [Some(true), Some(true)]);
    assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    assert!(s.log_out(&record).await.unwrap().is_some());
    assert_eq!(s.store.sweep(10, op(s.now)).await.unwrap().ended, []);
    let taken = s.store.take(&other.key, other.revision, EndReason::LoggedOut, op(s.now)).await;
    assert!(taken.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_session_is_found_at_every_moment_of_a_move() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let [from, to] = [0, 1].map(|node| server.nodes()[node].port());
    let record = visitor_on(&mut s, from).await;
    let errors = async |name| count(from, "errorstats", name).await;

    let mut moved = Move::begin(&mut s, &record, from, to).await;
    assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    assert_eq!((errors("errorstat_ASK").await, errors("errorstat_MOVED").await), (0, 0));
    moved.carry_keys().await;
    for asked in 1..=3 {
        assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
        assert!(errors("errorstat_ASK").await >= asked);
        assert_eq!(errors("errorstat_MOVED").await, 0);
    }
    moved.end().await;
    for _ in 0..20 {
        assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    }
    let moved = errors("errorstat_MOVED").await;
    assert!((1..20).contains(&moved), "it is learnt: {moved} of 20 calls went wrong");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_change_waits_for_the_end_of_a_move() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let [from, to] = [0, 1].map(|node| server.nodes()[node].port());
    let record = visitor_on(&mut s, from).await;
    let mut moved = Move::begin(&mut s, &record, from, to).await;
    let until_touched = until("it is touched", || async {
        s.store.touch(&record.key, s.now + 2 * HOUR, op(s.now)).await.is_ok_and(|touched| touched)
    });
    let go_on = async {
        until("it is refused", || async { count(from, "errorstats", "errorstat_TRYAGAIN").await > 2 }).await;
        moved.carry_keys().await;
        moved.end().await;
    };
    tokio::join!(until_touched, go_on);
    assert_eq!(s.load(&record).await.unwrap().unwrap().idle_until, s.now + 2 * HOUR);
}
