//! The time of one decision: `cargo bench -p punctual-benches --bench plan`.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use divan::Bencher;
use punctual_core::plan::{JobView, plan};
use punctual_core::{Coalesce, Cron, JobId, MissReason, Policies};

fn main() {
    divan::main();
}

const NOW: DateTime<Utc> = DateTime::from_timestamp(1_772_000_000, 0).expect("it is in 2026");

/// Every second in New York, due since so many seconds.
fn decide(bencher: Bencher<'_, '_>, backlog: i64, policies: Policies) {
    let id = JobId::new("job").expect("the id is valid");
    let trigger = Cron::new().timezone("America/New_York").build();
    let trigger = trigger.expect("the trigger is valid");
    let view = JobView {
        id: &id,
        trigger: &trigger,
        anchor: None,
        policies: &policies,
        next_fire: Some(NOW - Duration::from_secs(backlog.unsigned_abs())),
        running: 0,
        queued: 0,
        paused: false,
        absence: MissReason::Down,
    };
    bencher.bench_local(|| plan(black_box(&view), black_box(NOW)));
}

const YEAR: i64 = 365 * 86_400;

#[divan::bench(args = [0, 60, YEAR, 100 * YEAR])]
fn coalesce_latest(bencher: Bencher<'_, '_>, backlog: i64) {
    decide(bencher, backlog, Policies::default());
}

#[divan::bench(args = [0, 60, YEAR, 100 * YEAR])]
fn grace_and_the_newest_ten(bencher: Bencher<'_, '_>, backlog: i64) {
    let policies = Policies::new()
        .misfire_grace_time(Duration::from_secs(30))
        .coalesce(Coalesce::all(10))
        .build()
        .expect("the policies are valid");
    decide(bencher, backlog, policies);
}
