//! The expected times, asked for from the other side: each is the last at its own instant, the
//! first after the microsecond before it, and all of them together are counted.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Count, Trigger};

use super::deviations::{DEVIATIONS, PENDING};
use super::file::{BINDING, Vector, binding};
use super::forwards::{instant, written};

#[test]
fn every_expectation_holds_backwards() {
    let (mut wrong, mut held) = (Vec::new(), 0);
    for file in BINDING {
        for vector in binding(file) {
            let skipped = DEVIATIONS.iter().any(|(id, _)| *id == vector.id)
                || PENDING.iter().any(|kind| vector.trigger["type"] == *kind);
            let times: Vec<_> = vector.expect.iter().map(|text| instant(text)).collect();
            if skipped || times.is_empty() {
                continue;
            }
            match backwards(&vector, &times) {
                Ok(checked) => held += usize::from(checked),
                Err(failure) => wrong.push(format!("{file} {}: {failure}", vector.line)),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(held > 2_000, "only {held} vectors could be asked backwards");
}

/// False where the vector begins beside the trigger's own grid.
fn backwards(vector: &Vector, times: &[DateTime<Utc>]) -> Result<bool, String> {
    let (first, last) = (times[0], times[times.len() - 1]);
    let trigger: Trigger =
        serde_json::from_value(vector.trigger.clone()).map_err(|error| error.to_string())?;
    let counted_from_previous = vector.previous.is_some()
        && (vector.trigger["type"] == "interval" || vector.trigger["type"] == "calendar_interval");
    if counted_from_previous {
        return Ok(false);
    }
    let trigger = trigger.anchored(first);
    for &time in times {
        let text = written(time);
        let newest = trigger.last_at_or_before(time);
        if newest != Some(time) {
            return Err(format!("last_at_or_before({text}) = {newest:?}"));
        }
        let next = trigger.after(time - TimeDelta::microseconds(1));
        if next != Some(time) {
            return Err(format!("after(1 us before {text}) = {next:?}"));
        }
    }
    let pairs = times.windows(2);
    for pair in pairs {
        let newest = trigger.last_at_or_before(pair[1] - TimeDelta::microseconds(1));
        if newest != Some(pair[0]) {
            return Err(format!("last before {} = {newest:?}", written(pair[1])));
        }
    }
    match trigger.count(first, last) {
        Count::Exact(count) if count == times.len() as u64 => Ok(true),
        count => Err(format!("count = {count:?}, {} are listed", times.len())),
    }
}
