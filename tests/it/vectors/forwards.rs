//! Every binding vector, iterated as the vectors' own page says.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use punctual_core::Trigger;

use super::deviations::{DEVIATIONS, PENDING};
use super::file::{BINDING, Vector, binding};
use crate::property::family::say;

#[derive(Default)]
struct Tally {
    binding: usize,
    passed: usize,
    pending: usize,
    deviating: Vec<String>,
    wrong: Vec<String>,
}

#[test]
fn every_binding_vector_is_answered() {
    let mut tally = Tally::default();
    for file in BINDING {
        let before = (tally.binding, tally.passed);
        binding(file)
            .iter()
            .for_each(|vector| tally.add(file, vector));
        let (all, passed) = (tally.binding - before.0, tally.passed - before.1);
        say(format_args!(
            "vectors: {file}: {all} binding, {passed} passed"
        ));
    }
    say(format_args!(
        "vectors: {} binding, {} passed, {} pending, {} deviations",
        tally.binding,
        tally.passed,
        tally.pending,
        tally.deviating.len()
    ));
    assert!(
        tally.binding > 2_000,
        "only {} binding vectors were found",
        tally.binding
    );
    assert!(
        tally.wrong.is_empty(),
        "{} wrong:\n{}",
        tally.wrong.len(),
        tally.wrong.join("\n")
    );
}

#[test]
fn every_deviation_is_real_and_explained() {
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/design");
    let mut tally = Tally::default();
    for file in BINDING {
        binding(file)
            .iter()
            .for_each(|vector| tally.add(file, vector));
    }
    for (id, note) in DEVIATIONS {
        assert!(notes.join(note).is_file(), "{id}: no design note {note}");
        assert!(
            tally.deviating.iter().any(|found| found == id),
            "{id} does not deviate"
        );
    }
}

impl Tally {
    fn add(&mut self, file: &str, vector: &Vector) {
        self.binding += 1;
        let deviates = DEVIATIONS.iter().any(|(id, _)| *id == vector.id);
        if PENDING
            .iter()
            .any(|pending| vector.line.contains(&format!("\"type\":\"{pending}\"")))
        {
            self.pending += 1;
            return;
        }
        match answer(vector) {
            Ok(()) => self.passed += 1,
            Err(_) if deviates => self.deviating.push(vector.id.clone()),
            Err(wrong) => self
                .wrong
                .push(format!("{file} {} {}\n  {wrong}", vector.id, vector.line)),
        }
    }
}

fn answer(vector: &Vector) -> Result<(), String> {
    let trigger: Trigger =
        serde_json::from_value(vector.trigger.clone()).map_err(|error| format!("{error}"))?;
    let (mut previous, mut now) = (
        vector.previous.as_deref().map(instant),
        instant(&vector.now),
    );
    let mut found = Vec::new();
    while found.len() < vector.count {
        let Some(next) = trigger.next(previous, now) else {
            break;
        };
        found.push(written(next));
        (previous, now) = (Some(next), next);
    }
    if found != vector.expect {
        return Err(format!("got {found:?}"));
    }
    match vector
        .exhausted
        .then(|| trigger.next(previous, now))
        .flatten()
    {
        Some(more) => Err(format!("goes on with {}", written(more))),
        None => Ok(()),
    }
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    let parsed = DateTime::parse_from_rfc3339(text);
    parsed
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_utc()
}

pub(crate) fn written(at: DateTime<Utc>) -> String {
    let whole = at.timestamp_subsec_micros() == 0;
    at.to_rfc3339_opts(
        if whole {
            SecondsFormat::Secs
        } else {
            SecondsFormat::Micros
        },
        true,
    )
}
