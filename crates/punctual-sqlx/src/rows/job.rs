//! A job without its definition.

use punctual_core::{JobState, Outcome, Policies};
use punctual_store::Statistics;

use super::Ended;
use crate::row::StateRow;

/// A job as a request sees it.
#[derive(Debug)]
pub(crate) struct HeldJob {
    pub(crate) id: Box<str>,
    pub(crate) state: JobState,
    /// The policies, or `None` if they or the state cannot be decoded. Such a job cannot be
    /// claimed.
    pub(crate) policies: Option<Policies>,
    pub(super) statistics: Tally,
    /// The number of entries that the ledger has got of the job.
    pub(crate) entries: u64,
    /// The runs of the job that are held, and those that have ended in this request.
    pub(super) runs: Vec<punctual_core::RunId>,
    /// False if the definition was found to be unreadable.
    pub(super) is_readable: bool,
    /// True if its schedule is to be written.
    pub(crate) has_moved: bool,
    /// True if its counts are to be written.
    pub(crate) has_counted: bool,
    /// True if it leaves the store.
    pub(crate) is_gone: bool,
}

impl HeldJob {
    pub(crate) fn new(id: &str, state: JobState, statistics: Option<&str>) -> Self {
        Self {
            id: id.into(),
            state,
            policies: Some(Policies::default()),
            statistics: Tally::new(statistics),
            entries: 0,
            runs: Vec::new(),
            is_readable: true,
            has_moved: false,
            has_counted: false,
            is_gone: false,
        }
    }

    /// Returns a job from its columns, or `None` if its counts cannot be decoded.
    pub(crate) fn read(
        id: &str,
        policies: Option<&str>,
        statistics: Option<&str>,
        entries: i64,
        state: &StateRow<'_>,
    ) -> Option<Self> {
        let decoded = state.decode();
        let is_readable = decoded.is_ok();
        let state = decoded.or_else(|_| state.counts()).ok()?;
        let mut job = Self::new(id, state, statistics);
        job.entries = entries.max(0).unsigned_abs();
        if let Some(policies) = policies {
            job.policies = serde_json::from_str(policies).ok();
        }
        job.policies = job.policies.filter(|_| is_readable);
        Some(job)
    }

    /// Counts an entry of the ledger, and returns its number.
    pub(super) fn enter(&mut self) -> u64 {
        self.has_counted = true;
        self.entries += 1;
        self.entries
    }

    /// Returns its statistics, which are written later.
    pub(super) fn count(&mut self) -> &mut Statistics {
        self.has_counted = true;
        self.statistics.open()
    }

    pub(super) fn count_end(&mut self, ended: &Ended, outcome: Outcome) {
        let (started, finished) = (ended.started, ended.finished);
        self.count()
            .end(ended.id, ended.fire_time, outcome, started, finished);
    }

    /// Returns its statistics as text, if they have changed.
    pub(crate) fn statistics_text(&self) -> Option<String> {
        let statistics = self.statistics.open.as_ref()?;
        serde_json::to_string(statistics).ok()
    }
}

/// Statistics that are parsed from their text only if something is to be counted.
#[derive(Debug)]
pub(super) struct Tally {
    text: Option<Box<str>>,
    open: Option<Statistics>,
}

impl Tally {
    fn new(text: Option<&str>) -> Self {
        Self {
            text: text.map(Into::into),
            open: None,
        }
    }

    fn open(&mut self) -> &mut Statistics {
        let text = self.text.as_deref();
        self.open.get_or_insert_with(|| {
            // Statistics are derived, so damaged ones begin anew.
            let read = text.and_then(|text| serde_json::from_str(text).ok());
            read.unwrap_or_default()
        })
    }
}
