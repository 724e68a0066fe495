use crate::args::Args;
use crate::store::{self, Store};
use crate::users::DEMO_PASSWORD;
use crate::{Shutdown, Users};
use hallpass_core::SessionManager;
use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// All that a demo serves with.
#[derive(Debug)]
pub struct Demo {
    /// The sessions, as the options want them.
    pub sessions: SessionManager,
    /// Who can log in.
    pub users: Arc<Users>,
    /// Bound, listening and non-blocking.
    pub listener: TcpListener,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// Reads the options, starts what they ask for, says on standard output that it is ready, and serves until the end.
/// The result is the status of the process: 1 if something could not be started, 2 if an option was not right.
pub async fn run(serve: impl AsyncFnOnce(Demo) -> io::Result<()>) -> ExitCode {
    log_to_stderr();
    let served = match Demo::start().await {
        Ok(demo) => serve(demo).await.map_err(StartError::system),
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(error.status)
        }
    }
}

impl Demo {
    async fn start() -> Result<Self, StartError> {
        let args = Args::parse_process()?;
        let settings = args.settings()?;
        let listener = listen(args.addr)?;
        let Store { sessions, users, throttle } = store::open(&args.store).await?;
        let (sessions, users) = (settings.sessions(sessions, throttle)?, Arc::new(users));
        let shutdown = Shutdown::listen().map_err(StartError::system)?;
        let addr = listener.local_addr().map_err(StartError::system)?;
        // Somebody who closes standard output does not want to read it.
        let _ = welcome(addr, sessions.cookies().is_secure(), io::stdout().lock());
        Ok(Self { sessions, users, listener, shutdown })
    }
}

/// The demo did not start.
#[derive(Debug)]
pub(crate) struct StartError {
    message: String,
    status: u8,
}

impl StartError {
    pub(crate) fn option(reason: impl Into<Box<dyn Error>>) -> Self {
        Self { message: in_one_line(&*reason.into()), status: 2 }
    }

    pub(crate) fn system(reason: impl Into<Box<dyn Error>>) -> Self {
        Self { message: in_one_line(&*reason.into()), status: 1 }
    }

    /// The same, and where it comes from.
    pub(crate) fn within(self, place: &str) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StartError {}

/// The error, and what caused it where it does not say so itself.
fn in_one_line(error: &dyn Error) -> String {
    let text = error.to_string().lines().collect::<Vec<_>>().join(" ");
    match error.source().map(in_one_line) {
        Some(source) if !text.contains(&source) => format!("{text}: {source}"),
        _ => text,
    }
}

fn listen(addr: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = || {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|error: io::Error| StartError::system(format!("cannot listen on {addr}: {error}")))
}

fn log_to_stderr() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse().ok());
    let filter = asked.unwrap_or_else(|| {
        Targets::new().with_default(LevelFilter::INFO).with_target("sqlx", LevelFilter::WARN)
    });
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(colours);
    tracing_subscriber::registry().with(lines).with(filter).init();
}

fn welcome(addr: SocketAddr, secure: bool, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "listening on http://{addr}")?;
    writeln!(out, "log in as alice (an administrator) or bob; both have the password: {DEMO_PASSWORD}")?;
    if secure {
        writeln!(
            out,
            "Safari keeps no secure cookies here: use another browser, or --danger-insecure-cookies"
        )?;
    } else {
        writeln!(
            out,
            "the cookies are not secure: whoever reads this network's traffic can take over a session"
        )?;
    }
    out.flush()
}
