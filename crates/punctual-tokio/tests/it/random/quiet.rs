//! What is true whenever all that was due has been seen to.

use std::collections::BTreeSet;

use punctual_core::RunState;
use punctual_store::{DueRequest, JobStore, StoredJob, WaitingJob};
use punctual_tokio::testing::{Held, HeldOfStore, held};
use punctual_tokio::{JobSnapshot, JobStatus};

use super::counts::{miscounted, unlike};
use super::held::is_forgotten;
use super::life::{Life, row_of};

impl Life {
    /// Compares the rows, their open runs and the memory of the scheduler.
    pub(super) async fn look(&self) {
        let open = self.scheduler.runs().open().await.unwrap();
        let jobs = self.scheduler.get_jobs().await.unwrap();
        let running = self.scheduler.running().await.unwrap();
        let rows = jobs.iter().map(|job| (job.id(), *job.state()));
        let mut wrong = miscounted(rows, &open);
        let stored = open.iter().filter(|run| run.state == RunState::Running);
        let stored = stored.map(|run| run.id).collect();
        wrong.extend(unlike(&stored, running.iter().map(|own| own.run).collect()));
        let overdue = jobs.iter().filter(|job| self.is_overdue(job));
        wrong.extend(overdue.map(|job| format!("{} is overdue: {:?}", job.id(), job.state())));
        wrong.extend(self.forgotten().await);
        let (held, rows) = (self.held().await, self.rows().await);
        wrong.extend(held.stores.iter().flat_map(|store| unneeded(store, &rows)));
        let seed = self.world.seed();
        assert!(wrong.is_empty(), "PUNCTUAL_SEED={seed}: {wrong:#?}");
        self.look_into_memory(|_| true).await;
    }

    /// Looks at all that the scheduler task holds, while some jobs cannot run. A parked job that
    /// is removed is forgotten with the next reading of the store, which reads all that are near.
    pub(super) async fn look_into_memory(&self, can_run: impl Fn(&StoredJob) -> bool) {
        let now = self.world.clock.now();
        let held = self.held().await;
        let mut wrong = held.wrong;
        for row in self.rows().await.iter().filter(|row| can_run(row)) {
            if held
                .stores
                .iter()
                .any(|store| is_forgotten(store, row, now))
            {
                let next = row.state.next_run_time;
                wrong.push(format!(
                    "{} is forgotten, though due at {next:?}",
                    row.job.id()
                ));
            }
        }
        let seed = self.world.seed();
        assert!(wrong.is_empty(), "PUNCTUAL_SEED={seed}: {wrong:#?}");
    }

    async fn held(&self) -> Held {
        held(&self.scheduler, self.world.latest()).await.unwrap()
    }

    async fn rows(&self) -> Vec<StoredJob> {
        let jobs = self.scheduler.get_jobs().await.unwrap();
        jobs.into_iter().map(row_of).collect()
    }

    /// Jobs whose waiting runs may start, now or later, and that nobody will ask for then.
    async fn forgotten(&self) -> Vec<String> {
        let now = self.world.clock.now();
        let held = self.held().await;
        let due = self.store.due(DueRequest::through(now, 1)).await.unwrap();
        let is_forgotten = |job: &WaitingJob| {
            let due = job.due.max(now).timestamp_micros();
            let mut known = held
                .stores
                .iter()
                .filter_map(|own| own.waits.get(&job.birth));
            !known.any(|at| at.is_some_and(|at| at <= due))
        };
        let lost = due.waiting.iter().filter(|job| is_forgotten(job));
        lost.map(|job| {
            format!(
                "nobody will ask for what waits of {} at {}",
                job.id, job.due
            )
        })
        .collect()
    }

    fn is_overdue(&self, job: &JobSnapshot) -> bool {
        let due = job.state().next_run_time;
        let jitter = job.policies().jitter().unwrap_or_default();
        let is_due = due.is_some_and(|due| due + jitter < self.world.clock.now());
        is_due && job.status() == JobStatus::Scheduled
    }
}

/// Jobs that cannot run here and have no row any more.
fn unneeded(held: &HeldOfStore, rows: &[StoredJob]) -> Vec<String> {
    let there: BTreeSet<u64> = rows.iter().map(|row| row.state.incarnation).collect();
    let gone = held.parked.difference(&there);
    gone.map(|own| format!("incarnation {own} is gone and held for parked"))
        .collect()
}
