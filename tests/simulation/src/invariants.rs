//! What is true whenever nothing has been wrong for a while, and what is true always.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Run, RunId, RunState};
use punctual_store::StoredJob;

use super::counts::{miscounted, unlike};
use super::held::is_forgotten;
use super::judge::PATIENCE;
use super::node::Process;
use super::simulation::{STEP, Simulation};

/// How often all is looked at. What is on its way at one look has arrived at the next.
const LOOK: TimeDelta = TimeDelta::seconds(5);

/// The longest jitter of a job.
const JITTER: TimeDelta = TimeDelta::seconds(2);

#[derive(Default)]
pub(crate) struct Invariants {
    next_look: DateTime<Utc>,
    looks: u64,
    /// What was odd at the last look, and may be on its way.
    odd: BTreeSet<String>,
    wrong: BTreeSet<String>,
}

impl Invariants {
    /// What was found.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> {
        self.wrong.iter().cloned()
    }

    pub(crate) fn looks(&self) -> u64 {
        self.looks
    }

    /// Finds wrong what was odd at the last look already.
    fn note(&mut self, odd: BTreeSet<String>) {
        let still = odd.intersection(&self.odd).cloned();
        self.wrong.extend(still);
        self.odd = odd;
    }
}

impl Simulation {
    /// Looks at the store always, and at what nodes know of it when nothing has been wrong for a
    /// while.
    pub(crate) fn look(&mut self) {
        let now = self.world.now();
        if now < self.invariants.next_look {
            return;
        }
        self.invariants.next_look = now + LOOK;
        let rows = self.database.rows();
        let open = self.database.open_runs_of_all();
        let counts = rows.iter().map(|row| (row.job.id(), row.state));
        self.invariants.wrong.extend(miscounted(counts, &open));
        if !self.trouble.is_quiet() {
            self.invariants.odd.clear();
            return;
        }
        self.invariants.looks += 1;
        let overdue = self.overdue(&rows, now);
        let unknown = self.unlike_memory(&open);
        let held = self.wrongly_held(&rows, now);
        let odd = overdue.into_iter().chain(unknown).chain(self.unlisted());
        let odd = odd.chain(held).collect();
        self.invariants.note(odd);
    }

    /// Rows that are due and that no node has seen to, though one knows their task.
    fn overdue(&self, rows: &[StoredJob], now: DateTime<Utc>) -> Vec<String> {
        let latest = now - PATIENCE - self.skew - STEP - JITTER;
        let is_overdue = |row: &&StoredJob| {
            let task: &str = row.job.task();
            let present = self.presence.since(Some(task));
            let due = row.state.next_run_time.filter(|_| !row.state.paused);
            due.zip(present)
                .is_some_and(|(due, present)| due.max(present) < latest)
        };
        let overdue = rows.iter().filter(is_overdue);
        overdue
            .map(|row| {
                let (id, due) = (row.job.id(), row.state.next_run_time);
                format!("{id}: no node sees to what is due at {due:?}")
            })
            .collect()
    }

    /// Runs that a node has and the store does not give it, and the other way round.
    fn unlike_memory(&self, open: &[Run]) -> Vec<String> {
        let mut all = Vec::new();
        for process in self.processes() {
            let Some(lease) = self.database.lease_of(process.at) else {
                continue;
            };
            let own = |run: &&Run| {
                run.state == RunState::Running && run.node.as_deref() == Some(&*lease.node)
            };
            let stored: BTreeSet<RunId> = open.iter().filter(own).map(|run| run.id).collect();
            let its = unlike(&stored, process.running());
            all.extend(its.iter().map(|unlike| format!("{} {unlike}", lease.node)));
        }
        all
    }

    /// What the tasks of the nodes hold and do not need, and rows that are due soon and that no
    /// node will see to.
    fn wrongly_held(&self, rows: &[StoredJob], now: DateTime<Utc>) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut all = Vec::new();
        for process in self.processes() {
            let held = process.held();
            // It may hold jobs for parked that are gone, until its next reading of the store.
            let its = held.wrong.into_iter();
            let node = process.at.node;
            wrong.extend(its.map(|what| format!("{node}: {what}")));
            all.extend(held.stores.into_iter().map(|own| (&process.tasks, own)));
        }
        let latest = now - self.skew;
        let sees_to = |row: &StoredJob| {
            let task: &str = row.job.task();
            let mut able = all
                .iter()
                .filter(|(tasks, _)| tasks.contains(&task))
                .peekable();
            able.peek().is_none() || able.any(|(_, held)| !is_forgotten(held, row, latest))
        };
        let lost = rows.iter().filter(|row| !sees_to(row));
        wrong.extend(lost.map(|row| {
            let (id, next) = (row.job.id(), row.state.next_run_time);
            format!("{id}: no node knows what is due at {next:?}")
        }));
        wrong
    }

    /// Nodes that are listed and not alive, or alive and not listed.
    fn unlisted(&self) -> Vec<String> {
        let living = self.processes().filter_map(|process| {
            let lease = self.database.lease_of(process.at)?;
            Some((lease.node.to_string(), lease.epoch))
        });
        let living: BTreeSet<_> = living.collect();
        let listed = self.database.nodes().unwrap().into_iter();
        let listed: BTreeSet<_> = listed
            .map(|peer| (peer.info.name.to_string(), peer.epoch))
            .collect();
        let differ = living.symmetric_difference(&listed);
        differ
            .map(|node| {
                let is = if listed.contains(node) {
                    "dead"
                } else {
                    "alive"
                };
                let (name, epoch) = node;
                format!("the list of nodes is wrong about {name}, epoch {epoch}: it is {is}")
            })
            .collect()
    }

    fn processes(&self) -> impl Iterator<Item = &Process> {
        self.nodes.iter().filter_map(|node| node.process.as_ref())
    }
}
