//! When something went wrong, and for how long that may make itself felt.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_store::checker::Period;

use super::line::Condition;
use super::node::Node;
use super::simulation::STEP;

/// Nodes notice within 12 seconds that one is dead, settle its runs, and hand them out with their
/// next renewals; a store that was away is asked again after 10.
pub(crate) const AFTERMATH: TimeDelta = TimeDelta::seconds(25);

#[derive(Default)]
pub(crate) struct Trouble {
    /// Since when there has been one fault after another, and when there was one last.
    current: Option<(DateTime<Utc>, DateTime<Utc>)>,
    past: Vec<Period>,
    /// How long nothing was wrong.
    quiet: TimeDelta,
    noted: Option<DateTime<Utc>>,
}

impl Trouble {
    /// Something went wrong just now.
    pub(crate) fn strikes(&mut self, now: DateTime<Utc>) {
        let (_, last) = self.current.get_or_insert((now - STEP, now));
        *last = now;
    }

    pub(crate) fn note(&mut self, nodes: &[Node], now: DateTime<Utc>) {
        if !nodes.iter().all(is_well) {
            self.strikes(now);
        }
        let over = self.current.filter(|(_, last)| now - *last > AFTERMATH);
        if let Some((from, last)) = over {
            self.past.push(Period::new(from, last + AFTERMATH));
            self.current = None;
        }
        if self.is_quiet() {
            self.quiet += now - self.noted.unwrap_or(now);
        }
        self.noted = Some(now);
    }

    /// Whether nothing has been wrong for a while.
    pub(crate) fn is_quiet(&self) -> bool {
        self.current.is_none()
    }

    /// How long that was all in all.
    pub(crate) fn quiet(&self) -> TimeDelta {
        self.quiet
    }

    /// All times in which things may have been late for a fault.
    pub(crate) fn all(&self) -> impl Iterator<Item = Period> {
        let current = self
            .current
            .map(|(from, last)| Period::new(from, last + AFTERMATH));
        self.past.iter().copied().chain(current)
    }
}

fn is_well(node: &Node) -> bool {
    let is_good = |condition| condition == Condition::Good;
    let process = node.process.as_ref();
    node.is_up() && process.is_some_and(|process| is_good(process.line.condition()))
}
