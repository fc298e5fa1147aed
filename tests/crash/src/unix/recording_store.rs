//! The store of the editor: it records every edit, with the rows before and after it.
//! It fails no call, so it is not a `FaultyStore`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use punctual_core::{JobId, OnLost};
use punctual_store as store;
use punctual_store::checker::History;
use punctual_store::{Error, JobFilter, JobStore, Layered, StoreFuture, StoreLayer, StoredJob};

use crate::unix::clock::now;

pub(crate) type RecordingStore = Layered<Recording>;

#[derive(Debug, Clone)]
pub(crate) struct Recording {
    inner: Arc<dyn JobStore>,
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

impl Recording {
    pub(crate) fn store(inner: Arc<dyn JobStore>) -> RecordingStore {
        Layered(Self {
            inner,
            notes: Arc::default(),
        })
    }

    /// The histories of all jobs there were.
    pub(crate) async fn histories(&self) -> Vec<History> {
        let rows = self.inner.list(JobFilter::default()).await.unwrap().jobs;
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
        let may_rerun = matches!(after.job.policies().on_lost(), OnLost::Rerun { .. });
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

impl StoreLayer for Recording {
    fn inner(&self) -> &dyn JobStore {
        &self.inner
    }
    fn add(&self, jobs: Vec<store::Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        StoreFuture::new(self.recorded_add(jobs))
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
}
