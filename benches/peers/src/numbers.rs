//! What is made of many measurements of the same thing.

/// Measurements of the same thing, in nanoseconds per request.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// The smallest; infinite if there is none.
    #[must_use]
    pub fn minimum(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The median of the smaller half: the figure in the tables.
    ///
    /// What disturbs a measurement (interrupts, other processes, a moved clock rate) only ever makes it longer, so the
    /// larger half is left out. The minimum would be steadier still, but favours what is fast once in a while.
    ///
    /// ```
    /// let mut samples = peers::numbers::Samples::default();
    /// [5.0, 1.0, 3.0, 2.0, 4.0, 900.0].into_iter().for_each(|sample| samples.push(sample));
    /// assert_eq!((samples.minimum(), samples.typical(), samples.median()), (1.0, 2.0, 4.0));
    /// ```
    #[must_use]
    pub fn typical(&self) -> f64 {
        self.at(self.0.len().div_ceil(2) / 2)
    }

    /// The median of all.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.at(self.0.len() / 2)
    }

    fn at(&self, place: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(place).copied().unwrap_or(f64::INFINITY)
    }
}
