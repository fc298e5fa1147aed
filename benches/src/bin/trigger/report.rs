//! What is printed.

use std::error::Error;
use std::io::{self, Write};

use punctual_benches::rounds::{Figure, median};
use punctual_benches::vectors::Vector;
use serde::Serialize;

use super::Row;

pub(super) fn patterns(out: &mut impl Write, rows: &[Row<'_>]) -> io::Result<()> {
    writeln!(
        out,
        "nanoseconds per next; `asked`, `iterated`: the way in which the other crate is faster"
    )?;
    writeln!(
        out,
        "{:<12} {:<17} {:>8} {:>17} {:>17} {:>8} {:>8}",
        "pattern", "zone", "punctual", "cron", "croner", "x cron", "x croner"
    )?;
    for row in rows {
        let (cron, by_cron) = row.cron.as_ref().map_or_else(
            || ("-".to_owned(), "-".to_owned()),
            |ways| {
                (
                    way(ways.best()),
                    format!("{:.1}", ways.best().1 / row.ours.median()),
                )
            },
        );
        let croner = row.croner.best();
        writeln!(
            out,
            "{:<12} {:<17} {:>8.1} {cron:>17} {:>17} {by_cron:>8} {:>8.1}",
            row.case.pattern.crontab,
            row.case.zone.name(),
            row.ours.median(),
            way(croner),
            croner.1 / row.ours.median(),
        )?;
    }
    Ok(())
}

fn way((name, ns): (&str, f64)) -> String {
    format!("{ns:.1} {name}")
}

pub(super) fn vectors<'v>(
    out: &mut impl Write,
    measured: impl Iterator<Item = (&'v Vector, &'v Figure<'v>)>,
) -> Result<(), Box<dyn Error>> {
    for (vector, figure) in measured {
        let trigger = serde_json::to_string(&vector.trigger)?;
        writeln!(out, "{} {:>8.1} {trigger}", vector.id, figure.median())?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Summary {
    median_ns: f64,
    worst_ns: f64,
    min_ratio_cron: f64,
    min_ratio_croner: f64,
    bytes: u64,
    allocations: u64,
}

pub(super) fn summary(
    out: &mut impl Write,
    rows: &[Row<'_>],
    singles: &[Figure<'_>],
    bytes: u64,
    allocations: u64,
) -> Result<(), Box<dyn Error>> {
    let all: Vec<f64> = rows
        .iter()
        .map(|row| &row.ours)
        .chain(singles)
        .map(Figure::median)
        .collect();
    let by_cron = rows
        .iter()
        .filter_map(|row| Some(row.cron.as_ref()?.best().1 / row.ours.median()));
    let by_croner = rows
        .iter()
        .map(|row| row.croner.best().1 / row.ours.median());
    let summary = Summary {
        median_ns: tenths(median(&all)),
        worst_ns: tenths(all.iter().copied().fold(0.0, f64::max)),
        min_ratio_cron: tenths(by_cron.fold(f64::INFINITY, f64::min)),
        min_ratio_croner: tenths(by_croner.fold(f64::INFINITY, f64::min)),
        bytes,
        allocations,
    };
    writeln!(out, "{}", serde_json::to_string(&summary)?)?;
    Ok(())
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
