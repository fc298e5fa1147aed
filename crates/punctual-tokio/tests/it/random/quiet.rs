//! What is true whenever all that was due has been seen to.

use punctual_core::RunState;
use punctual_store::RunFilter;
use punctual_tokio::{JobFilter, JobSnapshot, JobStatus};

use super::counts::{miscounted, unlike};
use super::life::Life;

impl Life {
    /// Compares the rows, their open runs and the memory of the scheduler.
    pub(super) async fn look(&self) {
        let filter = RunFilter {
            open: true,
            ..RunFilter::default()
        };
        let open = self.scheduler.runs(filter).await.unwrap();
        let jobs = self.scheduler.get_jobs(JobFilter::default()).await.unwrap();
        let running = self.scheduler.running().await.unwrap();
        let rows = jobs.iter().map(|job| (job.job.id(), job.state));
        let mut wrong = miscounted(rows, &open);
        let stored = open.iter().filter(|run| run.state == RunState::Running);
        let stored = stored.map(|run| run.id).collect();
        wrong.extend(unlike(&stored, running.iter().map(|own| own.run).collect()));
        let overdue = jobs.iter().filter(|job| self.is_overdue(job));
        wrong.extend(overdue.map(|job| format!("{} is overdue: {:?}", job.job.id(), job.state)));
        let seed = self.world.seed();
        assert!(wrong.is_empty(), "PUNCTUAL_SEED={seed}: {wrong:#?}");
    }

    fn is_overdue(&self, job: &JobSnapshot) -> bool {
        let due = job.state.next_run_time;
        let jitter = job.job.policies().jitter.longest().unwrap_or_default();
        let is_due = due.is_some_and(|due| due + jitter < self.world.clock.now());
        is_due && job.status() == JobStatus::Scheduled
    }
}
