//! A store and what the upstream fixtures do with it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, JobState};
use punctual_store::{
    DueRequest, Insert, JobFilter, JobStore, MemoryStore, OnConflict, StoredJob, Update,
};

use crate::times::{berlin, trigger, utc};

/// A store and what the upstream fixtures do with it.
pub(super) struct StoreFixture(pub(super) Arc<dyn JobStore>);

impl StoreFixture {
    pub(super) fn new() -> Self {
        Self(Arc::new(MemoryStore::new()))
    }

    pub(super) async fn try_add(
        &self,
        id: &str,
        next: &str,
        is_paused: bool,
    ) -> Result<StoredJob, punctual_store::Error> {
        let job = Job::new(
            JobId::new(id).unwrap(),
            "dummy_job",
            trigger("cron(hour=3)"),
        );
        let mut state = JobState::default();
        state.next_run_time = Some(berlin(next));
        state.paused = is_paused;
        let insert =
            Insert::new(Arc::new(job), state, DateTime::UNIX_EPOCH).on_conflict(OnConflict::Refuse);
        self.0.add(vec![insert]).await.unwrap().remove(0)
    }

    pub(super) async fn add(&self, id: &str, next: &str) -> StoredJob {
        self.try_add(id, next, false).await.unwrap()
    }

    pub(super) async fn add_paused(&self, id: &str, next: &str) -> StoredJob {
        self.try_add(id, next, true).await.unwrap()
    }

    pub(super) async fn due(&self, through: &str) -> Vec<String> {
        let request = DueRequest::through(berlin(through), 100);
        let window = self.0.due(request).await.unwrap();
        window
            .jobs
            .iter()
            .map(|due| due.stored.job.id().to_string())
            .collect()
    }

    /// Everything that is due at any time: no paused job.
    pub(super) async fn scheduled(&self) -> Vec<String> {
        self.due("9999-01-01").await
    }

    pub(super) async fn all(&self) -> Vec<String> {
        let jobs = self.0.list(JobFilter::default()).await.unwrap().jobs;
        jobs.iter()
            .map(|stored| stored.job.id().to_string())
            .collect()
    }

    pub(super) async fn next_run_time(&self) -> Option<DateTime<Utc>> {
        let request = DueRequest::through(DateTime::<Utc>::MAX_UTC, 1);
        let window = self.0.due(request).await.unwrap();
        window
            .jobs
            .first()
            .and_then(|due| due.stored.state.next_run_time)
    }

    /// Moves a job to another time, or pauses it.
    pub(super) async fn update(&self, stored: &StoredJob, next: Option<&str>) {
        let mut state = stored.state;
        match next {
            Some(next) => state.next_run_time = Some(berlin(next)),
            None => state.paused = true,
        }
        self.0.update(update(stored, state)).await.unwrap();
    }
}

pub(super) fn update(stored: &StoredJob, state: JobState) -> Update {
    Update::new(Arc::clone(&stored.job), state, utc("2013-01-01"))
}

pub(super) fn id(text: &str) -> JobId {
    JobId::new(text).unwrap()
}
