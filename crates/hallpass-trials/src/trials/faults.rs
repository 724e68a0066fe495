//! A server that stops and one that dies, in the middle of many users.

use super::{MAX_STALENESS, SLACK};
use crate::demo::Program;
use crate::figures::Figures;
use crate::ledger::{Answer, Asked, Ledger, last_refusal, statuses};
use crate::load::{Load, verify};
use hallpass_servers::{Kind, Server, ServerBuilder};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;
use tokio::time::sleep;

const USERS: usize = 200;

/// Before the first fault, and after each.
const CALM: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(5);

/// By then what the server had answered before it went has arrived.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// By then everything must be as before, on any machine.
const RECOVERY: Duration = Duration::from_secs(10);

pub(crate) async fn on_postgres(program: Program) {
    // So that a crash is one from which a server of somebody's own has to recover.
    let server = Server::builder(Kind::Postgres).setting("fsync", "on").setting("full_page_writes", "on");
    run(program, server, Ledger::default()).await;
}

pub(crate) async fn on_redis(program: Program) {
    run(program, Server::builder(Kind::Redis), Ledger::with_counts_in_store()).await;
}

async fn run(program: Program, server: ServerBuilder, ledger: Ledger) {
    let mut server = server.start().unwrap();
    let demo = program.start(server.url());
    let ledger = Arc::new(ledger);
    let load = Load::start(demo.addr, USERS, ledger.clone()).await;
    let began = Instant::now();
    sleep(CALM).await;
    let stopped = Fault::play(&mut server, Server::pause, Server::resume, &load).await;
    let calm = Instant::now();
    let died = Fault::play(&mut server, Server::kill, Server::restart, &load).await;
    load.stop().await;
    let (live, ended) = verify(demo.addr, &ledger).await;

    let answers = ledger.answers();
    let before = statuses(&answers, began, stopped.began);
    assert!(before.keys().all(|(_, status)| *status != 503), "nothing stood in the way: {before:?}");
    stopped.judge("stopped", &answers, calm);
    died.judge("killed", &answers, Instant::now());
    println!("  in the end {live} acknowledged logins are there, and {ended} acknowledged logouts hold");
    ledger.assert_clean();
    assert!(live > USERS / 4 && ended > USERS / 4, "there was little to lose: {live}, {ended}");
}

/// When a server was away: from `began` to `over`, and by `returned` it answered again.
struct Fault {
    began: Instant,
    over: Instant,
    returned: Instant,
    /// Until somebody who came after that was served.
    recovery: Duration,
}

impl Fault {
    async fn play(
        server: &mut Server,
        begin: impl FnOnce(&mut Server) -> hallpass_servers::Result<()>,
        end: impl FnOnce(&mut Server) -> hallpass_servers::Result<()>,
        load: &Load,
    ) -> Self {
        block_in_place(|| begin(server)).unwrap();
        let began = Instant::now();
        sleep(length()).await;
        let over = Instant::now();
        block_in_place(|| end(server)).unwrap();
        let returned = Instant::now();
        let recovery = load.until_served().await;
        sleep(AFTER).await;
        Self { began, over, returned, recovery }
    }

    fn judge(&self, how: &str, answers: &[Answer], until: Instant) {
        let meanwhile = statuses(answers, self.began + UNDER_WAY, self.over);
        println!("  {how} for {:.1} s: {meanwhile:?}", secs(self.over - self.began));
        assert!(meanwhile.keys().any(|(_, status)| *status == 503), "it is missed");
        let writes = meanwhile.keys().filter(|(asked, _)| matches!(asked, Asked::Login | Asked::Logout));
        assert_all_refused(writes, "nobody logs in or out without a store");
        // What was cached before is older than its bound now.
        let late = statuses(answers, self.began + MAX_STALENESS + UNDER_WAY, self.over);
        assert_all_refused(late.keys(), "nobody is let in without a store");

        let public = answers.iter().filter(|answer| answer.asked == Asked::Public && self.includes(answer));
        let public: Figures = public.map(|answer| answer.ended - answer.began).collect();
        println!("  {how}: public pages meanwhile: {public}");
        assert!(public.worst() < SLACK);

        let last = last_refusal(answers, self.returned, until);
        println!(
            "  {how}: served again {:.2} s after its return, last 503 after {:.2} s",
            secs(self.recovery),
            secs(last)
        );
        assert!(self.recovery.max(last) < RECOVERY, "it takes too long to recover");
    }

    fn includes(&self, answer: &Answer) -> bool {
        self.began <= answer.began && answer.began < self.over
    }
}

fn assert_all_refused<'a>(mut seen: impl Iterator<Item = &'a (Asked, u16)>, why: &str) {
    let answered = seen.find(|(_, status)| *status != 503);
    assert_eq!(answered, None, "{why}");
}

/// How long a server is away: 6 seconds unless the environment says otherwise.
fn length() -> Duration {
    let seconds = std::env::var("HALLPASS_TRIAL_SECONDS").ok();
    Duration::from_secs(
        seconds.map_or(6, |seconds| seconds.parse().expect("HALLPASS_TRIAL_SECONDS is a number")),
    )
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}
