//! How late job bodies begin: a table of counts, so that noting one costs next to nothing.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// Microseconds that one place of the table stands for.
const STEP: i64 = 10;
/// Places: what is later than five seconds counts as that.
const PLACES: usize = 500_000;

pub(crate) struct Lateness {
    from: AtomicI64,
    until: AtomicI64,
    places: [AtomicU32; PLACES],
    early: AtomicU32,
}

impl Lateness {
    pub(crate) const fn new() -> Self {
        Self {
            from: AtomicI64::new(0),
            until: AtomicI64::new(0),
            places: [const { AtomicU32::new(0) }; PLACES],
            early: AtomicU32::new(0),
        }
    }

    /// Forgets everything, and notes runs that are scheduled from one time to before another.
    pub(crate) fn begin(&self, from: i64, until: i64) {
        for place in &self.places {
            place.store(0, Ordering::Relaxed);
        }
        self.early.store(0, Ordering::Relaxed);
        self.from.store(from, Ordering::Relaxed);
        self.until.store(until, Ordering::Relaxed);
    }

    /// Notes a body that begins at `now`.
    pub(crate) fn note(&self, scheduled: i64, now: i64) {
        let (from, until) = (&self.from, &self.until);
        if scheduled < from.load(Ordering::Relaxed) || scheduled >= until.load(Ordering::Relaxed) {
            return;
        }
        if now < scheduled {
            self.early.fetch_add(1, Ordering::Relaxed);
        }
        let place = usize::try_from((now - scheduled) / STEP).unwrap_or(0);
        self.places[place.min(PLACES - 1)].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn runs(&self) -> u64 {
        let counts = self.places.iter();
        counts
            .map(|count| u64::from(count.load(Ordering::Relaxed)))
            .sum()
    }

    pub(crate) fn early(&self) -> u32 {
        self.early.load(Ordering::Relaxed)
    }

    /// The lateness in microseconds that so many percent of the runs do not exceed.
    pub(crate) fn quantile(&self, percent: u64) -> f64 {
        let wanted = (self.runs() * percent).div_ceil(100);
        let mut seen = 0;
        for (place, count) in self.places.iter().enumerate() {
            seen += u64::from(count.load(Ordering::Relaxed));
            if seen >= wanted && seen > 0 {
                return (place as i64 * STEP) as f64;
            }
        }
        f64::NAN
    }
}
