use std::fmt;
use std::time::Duration;

/// Measured times, from the shortest to the longest.
///
/// ```
/// use hallpass_trials::Figures;
/// use std::time::Duration;
///
/// let figures: Figures = [9, 1, 5].map(Duration::from_millis).into_iter().collect();
/// assert_eq!(figures.median(), Duration::from_millis(5));
/// assert_eq!(figures.worst(), Duration::from_millis(9));
/// ```
#[derive(Debug, Clone)]
pub struct Figures(Vec<Duration>);

impl Figures {
    /// As many are shorter as are longer; zero if nothing was measured.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.share(50)
    }

    /// The longest; zero if nothing was measured.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    fn share(&self, percent: usize) -> Duration {
        self.0.get(self.0.len() * percent / 100).copied().unwrap_or_default()
    }
}

impl FromIterator<Duration> for Figures {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let (median, most, worst) = (ms(self.median()), ms(self.share(99)), ms(self.worst()));
        write!(f, "median {median:.1} ms, 99 % {most:.1} ms, worst {worst:.1} ms, of {}", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle_whatever_the_order() {
        let figures: Figures = [9, 1, 5].map(Duration::from_millis).into_iter().collect();
        assert_eq!(figures.to_string(), "median 5.0 ms, 99 % 9.0 ms, worst 9.0 ms, of 3");
        assert_eq!(Figures::from_iter([]).worst(), Duration::ZERO);
    }
}
