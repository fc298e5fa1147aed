//! The store of the editor: it records every edit, with the rows before and after it.
//! It fails no call, so it is not a `FaultyStore`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use punctual_core::{JobId, OnLost, Run};
use punctual_sqlx::SqliteStore;
use punctual_store as store;
use punctual_store::checker::History;
use punctual_store::{Error, JobFilter, JobStore, StoreFuture, StoredJob};

use crate::unix::clock::now;

#[derive(Debug, Clone)]
pub(crate) struct RecordingStore {
    inner: SqliteStore,
    notes: Arc<Mutex<BTreeMap<JobId, Note>>>,
}

/// What is recorded of a job. No id is used twice.
#[derive(Debug, Clone)]
struct Note {
    history: History,
    last: StoredJob,
    was_removed: bool,
    /// Its runs wait for the death of a node to be noticed before they are run again.
    may_rerun: bool,
}

impl RecordingStore {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self {
            inner,
            notes: Arc::default(),
        }
    }

    /// The histories of all jobs there were.
    pub(crate) async fn histories(&self) -> Vec<History> {
        let rows = self.list(JobFilter::default()).await.unwrap().jobs;
        let notes = self.notes.lock().unwrap();
        let histories = notes.iter().map(|(id, note)| {
            let row = rows.iter().find(|row| row.job.id() == id);
            note.closed(row)
        });
        histories.collect()
    }

    fn note(&self, before: Option<&StoredJob>, after: &StoredJob, from: DateTime<Utc>) {
        let at = (from, now());
        let mut notes = self.notes.lock().unwrap();
        let known = notes.remove(after.job.id());
        let history = match (known.clone(), before) {
            (Some(note), Some(before)) => note.history.edited(before, after, at),
            _ => History::of(after, at),
        };
        let may_rerun = matches!(after.job.policies().on_lost, OnLost::Rerun { .. });
        let note = Note {
            history,
            last: after.clone(),
            was_removed: false,
            may_rerun: may_rerun || known.is_some_and(|note| note.may_rerun),
        };
        notes.insert(after.job.id().clone(), note);
    }

    async fn recorded_add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> Result<Vec<Result<StoredJob, Error>>, Error> {
        let asked = jobs.iter().map(|insert| insert.now).min();
        let from = asked.map_or_else(now, since);
        let answers = self.inner.add(jobs).await?;
        for added in answers.iter().flatten() {
            self.note(None, added, from);
        }
        Ok(answers)
    }

    async fn recorded_update(&self, update: store::Update) -> Result<StoredJob, Error> {
        let from = since(update.now);
        let revision = update.state.revision;
        let before = self.inner.get(update.job.id().clone()).await?;
        let after = self.inner.update(update).await?;
        let before = before.unwrap();
        // The store compares revisions, so this is the very row that was changed.
        assert_eq!(before.state.revision, revision);
        self.note(Some(&before), &after, from);
        Ok(after)
    }

    async fn recorded_remove(
        &self,
        id: JobId,
        at: DateTime<Utc>,
    ) -> Result<Option<StoredJob>, Error> {
        let from = since(at);
        let removed = self.inner.remove(id.clone(), at).await?;
        if let Some(row) = &removed {
            let mut notes = self.notes.lock().unwrap();
            let note = notes.get_mut(&id).unwrap();
            let at = (from, now());
            note.history = note.history.clone().removal(at).removed(row, at);
            note.was_removed = true;
        }
        Ok(removed)
    }
}

/// From when an edit takes effect at the earliest: the caller says when it was decided on, and what
/// it passes over is recorded with that time.
fn since(asked: DateTime<Utc>) -> DateTime<Utc> {
    asked.min(now())
}

impl Note {
    /// The history as it ends: with a row that is there, or with one that has left.
    fn closed(&self, row: Option<&StoredJob>) -> History {
        let history = self.history.clone();
        let history = match row {
            _ if self.was_removed => history,
            Some(row) => history.stands(row),
            // It left with its last run.
            None => {
                let mut last = self.last.clone();
                last.state.next_run_time = None;
                history.removed(&last, now())
            }
        };
        if self.may_rerun {
            history.may_wait()
        } else {
            history
        }
    }
}

impl JobStore for RecordingStore {
    fn capabilities(&self) -> store::StoreCapabilities {
        self.inner.capabilities()
    }
    fn add(&self, jobs: Vec<store::Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        StoreFuture::new(self.recorded_add(jobs))
    }
    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>> {
        self.inner.get(id)
    }
    fn list(&self, filter: JobFilter) -> StoreFuture<'_, store::JobPage> {
        self.inner.list(filter)
    }
    fn update(&self, update: store::Update) -> StoreFuture<'_, StoredJob> {
        StoreFuture::new(self.recorded_update(update))
    }
    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
        StoreFuture::new(self.recorded_remove(id, now))
    }
    fn clear(&self, _: DateTime<Utc>) -> StoreFuture<'_, u64> {
        unreachable!("nobody clears the store")
    }
    fn due(&self, request: store::DueRequest) -> StoreFuture<'_, store::DueJobs> {
        self.inner.due(request)
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> StoreFuture<'a, store::ClaimReply> {
        self.inner.claim(request)
    }
    fn register(&self, node: store::NodeInfo) -> StoreFuture<'_, store::Lease> {
        self.inner.register(node)
    }
    fn renew(&self, request: store::RenewRequest) -> StoreFuture<'_, store::Renewal> {
        self.inner.renew(request)
    }
    fn leave(&self, lease: store::Lease) -> StoreFuture<'_, ()> {
        self.inner.leave(lease)
    }
    fn nodes(&self) -> StoreFuture<'_, Vec<store::Peer>> {
        self.inner.nodes()
    }
    fn open_runs(&self, request: store::OpenRequest) -> StoreFuture<'_, Vec<store::OpenRun>> {
        self.inner.open_runs(request)
    }
    fn recover(&self, request: store::RecoverRequest) -> StoreFuture<'_, store::Recovered> {
        self.inner.recover(request)
    }
    fn cancel(&self, request: store::CancelRequest) -> StoreFuture<'_, store::CancelAnswer> {
        self.inner.cancel(request)
    }
    fn runs(&self, filter: store::RunFilter) -> StoreFuture<'_, Vec<Run>> {
        self.inner.runs(filter)
    }
    fn recent(&self, request: store::RecentRequest) -> StoreFuture<'_, Vec<Run>> {
        self.inner.recent(request)
    }
    fn runs_since(&self, since: store::RunFeed, limit: usize) -> StoreFuture<'_, store::RunsSince> {
        self.inner.runs_since(since, limit)
    }
    fn purge(&self, retention: store::Retention, batch: usize) -> StoreFuture<'_, u64> {
        self.inner.purge(retention, batch)
    }
    fn statistics(&self, id: JobId) -> StoreFuture<'_, store::Statistics> {
        self.inner.statistics(id)
    }
    fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<store::UnreadableJob>> {
        self.inner.unreadable(limit)
    }
    fn recount(&self, request: store::RecountRequest) -> StoreFuture<'_, store::Recounted> {
        self.inner.recount(request)
    }
    fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        self.inner.time()
    }
    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        self.inner.note_time(now)
    }
    fn close(&self) -> StoreFuture<'_, ()> {
        JobStore::close(&self.inner)
    }
    fn changes(&self, since: u64) -> StoreFuture<'_, store::Changes> {
        self.inner.changes(since)
    }
}
