//! A scheduler, its jobs, and what the test knows about them without asking the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{RunId, Trigger};
use punctual_tokio::{Executor, JobSnapshot, LedgerLimits, MemoryStore, Scheduler};

use super::bodies::work;
use super::dice::Dice;
use super::world::World;

/// Enough for every entry of a life.
const LEDGER: LedgerLimits = LedgerLimits {
    total: 10_000_000,
    per_job: 10_000_000,
};

pub(super) struct Life {
    pub(super) dice: Dice,
    pub(super) world: World,
    pub(super) store: MemoryStore,
    pub(super) scheduler: Scheduler,
    /// All jobs there ever were.
    pub(super) jobs: BTreeMap<String, Known>,
    pub(super) turns: u64,
}

/// What is known of a job.
#[derive(Default)]
pub(super) struct Known {
    /// Stretches of fire times, one for each incarnation, the oldest first.
    pub(super) stretches: Vec<Stretch>,
    /// Runs by hand that were begun, and requests that were refused.
    pub(super) by_hand: Vec<RunId>,
    pub(super) refused: u64,
    /// It was removed by the test.
    pub(super) is_removed: bool,
    /// Its attempts may have been admitted long before they begin, under a limit of then.
    pub(super) has_waited: bool,
}

/// Whether a stretch goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Its job is there, or has left by itself.
    Open,
    /// Before this fire time, which was not decided; nowhere, if none was left.
    Before(Option<DateTime<Utc>>),
}

/// Fire times that follow each other by the rule of one trigger.
pub(super) struct Stretch {
    pub(super) incarnation: u64,
    pub(super) trigger: Trigger,
    pub(super) first: DateTime<Utc>,
    pub(super) end: End,
}

impl Life {
    pub(super) async fn begin(seed: u64) -> Self {
        // Over the change of the clocks in Europe and Lord Howe.
        let world = World::new(seed, "2026-03-20T00:00:00Z".parse().unwrap());
        let store = MemoryStore::with_ledger(LEDGER);
        let scheduler = Scheduler::builder()
            .clock(world.clock.clone())
            .store("default", store.clone())
            .state(world.clone())
            .task("work", work)
            .executor("extra", Executor::tokio().at_most(2))
            .build()
            .unwrap();
        scheduler.start().await.unwrap();
        Self {
            dice: Dice::new(seed),
            world,
            store,
            scheduler,
            jobs: BTreeMap::new(),
            turns: 0,
        }
    }

    /// Lets everything happen that can happen now.
    pub(super) async fn settle(&self) {
        yields(150).await;
    }

    /// Lets time pass as it does: in steps, and never past the end of a run.
    pub(super) async fn live(&mut self, span: Duration) {
        let end = self.world.elapsed() + span;
        while self.world.elapsed() < end {
            let step = Duration::from_secs(self.dice.range(1, 90));
            let left = end - self.world.elapsed();
            let sleeper = self.world.next_sleeper().unwrap_or(left);
            // At least a little, so that it ends.
            let step = step.min(left).min(sleeper).max(Duration::from_millis(1));
            self.world.pass(step);
            yields(24).await;
        }
    }

    pub(super) async fn snapshot(&self, id: &str) -> Option<JobSnapshot> {
        self.scheduler.get_job(id).await.unwrap()
    }

    /// Compares a job with how it stood before an edit: whether its fire times began anew.
    pub(super) async fn note_edit(&mut self, id: &str, before: Option<JobSnapshot>) {
        let after = self.snapshot(id).await;
        let known = self.jobs.entry(id.to_owned()).or_default();
        let incarnation = |job: &Option<JobSnapshot>| job.as_ref().map(|job| job.state.incarnation);
        if incarnation(&before) != incarnation(&after) {
            if let (Some(stretch), Some(before)) = (known.stretches.last_mut(), &before) {
                stretch.end = End::Before(before.state.next_run_time);
            }
            known.stretches.extend(after.as_ref().map(stretch_of));
        }
        if let Some(job) = after {
            let limit = job.job.policies().max_instances.limit();
            let is_lowered = limit.is_some_and(|limit| job.state.running > limit);
            known.has_waited |= is_lowered || job.job.executor() == "extra";
            let limit = limit.filter(|_| !known.has_waited);
            self.world.set_limit(id, limit);
        }
    }
}

fn stretch_of(job: &JobSnapshot) -> Stretch {
    let first = job.state.next_run_time.unwrap();
    Stretch {
        incarnation: job.state.incarnation,
        trigger: job
            .job
            .trigger()
            .anchored(job.state.anchor.unwrap_or(first)),
        first,
        end: End::Open,
    }
}

/// Every task that is awake has so many turns.
pub(super) async fn yields(count: u32) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}
