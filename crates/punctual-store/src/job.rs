//! Jobs as they go in and out of a store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::passed_over;
use punctual_core::{FireRange, Job, JobId, JobState, Outcome, Trigger};

/// A job and how it stood when it was read. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    /// What was asked for.
    pub job: Arc<Job>,
    /// How it stands.
    pub state: JobState,
}

/// A job that is to be added.
#[derive(Debug, Clone)]
pub struct Insert {
    /// What was asked for.
    pub job: Arc<Job>,
    /// How it starts. The store fills in incarnation and revision.
    pub state: JobState,
    /// What happens if the id is taken.
    pub on_conflict: OnConflict,
    /// When it is added.
    pub now: DateTime<Utc>,
}

/// What happens if the id of a new job is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// An error that names the id.
    #[default]
    Refuse,
    /// The job in the store becomes the new one; see [`StoredJob::replaced_by`].
    Replace,
    /// As [`Replace`](Self::Replace), but the next fire time becomes that of the new one, although
    /// the trigger may be the same.
    Restart,
}

/// What a job becomes that another one replaces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replaced {
    /// How it stands then, under its old incarnation and revision.
    pub state: JobState,
    /// Whether its fire times begin anew: then it gets a new incarnation.
    pub new_incarnation: bool,
    /// The overdue fire times that the replacement passes over.
    pub decided: Option<(FireRange, Outcome)>,
}

impl StoredJob {
    /// Says what becomes of the job when another `add` replaces its definition: whether it is
    /// paused, its counts and, if the trigger is the same, its next fire time stay as they were.
    /// With [`OnConflict::Restart`] the next fire time is that of the new definition, unless it has
    /// passed and the job is paused.
    ///
    /// Every store asks this inside the transaction that replaces.
    #[must_use]
    pub fn replaced_by(&self, new: &Insert) -> Replaced {
        let old = self.state;
        let same_trigger = self.job.trigger() == new.job.trigger();
        // A date of the past was decided by the job that is finished with it.
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

    /// The overdue fire times that are decided when the job is removed, or gets other ones, at
    /// `now`; see [`passed_over`].
    #[must_use]
    pub fn passed_over(&self, now: DateTime<Utc>) -> Option<(FireRange, Outcome)> {
        passed_over(&self.job.view(&self.state), now)
    }
}

/// A change of a job that exists.
#[derive(Debug, Clone)]
pub struct Update {
    /// What is asked for now.
    pub job: Arc<Job>,
    /// How it stands now; `running`, `queued` and `token` are the store's own and ignored. The
    /// revision is the one that was read: the update is refused as stale if the row has moved on.
    pub state: JobState,
    /// Whether its fire times begin anew, so that one that was decided before may come again.
    pub new_incarnation: bool,
    /// Fire times that the change itself decides: those that it passes over.
    pub decided: Option<(FireRange, Outcome)>,
    /// When the change was made.
    pub now: DateTime<Utc>,
}

/// A stored job that cannot be understood: its row is damaged, or of a newer version. It is left
/// as it is, does not run, and does not hold up others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableJob {
    /// Its id as it is stored.
    pub id: String,
    /// What cannot be understood.
    pub reason: String,
}

/// Names of tasks that a node knows. Nothing of other tasks is told to it.
pub type KnownTasks = Arc<[Arc<str>]>;

/// Which jobs a scheduler wants to know because they are due soon.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DueRequest {
    /// Those with a next fire time up to this one.
    pub through: DateTime<Utc>,
    /// At most this many jobs, the earliest first.
    pub limit: usize,
    /// Only jobs of these tasks; `None` for all. Each task costs the store at most `limit` rows,
    /// whatever is overdue of others.
    pub tasks: Option<KnownTasks>,
    /// Only those after this place: the [`next`](DueJobs::next) of the page before.
    pub after: Option<DueCursor>,
}

impl DueRequest {
    /// The first page of all jobs that are due through this time.
    #[must_use]
    pub fn through(through: DateTime<Utc>, limit: usize) -> Self {
        Self {
            through,
            limit,
            ..Self::default()
        }
    }

    /// Only of these tasks.
    #[must_use]
    pub fn tasks(self, tasks: Option<KnownTasks>) -> Self {
        Self { tasks, ..self }
    }

    /// The page after this place.
    #[must_use]
    pub fn after(self, after: Option<DueCursor>) -> Self {
        Self { after, ..self }
    }

    /// Whether jobs of this task are wanted.
    #[must_use]
    pub fn wants(&self, task: &str) -> bool {
        self.tasks
            .as_ref()
            .is_none_or(|tasks| tasks.iter().any(|known| &**known == task))
    }
}

/// A place in the order of next fire times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueCursor {
    /// The next fire time.
    pub next_run_time: DateTime<Utc>,
    /// Decides between equal ones.
    pub incarnation: u64,
}

/// The jobs that are due soon.
#[derive(Debug, Clone, Default)]
pub struct DueJobs {
    /// In the order of their next fire times, ties in the order of registration. No paused ones.
    pub jobs: Vec<DueJob>,
    /// The place after the last of them, if there are more that are due.
    pub next: Option<DueCursor>,
    /// The earliest next fire time that is not among them. A store that is not shared, so that no
    /// renewal tells of waiting runs, counts the attempts in that wait beyond the request.
    pub beyond: Option<DateTime<Utc>>,
    /// Jobs with runs that wait and may start: there is room, or they hold their instance.
    pub waiting: Vec<WaitingJob>,
}

/// A job that is due soon.
#[derive(Debug, Clone, PartialEq)]
pub struct DueJob {
    /// The job and how it stands.
    pub stored: StoredJob,
    /// Whether its arguments were left out: a claim has to ask for the whole job.
    pub is_head: bool,
}

impl From<StoredJob> for DueJob {
    fn from(stored: StoredJob) -> Self {
        Self {
            stored,
            is_head: false,
        }
    }
}

/// A job with a run that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingJob {
    /// The job.
    pub id: JobId,
    /// Its birth.
    pub birth: u64,
    /// Its task.
    pub task: Arc<str>,
    /// When it may start: after the wait for its next attempt, or 1970 if it waits for nothing but a
    /// node.
    pub due: DateTime<Utc>,
}
