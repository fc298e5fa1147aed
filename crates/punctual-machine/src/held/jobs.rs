//! Checks the jobs that are known on this node, and the reasons for which they are.

use std::collections::BTreeMap;

use super::{Alarms, UnderWay, Wrong};
use crate::alarm::Alarm;
use crate::entry::{Entry, Phase};
use crate::key::JobKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::store::StoreState;
use crate::window::start_of;

/// The entries of lists for the jobs of a store, counted by incarnation.
#[derive(Default)]
struct Listed {
    due: BTreeMap<u64, usize>,
    /// Claims that wait to be sent.
    waiting: BTreeMap<u64, usize>,
    /// Claims that are on their way.
    sent: BTreeMap<u64, usize>,
    under_way: BTreeMap<u64, UnderWay>,
}

impl<N: Node> Machine<N> {
    pub(crate) fn check_jobs(&self, state: &StoreState<N>, alarms: &Alarms, wrong: &mut Wrong) {
        if !state.jobs.is_consistent() {
            wrong.push("the index of the jobs is wrong".to_owned());
        }
        let outbox = &state.outbox;
        let listed = Listed {
            due: counted(state.due.iter().copied()),
            waiting: counted(outbox.claims.iter().filter_map(|(key, _)| *key)),
            sent: counted(outbox.asked.iter().filter_map(|key| *key)),
            under_way: self.under_way_of(state.id),
        };
        for (key, entry) in state.jobs.iter() {
            let is_used = entry.instances > 0 || entry.asked > 0 || entry.is_listed;
            let is_idle = entry.phase == Phase::Idle && !is_used && !state.is_leaving;
            let kept = [(is_idle, "it is kept for nothing")].into_iter();
            let told = kept.chain(odd_phase(key, entry, alarms));
            let told = told.chain(odd_counts(key, entry, &listed));
            let its = told.filter(|(is_odd, _)| *is_odd).map(|(_, what)| what);
            let id = entry.stored.job.id();
            let phase = entry.phase;
            wrong.extend(its.map(|what| format!("{id}, {phase:?}: {what}")));
        }
        check_due(state, &listed, wrong);
    }
}

/// Returns the parts of an entry that do not fit its phase.
fn odd_phase<N: Node>(key: JobKey, entry: &Entry<N>, alarms: &Alarms) -> [Oddity; 6] {
    let revision = entry.stored.state.revision;
    let alarm = Alarm::Job { key, revision };
    let is_armed = || {
        let start = start_of(&entry.stored);
        start.is_some_and(|start| alarms.is_armed(start, alarm))
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

/// A fault, if the first part is true, and its description.
type Oddity = (bool, &'static str);

/// Returns the counts of an entry that are wrong.
fn odd_counts<N: Node>(key: JobKey, entry: &Entry<N>, listed: &Listed) -> [Oddity; 4] {
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
    ]
}

fn check_due<N: Node>(state: &StoreState<N>, listed: &Listed, wrong: &mut Wrong) {
    // A job that an edit has postponed keeps its one place until its turn comes.
    let is_known = |key: &JobKey| state.jobs.get(*key).is_some();
    let gone = state.due.iter().filter(|key| !is_known(key)).count();
    if gone > 0 {
        wrong.push(format!("{gone} jobs are listed as due and forgotten"));
    }
    let known: Vec<u64> = state.jobs.iter().map(|(key, _)| key.incarnation).collect();
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
