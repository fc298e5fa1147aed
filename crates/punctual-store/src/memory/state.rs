//! All that the memory store holds, under one lock.

use std::sync::Arc;
use std::task::Waker;

use punctual_core::{JobId, JobState, Origin, Run};

use super::claims::key_of;
use super::edits::Edits;
use super::ledger::{Ledger, LedgerLimits};
use super::nodes::Nodes;
use super::open::OpenRuns;
use super::rows::{NONE, Row, Rows, slot_of};
use crate::{
    ChangedJobs, Changes, Error, Insert, JobFilter, OnConflict, RunFilter, Statistics, StoredJob,
    Update, Window, WindowRequest,
};

#[derive(Debug)]
pub(super) struct State {
    pub(super) rows: Rows,
    pub(super) ledger: Ledger,
    pub(super) open: OpenRuns,
    pub(super) nodes: Nodes,
    pub(super) edits: Edits,
    pub(super) next_run: u64,
}

impl State {
    pub(super) fn new(limits: LedgerLimits) -> Self {
        Self {
            rows: Rows::default(),
            ledger: Ledger::new(limits),
            open: OpenRuns::default(),
            nodes: Nodes::default(),
            edits: Edits::default(),
            next_run: 1,
        }
    }

    pub(super) fn add(&mut self, insert: Insert) -> Result<StoredJob, Error> {
        let id = insert.job.id();
        let slot = match self.rows.find(id) {
            Some(_) if insert.on_conflict == OnConflict::Refuse => return Err(Error::conflict(id)),
            Some(slot) => self.replace(slot, &insert),
            None => {
                let history = self.ledger.find(id);
                let slot = self.rows.insert(insert.job, insert.state)?;
                if let (Some(history), Some(row)) = (history, self.rows.get_mut(slot)) {
                    row.history = history;
                    self.ledger.used(history);
                    self.ledger.reset(history);
                }
                slot
            }
        };
        self.stored(slot)
            .ok_or_else(|| Error::full("the row is gone"))
    }

    fn stored(&self, slot: u32) -> Option<StoredJob> {
        self.rows.get(slot).map(Row::stored)
    }

    fn replace(&mut self, slot: u32, insert: &Insert) -> u32 {
        if let Some(old) = self.stored(slot) {
            let (mut state, same) = old.replaced_by(insert);
            if !same {
                state.incarnation = self.rows.renewed(slot);
            }
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

    pub(super) fn list(&self, filter: &JobFilter) -> Vec<StoredJob> {
        let is_after = |row: &&Row| filter.after.as_ref().is_none_or(|id| row.job.id() > id);
        let mut jobs: Vec<_> = self
            .rows
            .all()
            .filter(is_after)
            .map(Row::stored)
            .filter(|stored| filter.admits(stored))
            .collect();
        jobs.sort_unstable_by(|a, b| a.job.id().cmp(b.job.id()));
        if filter.limit > 0 {
            jobs.truncate(filter.limit);
        }
        jobs
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<StoredJob, Error> {
        let id = update.job.id();
        let slot = self.rows.find(id).ok_or_else(|| Error::no_job(id))?;
        let now = self.stored(slot).ok_or_else(|| Error::no_job(id))?.state;
        if now.revision != update.state.revision || now.incarnation != update.state.incarnation {
            return Err(Error::stale(id));
        }
        if let Some((range, outcome)) = update.decided {
            let history = self.history_of(slot);
            let micros = update.now.timestamp_micros();
            let key = key_of(now.incarnation, Origin::Scheduled, range);
            self.record_range(history, key, range, outcome, micros);
        }
        let mut state = update.state;
        state.running = now.running;
        state.queued = now.queued;
        if update.new_incarnation {
            state.incarnation = self.rows.renewed(slot);
        }
        self.set(slot, &update.job, state);
        self.stored(slot).ok_or_else(|| Error::no_job(id))
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<StoredJob> {
        let row = self.rows.remove(slot)?;
        if row.history != NONE {
            self.ledger.unused(row.history);
        }
        Some(row.stored())
    }

    pub(super) fn clear(&mut self) -> (u64, Vec<Waker>) {
        let count = self.rows.len() as u64;
        let rows: Vec<u64> = self.rows.all().map(|row| row.birth).collect();
        for birth in &rows {
            self.remove(slot_of(*birth));
        }
        (count, self.edits.note(rows))
    }

    pub(super) fn window(&self, request: &WindowRequest) -> Window {
        let through = request.through.timestamp_micros();
        let mut window = Window::default();
        for (micros, row) in self.rows.due() {
            if micros > through || window.jobs.len() >= request.limit {
                window.beyond = row.state.next_run_time;
                break;
            }
            window.jobs.push(row.stored());
        }
        window
    }

    pub(super) fn runs(&self, filter: &RunFilter) -> Vec<Run> {
        let history = match &filter.job {
            Some(job) => match self.ledger.find(job) {
                None => return Vec::new(),
                found => found,
            },
            None => None,
        };
        let limit = if filter.limit == 0 {
            usize::MAX
        } else {
            filter.limit
        };
        let open = self
            .open
            .iter()
            .rev()
            .filter(|(_, open)| history.is_none_or(|history| open.history == history))
            .filter_map(|(id, open)| {
                let job = self.ledger.job(open.history)?;
                Some(open.run(*id, job, self.nodes.name(open.node)))
            })
            .filter(|run| filter.admits(run));
        let ended = self
            .ledger
            .newest_first(history)
            .filter(|_| !filter.open)
            .map(|(job, entry)| entry.run(job, self.nodes.name(entry.node)))
            .filter(|run| filter.admits(run));
        open.chain(ended).take(limit).collect()
    }

    pub(super) fn statistics(&self, id: &JobId) -> Statistics {
        let found = self.ledger.find(id);
        let statistics = found.and_then(|history| self.ledger.statistics(history));
        statistics.copied().unwrap_or_default()
    }

    pub(super) fn changes(&self, since: u64) -> Changes {
        let mut seen = std::collections::BTreeSet::new();
        let jobs = match self.edits.since(since) {
            None => ChangedJobs::Many,
            Some(edits) => {
                let slots = edits.map(slot_of).filter(|slot| seen.insert(*slot));
                ChangedJobs::These(slots.filter_map(|slot| self.stored(slot)).collect())
            }
        };
        Changes {
            counter: self.edits.counter(),
            jobs,
        }
    }
}
