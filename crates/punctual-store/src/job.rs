//! Jobs as they go in and out of a store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Job, JobId, JobState, Outcome};

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
}

/// What happens if the id of a new job is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// An error that names the id.
    #[default]
    Refuse,
    /// The job in the store becomes the new one; see [`StoredJob::replaced_by`].
    Replace,
}

impl StoredJob {
    /// The state of a job whose definition is replaced by another `add`: whether it is paused, its
    /// counts and, if the trigger is the same, its next fire time stay as they were.
    ///
    /// Every store answers this, inside the transaction that replaces. The incarnation is kept if
    /// this answers `true` beside the state: then fire times that were decided stay decided.
    #[must_use]
    pub fn replaced_by(&self, new: &Insert) -> (JobState, bool) {
        let old = self.state;
        let same = self.job.trigger() == new.job.trigger() && !old.finished;
        let mut state = if same { old } else { new.state };
        state.paused = old.paused || new.state.paused;
        state.running = old.running;
        state.queued = old.queued;
        state.incarnation = old.incarnation;
        state.revision = old.revision;
        (state, same)
    }
}

/// A change of a job that exists.
#[derive(Debug, Clone)]
pub struct Update {
    /// What is asked for now.
    pub job: Arc<Job>,
    /// How it stands now; `running` and `queued` are the store's own and ignored. The revision is
    /// the one that was read: the update is refused as stale if the row has moved on.
    pub state: JobState,
    /// Whether its fire times begin anew, so that one that was decided before may come again.
    pub new_incarnation: bool,
    /// Fire times that the change itself decides: those that a resumed job leaves out.
    pub decided: Option<(FireRange, Outcome)>,
    /// When the change was made.
    pub now: DateTime<Utc>,
}

/// Which jobs are listed. Everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only after this id, in the order of the list: the last one of the page before.
    pub after: Option<JobId>,
    /// At most so many; 0 is no limit.
    pub limit: usize,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only those that call this task.
    pub task: Option<String>,
    /// Only those that the code of this crate declared.
    pub declared_by: Option<String>,
    /// Only paused ones, or only others.
    pub paused: Option<bool>,
    /// Only those whose id or name holds this text, in any case.
    pub search: Option<String>,
}

impl JobFilter {
    /// Whether a job passes, page and limit aside.
    #[must_use]
    pub fn admits(&self, stored: &StoredJob) -> bool {
        let job = &stored.job;
        let holds = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        self.tag
            .as_ref()
            .is_none_or(|tag| job.tags().any(|own| own == tag))
            && self.task.as_ref().is_none_or(|task| **job.task() == **task)
            && self.declared_by.as_ref().is_none_or(|by| {
                let declared = job.declared();
                declared.is_some_and(|declared| declared.by() == by)
            })
            && self
                .paused
                .is_none_or(|paused| stored.state.paused == paused)
            && self
                .search
                .as_ref()
                .is_none_or(|part| holds(job.id().as_str(), part) || holds(job.name(), part))
    }
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

/// Which jobs a scheduler wants to know because they are due soon.
#[derive(Debug, Clone)]
pub struct WindowRequest {
    /// Those with a next fire time up to this one.
    pub through: DateTime<Utc>,
    /// At most so many, the earliest first.
    pub limit: usize,
}

/// The jobs that are due soon.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// In the order of their next fire time, ties in the order of registration. No paused ones.
    pub jobs: Vec<StoredJob>,
    /// The earliest next fire time that is not among them.
    pub beyond: Option<DateTime<Utc>>,
}
