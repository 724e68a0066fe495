use crate::count::{Count, Counter};
use crate::operation::Operation;
use hallpass_trials::Figures;
use std::error::Error;
use std::fmt::Write;
use std::future::Future;
use std::time::{Duration, Instant};

/// What was measured of one operation.
#[derive(Default)]
pub(crate) struct Meter {
    times: Vec<Duration>,
    counts: Vec<Count>,
}

/// One measurement: of the time, or of the calls.
pub(crate) struct Measuring<'a> {
    meter: &'a mut Meter,
    counter: Option<&'a Counter>,
}

impl Meter {
    pub(crate) fn with<'a>(&'a mut self, counter: Option<&'a Counter>) -> Measuring<'a> {
        Measuring { meter: self, counter }
    }

    fn median(&self) -> Duration {
        self.times.iter().copied().collect::<Figures>().median()
    }

    /// The least: what another task of the store does meanwhile can only add to it.
    fn count(&self) -> Option<Count> {
        self.counts.iter().copied().min_by_key(|count| (count.calls, count.inner))
    }
}

impl Measuring<'_> {
    /// Measures this.
    pub(crate) async fn time<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Box<dyn Error>> {
        if let Some(counter) = self.counter {
            let before = counter.begin()?;
            let result = work.await;
            self.meter.counts.push(counter.end()? - before);
            return Ok(result);
        }
        let began = Instant::now();
        let result = work.await;
        self.meter.times.push(began.elapsed());
        Ok(result)
    }
}

/// A column for each number of sessions with the median of the time in microseconds, and the calls that it took with each.
pub(crate) fn table(name: &str, columns: &[(u64, Vec<(Operation, Meter)>)]) -> String {
    let mut text = format!("{name:<18}");
    for (size, _) in columns {
        let _ = write!(text, "{size:>12}");
    }
    text.push_str("  calls (commands in scripts)\n");
    for (row, operation) in Operation::ALL.iter().enumerate() {
        let _ = write!(text, "{:<18}", operation.name());
        for (_, measured) in columns {
            let _ = write!(text, "{:>9.0} µs", measured[row].1.median().as_secs_f64() * 1e6);
        }
        let counts = columns.iter().filter_map(|(_, measured)| measured[row].1.count());
        let counts: Vec<_> = counts.map(|count| count.to_string()).collect();
        let _ = writeln!(text, "  {}", counts.join(", "));
    }
    text
}
