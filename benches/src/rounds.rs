//! Interleaved rounds: in each round every figure is taken once, so that a slow moment of the machine touches all alike.

use std::fmt;

/// How many rounds are run.
pub const ROUNDS: usize = 15;

/// Something that is measured once a round.
pub struct Figure<'a> {
    measure: Box<dyn FnMut() -> f64 + 'a>,
    samples: Vec<f64>,
}

impl<'a> Figure<'a> {
    /// A figure that `measure` takes.
    pub fn new(measure: impl FnMut() -> f64 + 'a) -> Self {
        Self {
            measure: Box::new(measure),
            samples: Vec::with_capacity(ROUNDS),
        }
    }

    /// The median of the rounds that were run.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.samples)
    }
}

impl fmt::Debug for Figure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figure")
            .field("samples", &self.samples)
            .finish_non_exhaustive()
    }
}

/// Runs [`ROUNDS`] rounds over all the figures.
pub fn run<'f, 'a: 'f>(figures: impl Iterator<Item = &'f mut Figure<'a>>) {
    let mut figures: Vec<_> = figures.collect();
    for _ in 0..ROUNDS {
        for figure in &mut figures {
            let sample = (figure.measure)();
            figure.samples.push(sample);
        }
    }
}

/// The middle value, or the mean of the two middle ones; not a number if there are none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_and_even() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn rounds_interleave() {
        let order = std::cell::RefCell::new(Vec::new());
        let mut figures: Vec<_> = (0..2)
            .map(|name| {
                Figure::new({
                    let order = &order;
                    move || {
                        order.borrow_mut().push(name);
                        f64::from(name)
                    }
                })
            })
            .collect();
        run(figures.iter_mut());
        assert_eq!(order.borrow()[..4], [0, 1, 0, 1]);
        assert_eq!(figures[1].median(), 1.0);
    }
}
