//! The time of one `next`, pattern by pattern: `cargo bench -p punctual-benches`.

use std::fmt;

use chrono_tz::Tz;
use divan::Bencher;
use punctual_benches::patterns::{PATTERNS, Pattern, START, ZONES};
use punctual_benches::walk::{FIRE_TIMES, Walk};

fn main() {
    divan::main();
}

/// A pattern in a zone, shown by both.
struct Case(Pattern, Tz);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.crontab, self.1.name())
    }
}

fn cases() -> impl Iterator<Item = Case> {
    PATTERNS
        .into_iter()
        .flat_map(|pattern| ZONES.map(|zone| Case(pattern, zone)))
}

#[divan::bench(args = cases())]
fn next(bencher: Bencher<'_, '_>, case: &Case) {
    let trigger = case.0.trigger(case.1).expect("the patterns are valid");
    bencher.counter(FIRE_TIMES).bench_local(|| {
        Walk::new(&trigger, None, START)
            .take(FIRE_TIMES as usize)
            .last()
    });
}

#[divan::bench(args = cases())]
fn parse(bencher: Bencher<'_, '_>, case: &Case) {
    bencher.bench_local(|| case.0.trigger(case.1));
}
