//! What is logged while a scenario runs, on its own threads only.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::{Builder, Runtime};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// Keeps every log line of one scenario. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<Line>>>);

/// One log line.
#[derive(Debug, Clone)]
pub struct Line {
    /// How bad it is.
    pub level: Level,
    /// Who says it.
    pub target: &'static str,
    /// The message and every field.
    pub text: String,
}

thread_local! {
    static ENTERED: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

impl Logs {
    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.locked().clone()
    }

    /// Whether hallpass has logged a line of this level that holds all of these words.
    #[must_use]
    pub fn tell(&self, level: Level, words: &[&str]) -> bool {
        let holds_all = |line: &Line| words.iter().all(|word| line.text.contains(word));
        self.locked().iter().any(|line| line.level == level && line.target == "hallpass" && holds_all(line))
    }

    /// Sends what this thread logs here from now on.
    pub fn enter(&self) {
        enter(&Dispatch::new(self.clone()));
    }

    /// A runtime all of whose threads log here.
    ///
    /// # Panics
    ///
    /// When the machine has no thread left.
    #[must_use]
    pub fn runtime(&self, threads: usize) -> Runtime {
        let logs = self.clone();
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).enable_all().on_thread_start(move || logs.enter());
        builder.build().expect("a machine that runs tests has threads")
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For threads that a framework starts by itself: makes the one that calls it log where this one does.
#[cfg(feature = "actix")]
pub(crate) fn from_here() -> impl Fn() + Clone + Send + 'static {
    let dispatch = tracing::dispatcher::get_default(Dispatch::clone);
    move || enter(&dispatch)
}

fn enter(dispatch: &Dispatch) {
    // The guard of another scenario on this thread goes first: dropped later it would put its predecessor back.
    drop(ENTERED.take());
    ENTERED.set(Some(tracing::dispatcher::set_default(dispatch)));
}

impl Subscriber for Logs {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let metadata = event.metadata();
        self.locked().push(Line { level: *metadata.level(), target: metadata.target(), text: text.0 });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{field}={value:?} ");
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut source = Some(value);
        while let Some(error) = source {
            let _ = write!(self.0, "{field}={error}, that is {error:?} ");
            source = error.source();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_threads_of_a_runtime_log_into_its_lines() {
        let (mine, other) = (Logs::default(), Logs::default());
        let runtime = mine.runtime(1);
        runtime.block_on(async {
            let logged = tokio::spawn(async { tracing::warn!(target: "hallpass", n = 1, "seen") });
            logged.await.unwrap();
        });
        assert!(mine.tell(Level::WARN, &["seen", "n=1"]));
        assert!(!mine.tell(Level::ERROR, &["seen"]) && !mine.tell(Level::WARN, &["unseen"]));
        assert!(other.lines().is_empty());
    }
}
