//! Lists jobs in pieces, so that readers do not hold up claims.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use punctual_core::JobId;

use super::MemoryStore;
use super::rows::{JobRow, NONE};
use super::state::State;
use crate::{JobCursor, JobFilter, JobPage, LastRun, StoredJob};

/// The number of rows that are read under the lock before it is released. That takes well under a
/// millisecond.
const PIECE: usize = 1_024;

impl MemoryStore {
    pub(super) async fn list_in_pieces(&self, filter: JobFilter) -> JobPage {
        let mut listing = Listing::of(filter);
        poll_fn(|context| {
            if listing.look(&self.state()) {
                return Poll::Ready(());
            }
            // Lets other tokio tasks of this thread run in between.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        listing.page()
    }
}

/// A list of jobs in the making. It looks at all jobs and keeps no more of them than a page.
///
/// Each job that exists from the beginning to the end of the list is in it once, in a state that it
/// had in between. A job that is added later is not in the list, so a job that is removed and added
/// again does not appear twice.
struct Listing {
    filter: JobFilter,
    limit: usize,
    /// The next slot to read.
    next: usize,
    /// The latest birth when the list was begun. Jobs with a later birth are left out.
    latest_birth: Option<u64>,
    found: BTreeMap<(i64, JobId), (StoredJob, Option<LastRun>)>,
}

impl Listing {
    fn of(filter: JobFilter) -> Self {
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        Self {
            filter,
            limit,
            next: 0,
            latest_birth: None,
            found: BTreeMap::new(),
        }
    }

    /// Reads the next piece, and returns true if it was the last one.
    fn look(&mut self, state: &State) -> bool {
        let latest = *self
            .latest_birth
            .get_or_insert_with(|| state.rows.latest_birth());
        let (rows, next) = state.rows.piece(self.next, PIECE);
        let rows = rows.iter().flatten();
        for row in rows.filter(|row| row.state.birth <= latest) {
            self.note(state, row);
        }
        self.next = next.unwrap_or(self.next);
        next.is_none()
    }

    fn note(&mut self, state: &State, row: &JobRow) {
        let last_run = state.last_run(row);
        let last_outcome = last_run.map(|last| last.outcome);
        let rank = self.filter.order.rank(&row.state, last_outcome);
        let place = (rank, row.job.id());
        let after = self.filter.after.as_ref();
        let is_before = after.is_some_and(|after| place <= (after.rank, &after.id));
        let is_full = self.found.len() > self.limit;
        let last = self.found.last_key_value();
        let is_beyond = is_full && last.is_some_and(|((rank, id), _)| place > (*rank, id));
        if is_before || is_beyond {
            return;
        }
        let stored = row.stored();
        if self.filter.admits(&stored) {
            let found = (stored, last_run);
            self.found.insert((place.0, place.1.clone()), found);
            if self.found.len() > self.limit.saturating_add(1) {
                self.found.pop_last();
            }
        }
    }

    fn page(mut self) -> JobPage {
        let has_more = self.found.len() > self.limit;
        if has_more {
            self.found.pop_last();
        }
        let last = self.found.last_key_value().filter(|_| has_more);
        JobPage {
            next: last.map(|((rank, id), _)| JobCursor {
                rank: *rank,
                id: id.clone(),
            }),
            ranks: self.found.keys().map(|(rank, _)| *rank).collect(),
            last_runs: self.found.values().map(|(_, last)| *last).collect(),
            jobs: self.found.into_values().map(|(job, _)| job).collect(),
        }
    }
}

impl State {
    fn last_run(&self, row: &JobRow) -> Option<LastRun> {
        let history = Some(row.history).filter(|history| *history != NONE)?;
        self.ledger.statistics(history)?.last_run
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use chrono::DateTime;
    use futures::FutureExt;
    use punctual_core::{Date, Job, JobState};

    use super::*;
    use crate::{Insert, JobOrder, JobStore, OnConflict};

    fn id(id: usize) -> JobId {
        JobId::new(format!("{id:06}")).unwrap()
    }

    fn add(store: &MemoryStore, ids: impl IntoIterator<Item = usize>, next: i64) {
        let now = DateTime::UNIX_EPOCH;
        let trigger = Date::at(now).build().unwrap();
        let mut state = JobState::default();
        state.next_run_time = DateTime::from_timestamp(next, 0);
        let insert = |number| Insert {
            job: Job::new(id(number), "work", trigger.clone()).into(),
            state,
            on_conflict: OnConflict::Refuse,
            now,
        };
        let added = store.add(ids.into_iter().map(insert).collect());
        for added in added.now_or_never().unwrap().unwrap() {
            added.unwrap();
        }
    }

    fn remove(store: &MemoryStore, number: usize) {
        let removed = store.remove(id(number), DateTime::UNIX_EPOCH);
        assert!(removed.now_or_never().unwrap().unwrap().is_some());
    }

    #[test]
    fn a_list_leaves_the_lock_to_others_and_shows_each_job_once() {
        let store = MemoryStore::new();
        add(&store, 0..3 * PIECE, 1);
        let filter = JobFilter {
            order: JobOrder::NextRun,
            ..JobFilter::default()
        };
        let mut list = pin!(store.list(filter));
        let mut context = Context::from_waker(Waker::noop());
        for turn in 0..2 {
            assert!(list.poll_unpin(&mut context).is_pending(), "{turn}");
            // A job that was read comes again, due later, in the slot of a job that was not.
            let last = 3 * PIECE - 1 - turn;
            remove(&store, turn);
            remove(&store, last);
            add(&store, [turn, 3 * PIECE + turn], 2);
        }
        let Poll::Ready(page) = list.poll_unpin(&mut context) else {
            panic!("a list of three pieces takes three looks");
        };
        let jobs = page.unwrap().jobs;
        let mut ids: Vec<&str> = jobs.iter().map(|job| job.job.id().as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), jobs.len(), "each comes once");
        let mut stayed = (2..3 * PIECE - 2).map(|number| format!("{number:06}"));
        assert!(stayed.all(|id| ids.binary_search(&&*id).is_ok()));
    }

    #[test]
    fn a_list_of_few_jobs_is_there_at_the_first_look() {
        let store = MemoryStore::new();
        add(&store, 0..10, 1);
        let page = store.list(JobFilter::default()).now_or_never().unwrap();
        assert_eq!(page.unwrap().jobs.len(), 10);
    }
}
