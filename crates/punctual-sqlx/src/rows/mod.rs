//! The rows that a transaction holds, and the changes that it has to write, the same in every
//! database.
//!
//! A store reads the rows that a request names, under their locks, and lets a
//! [`Batch`](punctual_store::batch::Batch) decide about them. It then writes the changes, all in
//! one transaction. Nothing here waits.

mod add;
mod claim;
mod job;
mod open;
mod run;

pub(crate) use add::{Defined, added, not_tried, piece_of};
pub(crate) use claim::{Definitions, decide, reply, shown, whole};
pub(crate) use job::HeldJob;
pub(crate) use open::OpenRow;
pub(crate) use run::{Attempt, Ended, HeldRun};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use punctual_core::{JobId, JobState, Policies, RunId, RunKey};
use punctual_store::batch::{NewRange, NewRun, OpenView, Owner, Rows};
use punctual_store::{OpenRun, RunEnd};

/// The rows of one request, with their changes.
#[derive(Debug)]
pub(crate) struct HeldRows {
    pub(crate) jobs: Vec<HeldJob>,
    by_birth: HashMap<u64, usize>,
    runs: HashMap<RunId, HeldRun>,
    /// The keys that runs have already.
    used: HashSet<RunKey>,
    /// The last number that was given out, before this request and now.
    numbered: (u64, u64),
    opened: Vec<RunId>,
    changed: Vec<RunId>,
    /// The ranges to write. The jobs, and the runs that stay open, hold their own changes.
    pub(crate) ranges: Vec<HeldRange>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) ended: Vec<Ended>,
}

/// Fire times without a run that are to be written.
#[derive(Debug)]
pub(crate) struct HeldRange {
    /// The index of their job among the held ones.
    pub(crate) row: usize,
    /// The number of the entry among those of the job.
    pub(crate) nth: u64,
    pub(crate) range: NewRange,
}

impl HeldRows {
    /// Returns an empty set of rows. New runs get the numbers after `last_number`.
    pub(crate) fn new(last_number: u64) -> Self {
        Self {
            jobs: Vec::new(),
            by_birth: HashMap::new(),
            runs: HashMap::new(),
            used: HashSet::new(),
            numbered: (last_number, last_number),
            opened: Vec::new(),
            changed: Vec::new(),
            ranges: Vec::new(),
            attempts: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Gives new runs the numbers after this one.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn number_from(&mut self, last_number: u64) {
        self.numbered = (last_number, last_number);
    }

    /// Returns true if there is anything to write.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn has_changes(&self) -> bool {
        let has_changed = |job: &HeldJob| job.has_moved || job.has_counted || job.is_gone;
        !self.opened.is_empty()
            || !self.changed.is_empty()
            || !self.ranges.is_empty()
            || !self.ended.is_empty()
            || self.jobs.iter().any(has_changed)
    }

    /// Returns a run as it is, or was before it ended.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn held(&self, id: RunId) -> Option<&HeldRun> {
        self.runs.get(&id)
    }

    /// Reserves space for jobs and runs, which are large to move.
    pub(crate) fn reserve(&mut self, jobs: usize, runs: usize) {
        self.jobs.reserve(jobs);
        self.by_birth.reserve(jobs);
        self.runs.reserve(runs);
        self.used.reserve(jobs);
    }

    pub(crate) fn with_job(&mut self, job: HeldJob) {
        let row = self.jobs.len();
        if *self.by_birth.entry(job.state.birth).or_insert(row) == row {
            self.jobs.push(job);
        }
    }

    /// Adds a run. Its job is held already, if it still exists.
    pub(crate) fn with_run(&mut self, run: HeldRun) {
        let id = run.id;
        if self.runs.contains_key(&id) {
            return;
        }
        if let Some(row) = self.by_birth.get(&run.view.birth) {
            self.jobs[*row].runs.push(id);
        }
        self.runs.insert(id, run);
    }

    pub(crate) fn with_used(&mut self, key: RunKey) {
        self.used.insert(key);
    }

    /// Notes that the definition of a job cannot be decoded, so that nothing of it starts.
    pub(crate) fn mark_unreadable(&mut self, birth: u64) {
        if let Some(row) = self.by_birth.get(&birth) {
            self.jobs[*row].is_readable = false;
        }
    }

    /// Keeps jobs that cannot be decoded in the store, since no answer could say which jobs they
    /// were.
    pub(crate) fn keep_unless(&mut self, is_readable: impl Fn(u64) -> bool) {
        for job in &mut self.jobs {
            job.is_gone &= is_readable(job.state.birth);
        }
    }

    /// Returns the jobs that leave.
    pub(crate) fn gone(&self) -> impl Iterator<Item = &HeldJob> {
        self.jobs.iter().filter(|job| job.is_gone)
    }

    /// Returns the job of this birth, even if it leaves.
    pub(crate) fn job(&self, birth: u64) -> Option<&HeldJob> {
        self.jobs.get(*self.by_birth.get(&birth)?)
    }

    /// Returns the last number that was given out, if this request gave one out.
    pub(crate) fn last_number(&self) -> Option<u64> {
        let (before, now) = self.numbered;
        (now > before).then_some(now)
    }

    /// Returns the number of runs that end and were open before.
    pub(crate) fn ends(&self) -> usize {
        self.ended.iter().filter(|ended| !ended.is_new).count()
    }

