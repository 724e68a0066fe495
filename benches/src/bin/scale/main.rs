//! How hallpass does with very many sessions, while it sweeps, with very many watches, and on two threads.
//!
//! Prints Markdown. Figures in time are of use on a quiet machine only.

mod clock;
mod curve;
mod feed;
mod sweep;
mod threads;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
usage: scale curve <sessions>...   an authenticated GET with so many sessions, each in a process of its own
       scale sweep <expired>       requests while so many expired sessions are being swept
       scale feed <watches>        so many watched sessions: memory, and the time until their ends are known
       scale threads <sessions>    requests per second on one thread and on two
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((part, numbers)) = parse(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match (part, numbers.as_slice()) {
        ("curve", [_, ..]) => return curve::run(&numbers),
        ("row", [sessions]) => curve::row(*sessions),
        ("sweep", [expired]) => sweep::run(*expired),
        ("feed", [watches]) => feed::run(*watches),
        ("threads", [sessions]) => threads::run(*sessions),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// A word, and numbers above 0.
fn parse(arguments: &[String]) -> Option<(&str, Vec<usize>)> {
    let (part, numbers) = arguments.split_first()?;
    let number = |text: &String| text.replace('_', "").parse().ok().filter(|number| *number > 0);
    Some((part, numbers.iter().map(number).collect::<Option<_>>()?))
}
