//! Whether the scheduler task holds what it needs, and nothing else. Tests ask; no program does.
//!
//! What may be wrong for a moment, as a read is on its way, is told like all else. Who asks looks
//! twice, or when nothing is on its way.
//!
//! Not judged: the tasks and executors of parked jobs, whose names are kept so that each is told of
//! once in the log. A program and its store have few of them.

mod alarms;
mod attempts;
mod jobs;
mod outbox;
mod reads;
mod waits;

use std::collections::BTreeMap;

use super::Driver;
use crate::jobs::JobKey;
use crate::partition::{Partition, Phase};
use crate::testing::{Held, HeldOfStore};

/// Notes what is wrong.
type Wrong = Vec<String>;

/// What is under way of one job, by its incarnation.
#[derive(Debug, Default, Clone, Copy)]
struct UnderWay {
    instances: u32,
    permits: usize,
}

impl Driver {
    /// What is held and wrong. `latest` is the latest that the clock has ever shown, in
    /// microseconds: alarms from before it was set back are further ahead than others.
    pub(super) fn held(&self, latest: i64) -> Held {
        let mut wrong = Wrong::new();
        self.check_lists(&mut wrong);
        self.check_attempts(&mut wrong);
        self.check_alarms(latest, &mut wrong);
        for partition in self.partitions.values() {
            self.check_store(partition, &mut wrong);
        }
        Held {
            wrong,
            stores: self.partitions.values().map(told).collect(),
        }
    }

    /// What is handed from one step of a turn to the next is empty when another begins.
    fn check_lists(&self, wrong: &mut Wrong) {
        for (what, count) in [
            ("commands", self.inbox.len()),
            ("reports", self.reports.len()),
            ("due alarms", self.due.len()),
            ("settled jobs", self.settled.len()),
        ] {
            if count > 0 {
                wrong.push(format!("{count} {what} are left of a turn"));
            }
        }
    }

    fn check_store(&self, partition: &Partition, wrong: &mut Wrong) {
        let mut own = Wrong::new();
        self.check_jobs(partition, &mut own);
        self.check_outbox(partition, &mut own);
        self.check_waits(partition, &mut own);
        self.check_reads(partition, &mut own);
        let alias = &partition.alias;
        wrong.extend(own.into_iter().map(|what| format!("store {alias}: {what}")));
    }

    /// What is under way of a store's jobs.
    fn under_way(&self, store: u32) -> BTreeMap<u64, UnderWay> {
        let mut under_way: BTreeMap<u64, UnderWay> = BTreeMap::new();
        for (_, active) in self.active.all().filter(|(_, own)| own.key.store == store) {
            let its = under_way.entry(active.key.incarnation).or_default();
            its.instances += 1;
            its.permits += usize::from(active.has_permit());
        }
        under_way
    }
}

/// What only the rows of a store can judge.
fn told(partition: &Partition) -> HeldOfStore {
    let seen_to = |(key, phase): (JobKey, Phase)| (phase != Phase::Idle).then_some(key.incarnation);
    let waits = partition.waits.iter();
    HeldOfStore {
        alias: partition.alias.to_string(),
        sees_to: partition
            .jobs
            .iter()
            .filter_map(|(key, entry)| seen_to((key, entry.phase)))
            .collect(),
        known: partition
            .jobs
            .iter()
            .map(|(key, _)| key.incarnation)
            .collect(),
        parked: partition.parked.clone(),
        waits: waits
            .map(|(birth, waits)| {
                let asked = waits.is_asked.then_some(i64::MIN);
                (*birth, asked.or(waits.times.first().copied()))
            })
            .collect(),
        beyond: partition.window.beyond,
        is_reading: partition.window.is_asked,
        is_alone: partition.share.is_alone(),
    }
}