    /// Returns the id of the job of a birth, also that of a run whose job is gone.
    pub(crate) fn id_of(&self, birth: u64) -> Option<&str> {
        if let Some(job) = self.job(birth) {
            return Some(&job.id);
        }
        let mut runs = self.runs.values();
        let run = runs.find(|run| run.view.birth == birth)?;
        Some(&run.job)
    }

    /// Returns the runs that are written first. Some of them may be over already.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &HeldRun> {
        self.opened.iter().filter_map(|id| self.runs.get(id))
    }

    /// Returns the runs that were open before, are still open, and have changed.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &HeldRun> {
        let runs = self.changed.iter().filter_map(|id| self.runs.get(id));
        runs.filter(|run| run.is_changed && !run.is_over && !run.is_new)
    }

    /// Returns those of these runs whose own arguments were not read.
    pub(crate) fn lacking_args(&self, runs: impl Iterator<Item = RunId>) -> Vec<RunId> {
        let lacks = |id: &RunId| self.runs.get(id).is_some_and(|run| run.lacks_args);
        runs.filter(lacks).collect()
    }

    /// Adds the own arguments of runs.
    pub(crate) fn with_args(&mut self, args: HashMap<RunId, Arc<str>>) {
        for (id, args) in args {
            if let Some(run) = self.runs.get_mut(&id) {
                run.with_args(args);
            }
        }
    }

    /// Returns a run as it is, or was before it ended. Returns `None` if the id of its job cannot
    /// be decoded.
    pub(crate) fn told(&self, id: RunId) -> Option<OpenRun> {
        self.runs.get(&id)?.told()
    }

    fn runs_of(&self, row: usize, is_wanted: impl Fn(&HeldRun) -> bool) -> Vec<RunId> {
        let runs = self.jobs[row].runs.iter();
        let runs = runs.filter_map(|id| self.runs.get(id));
        let runs = runs.filter(|run| !run.is_over && is_wanted(run));
        let mut ids: Vec<_> = runs.map(|run| run.id).collect();
        ids.sort_unstable();
        ids
    }
}

impl Rows for HeldRows {
    type Row = usize;

    fn of_id(&self, id: &JobId) -> Option<usize> {
        let is_it = |job: &HeldJob| !job.is_gone && *job.id == *id.as_str();
        self.jobs.iter().position(is_it)
    }

    fn of_birth(&self, birth: u64) -> Option<usize> {
        let row = *self.by_birth.get(&birth)?;
        (!self.jobs[row].is_gone).then_some(row)
    }

    fn state(&self, row: usize) -> &JobState {
        &self.jobs[row].state
    }

    fn policies(&self, row: usize) -> Option<&Policies> {
        let job = &self.jobs[row];
        job.policies.as_ref().filter(|_| job.is_readable)
    }

    fn set_moved(&mut self, row: usize, state: JobState) {
        let job = &mut self.jobs[row];
        job.state = state;
        job.has_moved = true;
    }

    fn set_counts(&mut self, row: usize, state: JobState) {
        let job = &mut self.jobs[row];
        job.state.running = state.running;
        job.state.queued = state.queued;
        job.state.token = state.token;
        job.has_counted = true;
    }

    fn leave(&mut self, row: usize) {
        self.jobs[row].is_gone = true;
    }

    fn is_used(&self, _: usize, key: &RunKey) -> bool {
        self.used.contains(key)
    }

    fn next_number(&mut self) -> RunId {
        self.numbered.1 += 1;
        RunId(self.numbered.1)
    }

    fn open(&mut self, row: usize, run: NewRun) {
        self.used.insert(run.key);
        self.opened.push(run.id);
        let job = &mut self.jobs[row];
        job.runs.push(run.id);
        let nth = job.enter();
        self.runs.insert(run.id, HeldRun::new(&job.id, nth, run));
    }

    fn record(&mut self, row: usize, range: NewRange) {
        self.used.insert(range.key);
        let fire_times = range.range.count.number();
        let job = &mut self.jobs[row];
        job.count().count(range.outcome, fire_times);
        let nth = job.enter();
        self.ranges.push(HeldRange { row, nth, range });
    }

    fn run(&self, id: RunId) -> Option<OpenView> {
        let run = self.runs.get(&id)?;
        (!run.is_over).then_some(run.view)
    }

    fn set_run(&mut self, id: RunId, view: OpenView) {
        if let Some(run) = self.runs.get_mut(&id).filter(|run| run.view != view) {
            run.view = view;
            if !std::mem::replace(&mut run.is_changed, true) {
                self.changed.push(id);
            }
        }
    }

    fn keep_attempt(&mut self, end: &RunEnd) {
        if let Some(run) = self.runs.get_mut(&end.run) {
            self.attempts.push(run.keep_attempt(end));
        }
    }

    fn close(&mut self, row: Option<usize>, end: &RunEnd) {
        let Some(run) = self.runs.get_mut(&end.run).filter(|run| !run.is_over) else {
            return;
        };
        let ended = run.close(end);
        if let Some(row) = row {
            self.jobs[row].count_end(&ended, end.outcome);
        }
        self.ended.push(ended);
    }

    /// Returns no runs of a job whose definition cannot be decoded, since nothing of it may start.
    fn waiting(&self, row: usize) -> Vec<RunId> {
        if !self.jobs[row].is_readable {
            return Vec::new();
        }
        self.runs_of(row, |run| run.view.owner == Owner::Free)
    }

    fn under_way(&self, row: usize) -> Vec<RunId> {
        self.runs_of(row, |run| run.view.owner != Owner::Free)
    }
}
