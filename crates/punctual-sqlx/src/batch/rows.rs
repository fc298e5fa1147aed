//! Rows as a batch sees them.

use punctual_core::{FireRange, JobId, JobState, Outcome, Policies, RunId, RunKey};
use punctual_store::{Lease, OpenRun, Statistics, Won};

/// A job without its definition.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) birth: i64,
    pub(crate) id: Box<str>,
    pub(crate) state: JobState,
    /// Nothing if they, or its state, cannot be read: then nothing of the job can be claimed.
    pub(crate) policies: Option<Policies>,
    pub(crate) statistics: Tally,
    /// Whether its schedule is to be written.
    pub(crate) has_moved: bool,
    /// Whether its counts are to be written.
    pub(crate) has_counted: bool,
    /// Whether it leaves the store.
    pub(crate) is_gone: bool,
}

impl Counted {
    pub(crate) fn new(birth: i64, id: &str, state: JobState) -> Self {
        Self {
            birth,
            id: id.into(),
            state,
            policies: Some(Policies::default()),
            statistics: Tally::default(),
            has_moved: false,
            has_counted: false,
            is_gone: false,
        }
    }

    /// Its statistics, which are to be written then.
    pub(super) fn count(&mut self) -> &mut Statistics {
        self.has_counted = true;
        self.statistics.open()
    }

    /// Its statistics as text, if they have changed.
    pub(crate) fn statistics_text(&self) -> Option<String> {
        let statistics = self.statistics.open.as_ref()?;
        serde_json::to_string(statistics).ok()
    }

    /// How it stands now.
    pub(super) fn seen(&self) -> (i64, JobState) {
        (self.birth, self.state)
    }

    /// A job whose trigger is finished leaves with its last run.
    pub(super) fn leave_if_over(&mut self) {
        let state = &self.state;
        self.is_gone = state.finished && state.running == 0 && state.queued == 0;
    }
}

/// Statistics that are read from their text only if something is to be counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    text: Option<Box<str>>,
    open: Option<Statistics>,
}

impl From<Option<&str>> for Tally {
    fn from(text: Option<&str>) -> Self {
        Self {
            text: text.map(Into::into),
            open: None,
        }
    }
}

impl Tally {
    fn open(&mut self) -> &mut Statistics {
        let text = self.text.as_deref();
        self.open.get_or_insert_with(|| {
            // They are derived: damaged ones begin anew.
            let read = text.and_then(|text| serde_json::from_str(text).ok());
            read.unwrap_or_default()
        })
    }
}

/// A run that is not over.
#[derive(Debug, Clone)]
pub(crate) struct OpenRow {
    pub(crate) id: RunId,
    pub(crate) birth: i64,
    pub(crate) job: Box<str>,
    pub(crate) key: RunKey,
    pub(crate) is_queued: bool,
    pub(crate) ends_instance: bool,
    pub(crate) is_unwanted: bool,
    pub(crate) reruns: u32,
    pub(crate) owner: Lease,
}

impl OpenRow {
    /// The run for those who ask; nothing if the id of its job cannot be read.
    pub(crate) fn run(&self) -> Option<OpenRun> {
        Some(OpenRun {
            id: self.id,
            job: JobId::new(&self.job).ok()?,
            key: self.key,
            is_queued: self.is_queued,
            ends_instance: self.ends_instance,
            reruns: self.reruns,
        })
    }
}

/// An end that is to be written.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) id: RunId,
    pub(crate) state: &'static str,
    pub(crate) started: Option<i64>,
    pub(crate) finished: i64,
    pub(crate) attempts: u32,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
}

/// A run, or a stretch of fire times without one, that is to be written.
#[derive(Debug)]
pub(crate) struct NewRun {
    pub(crate) id: RunId,
    pub(crate) job: Box<str>,
    pub(crate) birth: i64,
    pub(crate) key: RunKey,
    pub(crate) state: &'static str,
    pub(crate) ends_instance: bool,
    /// What did not run, and when that was decided.
    pub(crate) range: Option<(FireRange, i64)>,
}

/// What becomes of a claim; rows by their birth and how they stood then.
#[derive(Debug)]
pub(crate) enum Verdict {
    Won(Won),
    Lost(Option<(i64, JobState)>),
    AtLimit((i64, JobState)),
}

/// A stretch of fire times and what became of it.
pub(super) type Decided = (FireRange, Outcome);
