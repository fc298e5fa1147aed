//! Jobs as they enter and leave a store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::passed_over;
use punctual_core::{FireRange, Job, JobId, JobState, Outcome, Trigger};

/// A job and its state when it was read. A clone is cheap.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredJob {
    /// The definition of the job.
    pub job: Arc<Job>,
    /// The state of the job.
    pub state: JobState,
}

impl StoredJob {
    /// Returns a job and its state.
    #[must_use]
    pub fn new(job: Arc<Job>, state: JobState) -> Self {
        Self { job, state }
    }
}

/// A job that is to be added.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Insert {
    /// The definition of the job.
    pub job: Arc<Job>,
    /// The first state of the job. The store fills in the incarnation and the revision.
    pub state: JobState,
    /// The choice for an id that is taken.
    pub on_conflict: OnConflict,
    /// The time at which the job is added.
    pub now: DateTime<Utc>,
}

impl Insert {
    /// Returns an addition that is refused if the id is taken.
    #[must_use]
    pub fn new(job: Arc<Job>, state: JobState, now: DateTime<Utc>) -> Self {
        Self {
            job,
            state,
            on_conflict: OnConflict::default(),
            now,
        }
    }

    /// Sets [`on_conflict`](#structfield.on_conflict).
    #[must_use]
    pub fn on_conflict(self, on_conflict: OnConflict) -> Self {
        Self {
            on_conflict,
            ..self
        }
    }
}

/// The choices for a new job whose id is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum OnConflict {
    /// Returns an error that names the id.
    #[default]
    Refuse,
    /// Replaces the job in the store by the new one. See [`StoredJob::replaced_by`].
    Replace,
    /// Replaces the job as [`Replace`](Self::Replace) does, and takes the next fire time of the new
    /// job even if the trigger is the same.
    Restart,
}

/// The result of replacing a job by another one.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Replaced {
    /// The new state, under the old incarnation and revision.
    pub state: JobState,
    /// True if the fire times begin anew. The job then gets a new incarnation.
    pub new_incarnation: bool,
    /// The overdue fire times that the replacement passes over.
    pub decided: Option<(FireRange, Outcome)>,
}

impl StoredJob {
    /// Returns the state of the job after another `add` has replaced its definition.
    ///
    /// The job stays paused if it was, and keeps its counts. It keeps its next fire time if the
    /// trigger is the same. With [`OnConflict::Restart`] it takes the next fire time of the new
    /// definition, unless that time has passed and the job is paused.
    ///
    /// Every store calls this inside the transaction that replaces the job.
    #[must_use]
    pub fn replaced_by(&self, new: &Insert) -> Replaced {
        let old = self.state;
        let same_trigger = self.job.trigger() == new.job.trigger();
        // A finished job has decided about its past date already.
        let is_ahead = new.state.next_run_time > Some(new.now);
        let is_restart = new.on_conflict == OnConflict::Restart && (is_ahead || !old.paused);
        let same = same_trigger && !is_restart && !(old.finished && is_ahead);
        let mut state = if same { old } else { new.state };
        if same_trigger && !matches!(self.job.trigger(), Trigger::Interval(_)) {
            state.anchor = old.anchor;
        }
        state.paused = old.paused || new.state.paused;
        state.running = old.running;
        state.queued = old.queued;
        state.birth = old.birth;
        state.token = old.token;
        state.incarnation = old.incarnation;
        state.revision = old.revision;
        Replaced {
            state,
            new_incarnation: !same,
            decided: (!same).then(|| self.passed_over(new.now)).flatten(),
        }
    }

    /// Returns the overdue fire times that are decided when the job is removed or gets other fire
    /// times at `now`. See [`passed_over`].
    #[must_use]
    pub fn passed_over(&self, now: DateTime<Utc>) -> Option<(FireRange, Outcome)> {
        passed_over(&self.job.view(&self.state), now)
    }
}

/// A change of an existing job.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Update {
    /// The new definition of the job.
    pub job: Arc<Job>,
    /// The new state of the job.
    ///
    /// The store ignores `running`, `queued` and `token` and keeps its own values. The revision is
    /// the one that the caller read. The store refuses the update as stale if the row has moved on.
    pub state: JobState,
    /// True if the fire times begin anew, so that a decided fire time may come again.
    pub new_incarnation: bool,
    /// The fire times that the change itself decides, since it passes over them.
    pub decided: Option<(FireRange, Outcome)>,
    /// The time of the change.
    pub now: DateTime<Utc>,
}

impl Update {
    /// Returns a change that decides about no fire time.
    #[must_use]
    pub fn new(job: Arc<Job>, state: JobState, now: DateTime<Utc>) -> Self {
        Self {
            job,
            state,
            new_incarnation: false,
            decided: None,
            now,
        }
    }

    /// Sets [`new_incarnation`](#structfield.new_incarnation).
    #[must_use]
    pub fn new_incarnation(self, new_incarnation: bool) -> Self {
        Self {
            new_incarnation,
            ..self
        }
    }

    /// Sets [`decided`](#structfield.decided).
    #[must_use]
    pub fn decided(self, decided: Option<(FireRange, Outcome)>) -> Self {
        Self { decided, ..self }
    }
}

