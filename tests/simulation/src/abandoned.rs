//! Open runs whose process has died: no run is left alone for long while somebody is there who
//! could settle it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Run, RunId};

use super::database::Database;
use super::node::Node;
use super::place::Place;
use super::presence::Presence;

/// Twice what it takes to notice, with all that a bad line adds.
const ALONE: TimeDelta = TimeDelta::seconds(60);

/// How often somebody looks.
const LOOK: TimeDelta = TimeDelta::seconds(5);

#[derive(Default)]
pub(crate) struct Abandoned {
    /// Since when a run has waited for somebody who knows this task.
    since: BTreeMap<RunId, (Option<String>, DateTime<Utc>)>,
    next_look: DateTime<Utc>,
    told: BTreeSet<RunId>,
    wrong: Vec<String>,
}

impl Abandoned {
    pub(crate) fn note(
        &mut self,
        database: &Database,
        nodes: &[Node],
        presence: &Presence,
        now: DateTime<Utc>,
    ) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + LOOK;
        let living = nodes.iter().filter_map(|node| node.process.as_ref());
        let living: Vec<Place> = living.map(|process| process.at).collect();
        let before = std::mem::take(&mut self.since);
        for run in database.abandoned(&living) {
            let row = database.get(&run.job).unwrap();
            let task = row.map(|row| row.job.task().to_string());
            let known = before.get(&run.id).filter(|(of, _)| *of == task);
            let since = known.map_or(now, |(_, since)| *since);
            self.since.insert(run.id, (task.clone(), since));
            let present = presence.since(task.as_deref());
            let alone = present.map(|present| now - present.max(since));
            if alone.is_some_and(|alone| alone > ALONE) {
                self.tell(&run);
            }
        }
    }

    fn tell(&mut self, run: &Run) {
        if self.told.insert(run.id) {
            let (job, fire_time, id) = (&run.job, run.fire_time(), run.id);
            self.wrong.push(format!(
                "{job} at {fire_time}: run {id} is open since its process died, and nobody settles it"
            ));
        }
    }

    /// What was found.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> {
        self.wrong.iter().cloned()
    }
}
