//! Changes since a store was asked for due jobs, whose answer may be older.

use hashbrown::HashMap;
use punctual_core::JobState;

/// The reads that are on their way, and the jobs that this node has moved on since they were sent.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    on_their_way: u32,
    /// The revisions of jobs that claims have moved on, by incarnation.
    moved: HashMap<u64, u64>,
}

impl Reads {
    /// Notes that the store was asked.
    pub(crate) fn begin(&mut self) {
        self.on_their_way += 1;
    }

    /// Notes that an answer of the store was handled.
    pub(crate) fn end(&mut self) {
        self.on_their_way = self.on_their_way.saturating_sub(1);
        if self.on_their_way == 0 {
            self.moved = HashMap::new();
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn on_their_way(&self) -> u32 {
        self.on_their_way
    }

    #[cfg(feature = "testing")]
    pub(crate) fn is_empty(&self) -> bool {
        self.moved.is_empty()
    }

    /// Notes that a claim has moved a job on.
    pub(crate) fn moved_on(&mut self, incarnation: u64, revision: u64) {
        if self.on_their_way > 0 {
            self.moved.insert(incarnation, revision);
        }
    }

    /// Returns true if a row that was read is older than what is known.
    pub(crate) fn is_outdated(&self, state: &JobState) -> bool {
        let moved = self.moved.get(&state.incarnation);
        moved.is_some_and(|revision| state.revision < *revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(incarnation: u64, revision: u64) -> JobState {
        let mut state = JobState::default();
        (state.incarnation, state.revision) = (incarnation, revision);
        state
    }

    #[test]
    fn a_row_that_was_read_before_its_job_moved_on_is_outdated() {
        let mut reads = Reads::default();
        reads.moved_on(1, 5);
        assert!(!reads.is_outdated(&row(1, 4)), "a later reading is newer");
        reads.begin();
        reads.begin();
        reads.moved_on(1, 5);
        reads.end();
        assert!(reads.is_outdated(&row(1, 4)), "one is still on its way");
        assert!(!reads.is_outdated(&row(1, 5)));
        assert!(!reads.is_outdated(&row(2, 4)));
        reads.end();
        assert!(!reads.is_outdated(&row(1, 4)));
    }
}
