//! Serves the applications over loopback, one after the other, and measures them with `wrk`.

use clap::Parser;
use peers::numbers::Samples;
use peers::served::{App, wrk};
use rand::seq::SliceRandom;
use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::net::TcpListener;

/// How many users are logged in.
const USERS: u64 = 1000;

/// Requests a second over loopback, by wrk.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serves this application, prints its address, and measures nothing.
    #[arg(long)]
    app: Option<App>,
    /// How many connections wrk opens.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// How long a run of wrk takes.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// How often each application is measured; the median run counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match arguments.app {
        Some(app) => serve(app),
        None => measure_all(&arguments),
    }
}

fn serve(app: App) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = app.router().await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, router).await?;
        Ok(())
    })
}

/// What was measured of one application.
#[derive(Default)]
struct Figures {
    rate: Samples,
    median: Samples,
    p99: Samples,
}

fn measure_all(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let is_reachable = |app: &App| app.variable().is_none_or(|variable| env::var_os(variable).is_some());
    let apps: Vec<App> = App::ALL.into_iter().filter(is_reachable).collect();
    let mut figures: Vec<Figures> = apps.iter().map(|_| Figures::default()).collect();
    let mut order: Vec<usize> = (0..apps.len()).collect();
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        order.shuffle(&mut rand::rng());
        for place in &order {
            let report = measure(apps[*place], arguments)?;
            figures[*place].rate.push(report.rate);
            figures[*place].median.push(report.median);
            figures[*place].p99.push(report.p99);
        }
    }
    print(&apps, &figures);
    Ok(())
}

fn measure(app: App, arguments: &Arguments) -> Result<wrk::Report, Box<dyn Error>> {
    let server = Server::start(app)?;
    let cookies = wrk::log_in(server.address, USERS)?;
    let script = env::temp_dir().join(format!("hallpass-wrk-{}.lua", std::process::id()));
    // The first second warms up and does not count.
    wrk::run(server.address, &cookies, arguments.connections, 1, &script)?;
    let report = wrk::run(server.address, &cookies, arguments.connections, arguments.seconds, &script)?;
    std::fs::remove_file(script)?;
    Ok(report)
}

fn print(apps: &[App], figures: &[Figures]) {
    println!("| over loopback | requests/s | of bare axum | median, ms | 99 %, ms |\n|---|--:|--:|--:|--:|");
    let bare = figures.first().map_or(f64::NAN, |figures| figures.rate.median());
    for (app, figures) in apps.iter().zip(figures) {
        let rate = figures.rate.median();
        let (share, median, p99) = (100.0 * rate / bare, figures.median.median(), figures.p99.median());
        println!("| {} | {rate:.0} | {share:.0} % | {median:.2} | {p99:.2} |", app.name());
    }
}

/// A process that serves an application until this is dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(app: App) -> Result<Self, Box<dyn Error>> {
        let name = clap::ValueEnum::to_possible_value(&app).ok_or("every application has a name")?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["--app", name.get_name()]).stdin(Stdio::null()).stdout(Stdio::piped());
        let process = command.spawn()?;
        let mut server = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let output = server.process.stdout.take().ok_or("the output is a pipe")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        server.address = line.trim().parse().map_err(|_| format!("{}: did not start", app.name()))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
