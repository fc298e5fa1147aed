//! A job without its definition.

use punctual_core::{JobState, Outcome, Policies};
use punctual_store::Statistics;

use super::Ended;

/// A job as a request sees it.
#[derive(Debug)]
pub(crate) struct HeldJob {
    pub(crate) id: Box<str>,
    pub(crate) state: JobState,
    /// Nothing if they, or its state, cannot be read: then nothing of the job can be claimed.
    pub(crate) policies: Option<Policies>,
    pub(super) statistics: Tally,
    /// How many entries of the ledger were made of it.
    pub(crate) entries: u64,
    /// Its open runs as far as they are held, and those that are over by now.
    pub(super) runs: Vec<punctual_core::RunId>,
    /// Whether its definition can be read, as far as that was looked at.
    pub(super) is_readable: bool,
    /// Whether its schedule is to be written.
    pub(crate) has_moved: bool,
    /// Whether its counts are to be written.
    pub(crate) has_counted: bool,
    /// Whether it leaves the store.
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

    /// Counts an entry of the ledger, and answers which one it is.
    pub(super) fn enter(&mut self) -> u64 {
        self.has_counted = true;
        self.entries += 1;
        self.entries
    }

    /// Its statistics, which are to be written then.
    pub(super) fn count(&mut self) -> &mut Statistics {
        self.has_counted = true;
        self.statistics.open()
    }

    pub(super) fn count_end(&mut self, ended: &Ended, outcome: Outcome) {
        let took = |started| ended.finished.saturating_sub(started).max(0).unsigned_abs();
        let took = ended.started.map(took);
        self.count().end(ended.id, outcome, took);
    }

    /// Its statistics as text, if they have changed.
    pub(crate) fn statistics_text(&self) -> Option<String> {
        let statistics = self.statistics.open.as_ref()?;
        serde_json::to_string(statistics).ok()
    }
}

/// Statistics that are read from their text only if something is to be counted.
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
            // They are derived: damaged ones begin anew.
            let read = text.and_then(|text| serde_json::from_str(text).ok());
            read.unwrap_or_default()
        })
    }
}
