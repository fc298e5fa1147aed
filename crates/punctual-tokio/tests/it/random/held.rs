//! What a scheduler task holds of a store, judged by the rows of the store.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_store::StoredJob;
use punctual_tokio::testing::HeldOfStore;

/// Jobs due within this time are known to the task: it reads half a minute before they are due.
const AHEAD: TimeDelta = TimeDelta::seconds(25);

/// Whether a row is due soon and will not be seen to in time.
pub(crate) fn is_forgotten(held: &HeldOfStore, row: &StoredJob, now: DateTime<Utc>) -> bool {
    let Some(next) = row.state.next_run_time.filter(|_| !row.state.paused) else {
        return false;
    };
    let jitter = row.job.policies().jitter().unwrap_or_default();
    let latest = next + jitter;
    let will_be_read = held.is_reading
        || held.beyond.is_some_and(|beyond| beyond <= latest.timestamp_micros())
        // A refill that is later than this job is told of by the task itself.
        && latest > now + AHEAD;
    let is_bound = row.job.trigger().is_bound();
    is_bound && !will_be_read && !held.sees_to.contains(&row.state.incarnation)
}
