//! The time of one `next` and of compiling a trigger, pattern by pattern: `cargo bench -p punctual-benches`.

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

/// Texts of a crontab: common ones, long ones, and one in a notation that croner reads for us.
const TEXTS: [&str; 6] = [
    "*/5 9-17 * * mon-fri",
    "0 0 * * *",
    "30 2 1,15 */3 *",
    "0,10,20,30,40,50 0 8-18/2 * 1-12 0-7 2026-2030",
    "@weekly",
    "0 9 * * 5L",
];

mod crontab {
    use punctual_core::Crontab;

    use super::{Bencher, TEXTS};

    #[divan::bench(args = TEXTS)]
    fn ours(bencher: Bencher<'_, '_>, text: &str) {
        bencher.bench_local(|| Crontab::new(text).build());
    }

    #[divan::bench(args = TEXTS)]
    fn croner(bencher: Bencher<'_, '_>, text: &str) {
        bencher.bench_local(|| text.parse::<croner::Cron>());
    }
}
