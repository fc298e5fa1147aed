//! The store as the one sees it who edits: every edit is noted, with the rows before and after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use punctual_core::{JobId, OnLost, Run, RunId};
use punctual_sqlx::SqliteStore;
use punctual_store as store;
use punctual_store::checker::History;
use punctual_store::{Error, JobFilter, JobStore, Reply, StoredJob};

use crate::unix::clock::now;

#[derive(Debug, Clone)]
pub(crate) struct Noted {
    inner: SqliteStore,
    notes: Arc<Mutex<BTreeMap<JobId, Note>>>,
}

/// What is noted of a job. No id is used twice.
#[derive(Debug, Clone)]
struct Note {
    history: History,
    last: StoredJob,
    was_removed: bool,
    /// Its runs wait for the death of a node to be noticed before they are run again.
    may_rerun: bool,
}

impl Noted {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self {
            inner,
            notes: Arc::default(),
        }
    }

    /// The histories of all jobs there were.
    pub(crate) async fn histories(&self) -> Vec<History> {
        let rows = self.list(JobFilter::default()).await.unwrap();
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
        let noted = notes.remove(after.job.id());
        let history = match (noted.clone(), before) {
            (Some(note), Some(before)) => note.history.edited(before, after, at),
            _ => History::of(after, at),
        };
        let may_rerun = matches!(after.job.policies().on_lost, OnLost::Rerun { .. });
        let note = Note {
            history,
            last: after.clone(),
            was_removed: false,
            may_rerun: may_rerun || noted.is_some_and(|note| note.may_rerun),
        };
        notes.insert(after.job.id().clone(), note);
    }

    async fn noted_add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> Result<Vec<Result<StoredJob, Error>>, Error> {
        let from = now();
        let answers = self.inner.add(jobs).await?;
        for added in answers.iter().flatten() {
            self.note(None, added, from);
        }
        Ok(answers)
    }

    async fn noted_update(&self, update: store::Update) -> Result<StoredJob, Error> {
        let from = now();
        let revision = update.state.revision;
        let before = self.inner.get(update.job.id().clone()).await?;
        let after = self.inner.update(update).await?;
        let before = before.unwrap();
        // The store compares revisions, so this is the very row that was changed.
        assert_eq!(before.state.revision, revision);
        self.note(Some(&before), &after, from);
        Ok(after)
    }

    async fn noted_remove(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        let removed = self.inner.remove(id.clone()).await?;
        if let Some(row) = &removed {
            let mut notes = self.notes.lock().unwrap();
            let note = notes.get_mut(&id).unwrap();
            note.history = note.history.clone().removed(row);
            note.was_removed = true;
        }
        Ok(removed)
    }
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
                history.removed(&last)
            }
        };
        if self.may_rerun {
            history.may_wait()
        } else {
            history
        }
    }
}

impl JobStore for Noted {
    fn traits(&self) -> store::StoreTraits {
        self.inner.traits()
    }
    fn add(&self, jobs: Vec<store::Insert>) -> Reply<'_, Vec<Result<StoredJob, Error>>> {
        Box::pin(self.noted_add(jobs))
    }
    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        self.inner.get(id)
    }
    fn list(&self, filter: JobFilter) -> Reply<'_, Vec<StoredJob>> {
        self.inner.list(filter)
    }
    fn update(&self, update: store::Update) -> Reply<'_, StoredJob> {
        Box::pin(self.noted_update(update))
    }
    fn remove(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        Box::pin(self.noted_remove(id))
    }
    fn clear(&self) -> Reply<'_, u64> {
        unreachable!("nobody clears the store")
    }
    fn window(&self, request: store::WindowRequest) -> Reply<'_, store::Window> {
        self.inner.window(request)
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> Reply<'a, store::ClaimReply> {
        self.inner.claim(request)
    }
    fn register(&self, node: store::NodeInfo) -> Reply<'_, store::Lease> {
        self.inner.register(node)
    }
    fn renew(&self, lease: store::Lease) -> Reply<'_, store::Renewal> {
        self.inner.renew(lease)
    }
    fn leave(&self, lease: store::Lease) -> Reply<'_, ()> {
        self.inner.leave(lease)
    }
    fn nodes(&self) -> Reply<'_, Vec<store::Peer>> {
        self.inner.nodes()
    }
    fn open_runs(&self, node: store::Lease) -> Reply<'_, Vec<store::OpenRun>> {
        self.inner.open_runs(node)
    }
    fn recover(&self, request: store::RecoverRequest) -> Reply<'_, store::Recovered> {
        self.inner.recover(request)
    }
    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.inner.request_cancel(run)
    }
    fn runs(&self, filter: store::RunFilter) -> Reply<'_, Vec<Run>> {
        self.inner.runs(filter)
    }
    fn purge(&self, retention: store::Retention, batch: usize) -> Reply<'_, u64> {
        self.inner.purge(retention, batch)
    }
    fn statistics(&self, id: JobId) -> Reply<'_, store::Statistics> {
        self.inner.statistics(id)
    }
    fn changes(&self, since: u64) -> Reply<'_, store::Changes> {
        self.inner.changes(since)
    }
}
