//! A scheduler, its jobs, and what the test knows about them without asking the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::RunId;
use punctual_store::StoredJob;
use punctual_store::checker::{Between, History, Period, Target};
use punctual_tokio::{Executor, JobSnapshot, LedgerLimits, MemoryStore, Scheduler};

use super::bodies::work;
use super::dice::Dice;
use super::world::World;

/// Enough for every entry of a life.
const LEDGER: LedgerLimits = LedgerLimits::new(10_000_000, 10_000_000);

pub(super) struct Life {
    pub(super) dice: Dice,
    pub(super) world: World,
    pub(super) store: MemoryStore,
    pub(super) scheduler: Scheduler,
    /// All jobs there ever were.
    pub(super) jobs: BTreeMap<String, Known>,
    /// When the scheduler was paused.
    pub(super) rests: Vec<Period>,
    /// What was asked to be cancelled.
    pub(super) cancels: Vec<(Target, Between)>,
    /// When the scheduler was shut down.
    pub(super) shutdowns: Vec<Period>,
    /// When its second executor was away.
    pub(super) without_extra: Vec<Period>,
    pub(super) turns: u64,
}

/// What is known of a job.
#[derive(Default)]
pub(super) struct Known {
    /// Its rows before and after each edit, and the last one that was seen.
    pub(super) history: Option<(History, StoredJob)>,
    /// Runs by hand that were begun, and requests that were refused.
    pub(super) by_hand: Vec<RunId>,
    pub(super) refused: u64,
    /// It was removed by the test.
    pub(super) is_removed: bool,
    /// It ran on the second executor at some time.
    pub(super) is_extra: bool,
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
            rests: Vec::new(),
            cancels: Vec::new(),
            shutdowns: Vec::new(),
            without_extra: Vec::new(),
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

    /// Writes down what an edit has made of a job.
    pub(super) async fn note_edit(&mut self, id: &str, before: Option<JobSnapshot>) {
        let now = self.world.clock.now();
        let Some(after) = self.snapshot(id).await.map(row_of) else {
            // It has left by itself.
            return;
        };
        let known = self.jobs.entry(id.to_owned()).or_default();
        known.is_extra |= after.job.executor() == "extra";
        let history = match (known.history.take(), before.map(row_of)) {
            (Some((history, _)), Some(before)) => history.edited(&before, &after, now),
            _ => History::of(&after, now),
        };
        known.history = Some((history, after));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps what is read")]
pub(super) fn row_of(job: JobSnapshot) -> StoredJob {
    StoredJob::new(Arc::clone(job.job()), *job.state())
}

/// Every task that is awake has so many turns.
pub(super) async fn yields(count: u32) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}
