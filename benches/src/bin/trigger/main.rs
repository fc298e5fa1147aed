//! `workload trigger`: the time of one `next` and the size of a compiled trigger, beside two other crates.
//!
//! A program of its own, because its allocator counts.

mod memory;
mod peers;
mod report;

use std::cell::Cell;
use std::error::Error;
use std::io;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use punctual_benches::patterns::{PATTERNS, Pattern, START, ZONES};
use punctual_benches::rounds::{self, Figure};
use punctual_benches::vectors;
use punctual_benches::walk::{Walk, ns_per_next};
use punctual_core::Trigger;

/// A pattern in a zone, compiled by every crate.
struct Case {
    pattern: Pattern,
    zone: Tz,
    trigger: Trigger,
    cron: Option<cron::Schedule>,
    croner: croner::Cron,
}

/// The figures of one [`Case`].
struct Row<'a> {
    case: &'a Case,
    ours: Figure<'a>,
    cron: Option<peers::Ways<'a>>,
    croner: peers::Ways<'a>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let out = &mut io::stdout().lock();
    let cases = cases()?;
    let vectors = vectors::cron_random()?;
    let allocations = Cell::new(0);

    let mut rows: Vec<Row<'_>> = cases.iter().map(|case| row(case, &allocations)).collect();
    let mut singles: Vec<Figure<'_>> = vectors
        .iter()
        .map(|vector| ours(&vector.trigger, vector.previous, vector.now, &allocations))
        .collect();
    rounds::run(rows.iter_mut().flat_map(Row::figures).chain(&mut singles));

    report::patterns(out, &rows)?;
    report::vectors(out, vectors.iter().zip(&singles))?;
    let bytes = memory::largest(&PATTERNS, &ZONES)?;
    report::summary(out, &rows, &singles, bytes, allocations.get())
}

fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for pattern in PATTERNS {
        for zone in ZONES {
            cases.push(Case {
                pattern,
                zone,
                trigger: pattern.trigger(zone)?,
                cron: pattern.cron()?,
                croner: pattern.croner()?,
            });
        }
    }
    Ok(cases)
}

fn row<'a>(case: &'a Case, allocations: &'a Cell<u64>) -> Row<'a> {
    let start = START.with_timezone(&case.zone);
    Row {
        case,
        ours: ours(&case.trigger, None, START, allocations),
        cron: case
            .cron
            .as_ref()
            .map(|schedule| peers::cron(schedule, start)),
        croner: peers::croner(&case.croner, start),
    }
}

impl<'a> Row<'a> {
    fn figures(&mut self) -> impl Iterator<Item = &mut Figure<'a>> {
        let peers = self
            .cron
            .iter_mut()
            .chain([&mut self.croner])
            .flat_map(|ways| &mut ways.0);
        std::iter::once(&mut self.ours).chain(peers)
    }
}

/// Our time per `next`; counts what is allocated meanwhile.
fn ours<'a>(
    trigger: &'a Trigger,
    previous: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    allocations: &'a Cell<u64>,
) -> Figure<'a> {
    Figure::new(move || {
        let mut walk = Walk::new(trigger, previous, now);
        let mut ns = f64::NAN;
        let counted = allocation_counter::measure(|| ns = ns_per_next(|| walk.next()));
        allocations.set(allocations.get() + counted.count_total);
        ns
    })
}
