//! The content of the memory store, under one lock.

use std::sync::Arc;
use std::task::Waker;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use punctual_core::{Declared, JobId, JobState};

use super::changes::{Edit, Edits};
use super::ledger::{Ledger, LedgerLimits};
use super::node_list::Nodes;
use super::open_runs::OpenRuns;
use super::rows::{JobRow, JobRows, NONE, slot_of};
use crate::{
    ChangedJobs, Changes, DueCursor, DueJobs, DueRequest, Error, Insert, OnConflict, Replaced,
    Retention, Statistics, StoredJob, Update,
};

#[derive(Debug)]
pub(super) struct State {
    pub(super) rows: JobRows,
    pub(super) ledger: Ledger,
    pub(super) open: OpenRuns,
    pub(super) nodes: Nodes,
    /// True if there ever were two nodes, or one has replaced another of the same name.
    pub(super) is_shared: bool,
    pub(super) edits: Edits,
    pub(super) next_run: u64,
    /// The last time that the clock of a node showed.
    pub(super) seen: Option<DateTime<Utc>>,
    /// The declarations of jobs that were removed.
    pub(super) removed: HashMap<JobId, Declared>,
}

impl State {
    pub(super) fn new(limits: LedgerLimits) -> Self {
        Self {
            rows: JobRows::default(),
            ledger: Ledger::new(limits),
            open: OpenRuns::default(),
            nodes: Nodes::default(),
            is_shared: false,
            edits: Edits::default(),
            next_run: 1,
            seen: None,
            removed: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, insert: Insert) -> Result<StoredJob, Error> {
        let id = insert.job.id();
        let slot = match self.rows.find(id) {
            Some(_) if insert.on_conflict == OnConflict::Refuse => return Err(Error::conflict(id)),
            Some(slot) => self.replace(slot, &insert),
            None => {
                let id = id.clone();
                let history = self.ledger.find(&id);
                let slot = self.rows.insert(insert.job, insert.state)?;
                self.removed.remove(&id);
                if let (Some(history), Some(row)) = (history, self.rows.get_mut(slot)) {
                    row.history = history;
                    self.ledger.used(history);
                    self.ledger.reset(history);
                }
                slot
            }
        };
        self.stored(slot)
            .ok_or_else(|| Error::refused("the row is gone"))
    }

    fn stored(&self, slot: u32) -> Option<StoredJob> {
        self.rows.get(slot).map(JobRow::stored)
    }

    fn replace(&mut self, slot: u32, insert: &Insert) -> u32 {
        if let Some(old) = self.stored(slot) {
            let Replaced {
                mut state,
                new_incarnation,
                decided,
            } = old.replaced_by(insert);
            self.record_decided(slot, decided, insert.now);
            if new_incarnation {
                state.incarnation = self.rows.renewed(slot);
            }
            state.revision += 1;
            self.set(slot, &insert.job, state);
        }
        slot
    }

    fn set(&mut self, slot: u32, job: &Arc<punctual_core::Job>, state: JobState) {
        self.rows.set(slot, Some(Arc::clone(job)), state);
    }

    pub(super) fn get(&self, id: &JobId) -> Option<StoredJob> {
        self.stored(self.rows.find(id)?)
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<StoredJob, Error> {
        let id = update.job.id();
        let slot = self.rows.find(id).ok_or_else(|| Error::no_job(id))?;
        let now = self.stored(slot).ok_or_else(|| Error::no_job(id))?.state;
        if now.revision != update.state.revision || now.incarnation != update.state.incarnation {
            return Err(Error::stale(id));
        }
        self.record_decided(slot, update.decided, update.now);
        let mut state = update.state;
        state.running = now.running;
        state.queued = now.queued;
        state.token = now.token;
        state.birth = now.birth;
        state.revision += 1;
        if update.new_incarnation {
            state.incarnation = self.rows.renewed(slot);
        }
        self.set(slot, &update.job, state);
        self.stored(slot).ok_or_else(|| Error::no_job(id))
    }

    /// Removes a job with its waiting runs.
    pub(super) fn remove(&mut self, slot: u32, now: DateTime<Utc>) -> Option<StoredJob> {
        let before = self.stored(slot);
        if let Some(stored) = &before
            && let Some(declared) = stored.job.declared()
        {
            let id = stored.job.id().clone();
            self.removed.insert(id, declared.clone());
        }
        self.settle_removed(slot, now);
        // The job may have left with its waiting runs.
        self.remove_row(slot).or(before)
    }

    pub(super) fn remove_row(&mut self, slot: u32) -> Option<StoredJob> {
        let row = self.rows.remove(slot)?;
        if row.history != NONE {
            self.ledger.unused(row.history);
        }
        Some(row.stored())
    }

    pub(super) fn clear(&mut self, now: DateTime<Utc>) -> (u64, Vec<Waker>) {
        let count = self.rows.len() as u64;
        let rows: Vec<u64> = self.rows.all().map(|row| row.state.birth).collect();
        for birth in &rows {
            self.remove(slot_of(*birth), now);
        }
        (count, self.edits.note(rows))
    }

    pub(super) fn due(&self, request: &DueRequest) -> DueJobs {
        let mut due = DueJobs {
            waiting: self.waiting_jobs(request.tasks.as_ref(), request.through.timestamp_micros()),
            ..DueJobs::default()
        };
        let mut last = None;
        for (next_run_time, row) in self.rows.due_after(request.after) {
            if !request.wants(row.job.task()) {
                continue;
            }
            if next_run_time > request.through || due.jobs.len() >= request.limit {
                due.beyond = Some(next_run_time);
                due.next = last.filter(|_| next_run_time <= request.through);
                break;
            }
            last = Some(DueCursor {
                next_run_time,
                incarnation: row.state.incarnation,
            });
            due.jobs.push(row.stored().into());
        }
        let later = self.next_waiting(request.through.timestamp_micros());
        due.beyond = due.beyond.into_iter().chain(later).min();
        due
    }

    pub(super) fn purge(&mut self, retention: Retention, batch: usize) -> u64 {
        let mut open = HashMap::new();
        for (_, run) in self.open.iter() {
            *open.entry(run.history).or_insert(0) += 1;
        }
        self.ledger.purge(retention, batch, &open)
    }

    pub(super) fn statistics(&self, id: &JobId) -> Statistics {
        let found = self.ledger.find(id);
        let statistics = found.and_then(|history| self.ledger.statistics(history));
        statistics.copied().unwrap_or_default()
    }

    pub(super) fn changes(&self, since: u64) -> Changes {
        let counter = self.edits.counter();
        let Some(edits) = self.edits.since(since) else {
            return Changes::new(counter, ChangedJobs::Many);
        };
        let mut seen = std::collections::BTreeSet::new();
        let (mut jobs, mut cancels) = (Vec::new(), Vec::new());
        for edit in edits {
            match edit {
                Edit::Job(incarnation) if seen.insert(slot_of(incarnation)) => {
                    jobs.extend(self.stored(slot_of(incarnation)));
                }
                Edit::Cancel(run, reason) => cancels.push((run, reason)),
                Edit::Job(_) | Edit::Node => {}
            }
        }
        Changes::new(counter, ChangedJobs::These(jobs)).cancels(cancels)
    }

    /// Returns true if there is a job of the id that a history is about.
    pub(super) fn is_taken(&self, history: u32) -> bool {
        let id = self.ledger.job(history);
        id.is_some_and(|id| self.rows.find(id).is_some())
    }

    pub(super) fn history_of(&mut self, slot: u32) -> u32 {
        let Some(row) = self.rows.get(slot) else {
            return NONE;
        };
        if row.history != NONE {
            return row.history;
        }
        let history = self.ledger.open(row.job.id());
        if let Some(row) = self.rows.get_mut(slot) {
            row.history = history;
        }
        history
    }
}
