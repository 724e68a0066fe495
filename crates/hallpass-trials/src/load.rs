//! Users who log in, look around and log out, all at once.

use crate::client::{Client, Token};
use crate::ledger::{Asked, Fact, Ledger};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How many users share an account, each with a session of his own: far from the limit of sessions.
const PER_ACCOUNT: usize = 4;

/// Between two requests of a user.
const PAUSE: Duration = Duration::from_millis(250);

/// Between two requests for what needs no session.
const PUBLIC_PAUSE: Duration = Duration::from_millis(20);

/// How often a user who logs in and out again looks around in between.
const VISITS: usize = 6;

/// How many log in at a time. A password costs more than everything else, and it is not what is on trial.
const LOGINS: usize = 2;

/// How many try tokens of sessions that have ended, all the time.
const REPLAYERS: usize = 8;

/// Users at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    users: JoinSet<()>,
}

struct Shared {
    addr: SocketAddr,
    ledger: Arc<Ledger>,
    logins: Semaphore,
    logged_in: AtomicUsize,
    stopping: AtomicBool,
}

impl Load {
    /// Sets `users` to work and waits until all of them are logged in. Half of them stay so.
    pub(crate) async fn start(addr: SocketAddr, users: usize, ledger: Arc<Ledger>) -> Self {
        register(addr, users.div_ceil(PER_ACCOUNT)).await;
        let (logins, logged_in, stopping) =
            (Semaphore::new(LOGINS), AtomicUsize::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { addr, ledger, logins, logged_in, stopping });
        let mut load = Self { shared, users: JoinSet::new() };
        load.users.spawn(load.shared.clone().ask_for_public());
        for _ in 0..REPLAYERS {
            load.users.spawn(load.shared.clone().replay());
        }
        for index in 0..users {
            load.users.spawn(load.shared.clone().be_user(index));
        }
        while load.shared.logged_in.load(Ordering::Relaxed) < users {
            sleep(PAUSE).await;
        }
        load
    }

    /// How long it takes until somebody who comes now gets what only users get.
    pub(crate) async fn until_served(&self) -> Duration {
        let (began, live) = (Instant::now(), self.shared.ledger.all(Fact::Live));
        let mut client = Client::new(self.shared.addr);
        while client.visit(&live[0]).await.is_ok_and(|reply| reply.status == 503) {
            sleep(PUBLIC_PAUSE).await;
        }
        began.elapsed()
    }

    /// Lets everybody finish what he is at, and waits for that.
    pub(crate) async fn stop(mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        while let Some(user) = self.users.join_next().await {
            user.unwrap();
        }
    }
}

/// Asks for every session of which something is known, and expects nothing but that.
pub(crate) async fn verify(addr: SocketAddr, ledger: &Ledger) -> (usize, usize) {
    let (live, ended) = (ledger.all(Fact::Live), ledger.all(Fact::Ended));
    let mut client = Client::new(addr);
    for (tokens, expected) in [(&live, 200), (&ended, 401)] {
        for token in tokens {
            let status = client.visit(token).await.unwrap().status;
            if status != expected {
                ledger.violation(format!("in the end a session is answered {status} instead of {expected}"));
            }
        }
    }
    (live.len(), ended.len())
}

async fn register(addr: SocketAddr, accounts: usize) {
    let mut client = Client::new(addr);
    for account in 0..accounts {
        client.register(&format!("user{account}")).await;
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    async fn ask_for_public(self: Arc<Self>) {
        let mut client = Client::new(self.addr);
        while !self.is_stopping() {
            match client.public().await {
                Ok(reply) => self.ledger.answered(Asked::Public, 200, &reply),
                Err(error) => self.ledger.violation(format!("a public page was not answered: {error}")),
            }
            sleep(PUBLIC_PAUSE).await;
        }
    }

    async fn replay(self: Arc<Self>) {
        let mut client = Client::new(self.addr);
        let mut round = 0;
        while !self.is_stopping() {
            let ended = self.ledger.all(Fact::Ended);
            match ended.get(round % ended.len().max(1)) {
                Some(token) => self.visit(&mut client, token, Asked::Replay, 401).await,
                None => sleep(PAUSE).await,
            }
            round += 1;
        }
    }

    async fn be_user(self: Arc<Self>, index: usize) {
        let (mut client, name) = (Client::new(self.addr), format!("user{}", index / PER_ACCOUNT));
        let (stays, mut first) = (index.is_multiple_of(2), true);
        while !self.is_stopping() {
            let Some(token) = self.log_in(&mut client, &name).await else { continue };
            if std::mem::take(&mut first) {
                self.logged_in.fetch_add(1, Ordering::Relaxed);
            }
            let mut visits = 0;
            while !self.is_stopping() && (stays || visits < VISITS) {
                self.visit(&mut client, &token, Asked::Visit, 200).await;
                visits += 1;
            }
            if stays {
                return;
            }
            self.log_out(&mut client, &token).await;
            self.visit(&mut client, &token, Asked::Replay, 401).await;
        }
    }

    async fn log_in(&self, client: &mut Client, name: &str) -> Option<Token> {
        let permit = self.logins.acquire().await.unwrap();
        let outcome = client.log_in(name).await;
        drop(permit);
        let token = match outcome {
            Ok((reply, token)) => {
                self.ledger.answered(Asked::Login, 200, &reply);
                token
            }
            Err(error) => {
                self.ledger.violation(format!("a login was not answered: {error}"));
                None
            }
        };
        match &token {
            Some(token) => self.ledger.note(token, Fact::Live),
            None => sleep(PAUSE).await,
        }
        token
    }

    async fn visit(&self, client: &mut Client, token: &Token, asked: Asked, expected: u16) {
        match client.visit(token).await {
            Ok(reply) => self.ledger.answered(asked, expected, &reply),
            Err(error) => self.ledger.violation(format!("{asked:?} was not answered: {error}")),
        }
        sleep(PAUSE).await;
    }

    /// Tries until it is acknowledged, as a user would.
    async fn log_out(&self, client: &mut Client, token: &Token) {
        loop {
            self.ledger.note(token, Fact::Doubtful);
            match client.log_out(token).await {
                Ok(reply) => {
                    self.ledger.answered(Asked::Logout, 200, &reply);
                    if reply.status == 200 {
                        self.ledger.note(token, Fact::Ended);
                        return;
                    }
                }
                Err(error) => self.ledger.violation(format!("a logout was not answered: {error}")),
            }
            sleep(PAUSE).await;
        }
    }
}
