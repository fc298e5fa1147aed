//! The jobs that are known here, and why.

use std::collections::BTreeMap;

use super::super::window::start_of;
use super::super::{Alarm, Driver};
use super::{UnderWay, Wrong};
use crate::jobs::JobKey;
use crate::partition::{Entry, Partition, Phase};

/// What is listed of the jobs of a store, by incarnation.
#[derive(Default)]
struct Listed {
    due: BTreeMap<u64, usize>,
    /// Claims that wait to be sent.
    waiting: BTreeMap<u64, usize>,
    /// Claims that are on their way.
    sent: BTreeMap<u64, usize>,
    under_way: BTreeMap<u64, UnderWay>,
}

impl Driver {
    pub(super) fn check_jobs(&self, partition: &Partition, wrong: &mut Wrong) {
        if !partition.jobs.is_consistent() {
            wrong.push("the index of the jobs is wrong".to_owned());
        }
        let outbox = &partition.outbox;
        let listed = Listed {
            due: counted(partition.due.iter().copied()),
            waiting: counted(outbox.claims.iter().filter_map(|(key, _)| *key)),
            sent: counted(outbox.asked.iter().filter_map(|key| *key)),
            under_way: self.under_way(partition.id),
        };
        for (key, entry) in partition.jobs.iter() {
            let its = self.odd_entry(partition, key, entry, &listed).into_iter();
            let id = entry.stored.job.id();
            let phase = entry.phase;
            wrong.extend(its.map(|what| format!("{id}, {phase:?}: {what}")));
        }
        check_due(partition, &listed, wrong);
    }

    fn odd_entry(
        &self,
        partition: &Partition,
        key: JobKey,
        entry: &Entry,
        listed: &Listed,
    ) -> Vec<&'static str> {
        let is_idle = entry.is_idle() && !partition.is_leaving;
        let kept = [(is_idle, "it is kept for nothing")];
        let told = kept
            .into_iter()
            .chain(self.odd_phase(key, entry))
            .chain(odd_counts(key, entry, listed));
        let odd = told.filter(|(is_odd, _)| *is_odd);
        odd.map(|(_, what)| what).collect()
    }

    /// What of an entry does not go with its phase.
    fn odd_phase(&self, key: JobKey, entry: &Entry) -> [Oddity; 6] {
        let revision = entry.stored.state.revision;
        let alarm = Alarm::Job { key, revision };
        let is_armed = || {
            let start = start_of(&entry.stored);
            start.is_some_and(|start| self.is_armed(alarm, start))
        };
        let waits_for_claim = matches!(entry.phase, Phase::Due | Phase::Claiming);
        [
            (
                entry.phase == Phase::Armed && !is_armed(),
                "it has no alarm",
            ),
            (
                entry.phase == Phase::Armed && entry.code.is_none(),
                "it is armed, and this node cannot run it",
            ),
            (
                entry.phase == Phase::Due && !entry.is_listed,
                "it is not among those that are due",
            ),
            (
                entry.newer.is_some() && !waits_for_claim,
                "it keeps an edit for a claim that is not on its way",
            ),
            (
                entry.limit_seen.is_some() && entry.phase != Phase::Due && entry.asked == 0,
                "it remembers a limit for a claim that is not made",
            ),
            (
                entry.is_urgent && !matches!(entry.phase, Phase::Armed | Phase::Due),
                "it hurries for nothing",
            ),
        ]
    }
}

/// Whether something is wrong, and what.
type Oddity = (bool, &'static str);

/// What an entry counts otherwise than it is.
fn odd_counts(key: JobKey, entry: &Entry, listed: &Listed) -> [Oddity; 6] {
    let of = |counts: &BTreeMap<u64, usize>| {
        let count = counts.get(&key.incarnation);
        count.copied().unwrap_or_default()
    };
    let under_way = listed.under_way.get(&key.incarnation);
    let under_way = under_way.copied().unwrap_or_default();
    let is_claimed = usize::from(entry.phase == Phase::Claiming);
    let (waiting, sent) = (of(&listed.waiting), of(&listed.sent));
    [
        (
            of(&listed.due) != usize::from(entry.is_listed),
            "it has lost its place among those that are due, or has two",
        ),
        (sent < is_claimed, "no claim of it is on its way"),
        (
            waiting + sent - is_claimed.min(sent) != entry.asked as usize,
            "it counts other runs by hand than are asked for",
        ),
        (
            entry.instances != under_way.instances,
            "it counts other instances than are under way",
        ),
        (
            entry.gate.is_some() && entry.instances == 0,
            "its gate is kept for nothing",
        ),
        (
            entry.permits_taken().unwrap_or(under_way.permits) != under_way.permits,
            "its gate has given out other permits than are held",
        ),
    ]
}

fn check_due(partition: &Partition, listed: &Listed, wrong: &mut Wrong) {
    // A job that an edit has put off keeps its place until it is its turn: one place each.
    let is_known = |key: &JobKey| partition.jobs.get(*key).is_some();
    let gone = partition.due.iter().filter(|key| !is_known(key)).count();
    if gone > 0 {
        wrong.push(format!("{gone} jobs are listed as due and forgotten"));
    }
    let known: Vec<u64> = partition
        .jobs
        .iter()
        .map(|(key, _)| key.incarnation)
        .collect();
    let lost = listed.under_way.keys().filter(|own| !known.contains(own));
    wrong.extend(lost.map(|own| format!("incarnation {own} is under way and unknown")));
}

fn counted(keys: impl Iterator<Item = JobKey>) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key.incarnation).or_default() += 1;
    }
    counts
}