/// A stored job that cannot be decoded, since its row is damaged or was written by a newer version.
///
/// The store leaves the row unchanged. The job does not run and does not hold up other jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableJob {
    /// The id as it is stored.
    pub id: String,
    /// The part that cannot be decoded, and why.
    pub reason: String,
}

impl UnreadableJob {
    /// Returns a job that cannot be decoded.
    #[must_use]
    pub fn new(id: String, reason: String) -> Self {
        Self { id, reason }
    }
}

/// The names of the tasks that a node knows. A store tells the node nothing of other tasks.
pub type KnownTasks = Arc<[Arc<str>]>;

/// A request for the jobs that are due soon.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DueRequest {
    /// Selects jobs with a next fire time up to this one.
    pub through: DateTime<Utc>,
    /// The maximum number of jobs. The earliest come first.
    pub limit: usize,
    /// Selects jobs of these tasks, or of all tasks if `None`.
    ///
    /// Each task costs the store at most `limit` rows, even if many jobs of other tasks are
    /// overdue.
    pub tasks: Option<KnownTasks>,
    /// Selects jobs after this place, which is the [`next`](DueJobs::next) of the page before.
    pub after: Option<DueCursor>,
}

impl DueRequest {
    /// Returns a request for the first page of all jobs that are due through this time.
    #[must_use]
    pub fn through(through: DateTime<Utc>, limit: usize) -> Self {
        Self {
            through,
            limit,
            ..Self::default()
        }
    }

    /// Selects jobs of these tasks only.
    #[must_use]
    pub fn tasks(self, tasks: Option<KnownTasks>) -> Self {
        Self { tasks, ..self }
    }

    /// Selects the page after this place.
    #[must_use]
    pub fn after(self, after: Option<DueCursor>) -> Self {
        Self { after, ..self }
    }

    /// Returns true if the request selects jobs of this task.
    #[must_use]
    pub fn wants(&self, task: &str) -> bool {
        self.tasks
            .as_ref()
            .is_none_or(|tasks| tasks.iter().any(|known| &**known == task))
    }
}

/// A place in the order of next fire times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct DueCursor {
    /// The next fire time.
    pub next_run_time: DateTime<Utc>,
    /// The incarnation, which orders jobs with the same next fire time.
    pub incarnation: u64,
}

impl DueCursor {
    /// Returns a place.
    #[must_use]
    pub fn new(next_run_time: DateTime<Utc>, incarnation: u64) -> Self {
        Self {
            next_run_time,
            incarnation,
        }
    }
}

/// The jobs that are due soon.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DueJobs {
    /// The jobs in the order of their next fire times, then of registration. Paused jobs are left
    /// out.
    pub jobs: Vec<DueJob>,
    /// The place of the last of these jobs, if more jobs are due.
    pub next: Option<DueCursor>,
    /// The earliest next fire time after these jobs.
    ///
    /// If the store is not shared, no renewal reports waiting runs. Such a store also counts
    /// attempts that wait beyond the request.
    pub beyond: Option<DateTime<Utc>>,
    /// Jobs with waiting runs that may start, because there is room or the runs hold their
    /// instance.
    pub waiting: Vec<WaitingJob>,
}

impl DueJobs {
    /// Returns the jobs of the last page.
    #[must_use]
    pub fn new(jobs: Vec<DueJob>) -> Self {
        Self {
            jobs,
            next: None,
            beyond: None,
            waiting: Vec::new(),
        }
    }

    /// Sets [`next`](#structfield.next).
    #[must_use]
    pub fn next(self, next: Option<DueCursor>) -> Self {
        Self { next, ..self }
    }

    /// Sets [`beyond`](#structfield.beyond).
    #[must_use]
    pub fn beyond(self, beyond: Option<DateTime<Utc>>) -> Self {
        Self { beyond, ..self }
    }

    /// Sets [`waiting`](#structfield.waiting).
    #[must_use]
    pub fn waiting(self, waiting: Vec<WaitingJob>) -> Self {
        Self { waiting, ..self }
    }
}

/// A job that is due soon.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DueJob {
    /// The job and its state.
    pub stored: StoredJob,
    /// True if the arguments were left out. A claim then has to ask for the whole job.
    pub is_head: bool,
}

impl DueJob {
    /// Returns a job with its arguments.
    #[must_use]
    pub fn new(stored: StoredJob) -> Self {
        stored.into()
    }

    /// Sets [`is_head`](#structfield.is_head).
    #[must_use]
    pub fn is_head(self, is_head: bool) -> Self {
        Self { is_head, ..self }
    }
}

impl From<StoredJob> for DueJob {
    fn from(stored: StoredJob) -> Self {
        Self {
            stored,
            is_head: false,
        }
    }
}

/// A job with a waiting run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingJob {
    /// The id of the job.
    pub id: JobId,
    /// The birth of the job.
    pub birth: u64,
    /// The task of the job.
    pub task: Arc<str>,
    /// The earliest start, which is the time of the next attempt. It is 1970 if the run waits only
    /// for a node.
    pub due: DateTime<Utc>,
}

impl WaitingJob {
    /// Returns a job with a waiting run.
    #[must_use]
    pub fn new(id: JobId, birth: u64, task: Arc<str>, due: DateTime<Utc>) -> Self {
        Self {
            id,
            birth,
            task,
            due,
        }
    }
}
