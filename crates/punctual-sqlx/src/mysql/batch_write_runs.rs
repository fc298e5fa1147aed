//! Writes the runs of a request after it has decided.

use std::collections::{HashMap, HashSet};

use punctual_core::{Count, RunId};
use punctual_store::batch::Owner;
use punctual_store::{Lease, OpenState};

use super::at::At;
use super::values::Value;
use crate::row::origin_word;
use crate::row::words;
use crate::rows::{Ended, HeldRange, HeldRows, HeldRun};

const NEW: (&str, &str) = (
    "INSERT INTO {runs} (id, opened, job, nth, birth, incarnation, origin, fire_time, token, state, \
     node, epoch, ends_instance, cancel, started, finished, attempts, result_json, error, range_last, \
     range_count, range_at_least, args_json, turn) VALUES ",
    "",
);

/// `nth` of a run never changes. It carries which columns are to be left as they are.
const CHANGED: (&str, &str) = (
    "INSERT INTO {runs} (id, token, state, due, reruns, attempts, cancel, node, epoch, started, error, \
     nth) VALUES ",
    " ON DUPLICATE KEY UPDATE token = VALUES(token), state = VALUES(state), due = VALUES(due), \
     reruns = VALUES(reruns), attempts = VALUES(attempts), cancel = VALUES(cancel), \
     node = IF(VALUES(nth) & 1, VALUES(node), node), epoch = IF(VALUES(nth) & 1, VALUES(epoch), epoch), \
     started = IF(VALUES(nth) & 2, VALUES(started), started), \
     error = IF(VALUES(nth) & 2, VALUES(error), error)",
);

/// `nth` carries whether the run belonged to no node.
const ENDED: (&str, &str) = (
    "INSERT INTO {runs} (id, state, started, finished, attempts, result_json, error, nth, turn) VALUES ",
    " ON DUPLICATE KEY UPDATE state = VALUES(state), started = VALUES(started), \
     finished = VALUES(finished), attempts = VALUES(attempts), result_json = VALUES(result_json), \
     error = VALUES(error), node = IF(VALUES(nth) = 1, NULL, node), \
     epoch = IF(VALUES(nth) = 1, NULL, epoch), due = NULL, turn = VALUES(turn)",
);

/// Returns the statements that write runs. Some are new, among them ranges of fire times without runs,
/// some stay open, and some end.
pub(super) fn texts_of_runs(
    at: &At<'_>,
    held: &HeldRows,
    by: Option<&Lease>,
    turn: u64,
) -> Vec<String> {
    let ended: HashMap<_, _> = held.ended.iter().map(|end| (end.id, end)).collect();
    let opened = held
        .opened()
        .map(|run| new_run(run, by, ended.get(&run.id).copied(), turn));
    let ranges = held.ranges.iter();
    let ranges = ranges.map(|range| new_range(held, range, turn));
    let mut statements = at.text_of_rows(NEW, opened.chain(ranges));
    let kept: HashSet<RunId> = held.attempts.iter().map(|kept| kept.id).collect();
    let changed = held.changed();
    let changed = changed.map(|run| changed_run(run, by, kept.contains(&run.id)));
    statements.extend(at.text_of_rows(CHANGED, changed));
    let over = held.ended.iter().filter(|end| !end.is_new);
    statements.extend(at.text_of_rows(ENDED, over.map(|end| ended_run(held, end, turn))));
    statements
}

fn new_run<'h>(
    run: &'h HeldRun,
    by: Option<&'h Lease>,
    ended: Option<&'h Ended>,
    turn: u64,
) -> Vec<Value<'h>> {
    let (key, view) = (&run.key, &run.view);
    let owner = by.filter(|_| view.owner == Owner::Own);
    let state = ended.map_or(words::open_word(view.state), |end| end.state);
    vec![
        run.id.0.into(),
        run.opened.timestamp_micros().into(),
        (*run.job).into(),
        run.nth.into(),
        view.birth.into(),
        key.incarnation.into(),
        origin_word(key.origin).into(),
        key.fire_time.timestamp_micros().into(),
        view.token.into(),
        state.into(),
        owner.map(|lease| &*lease.node).into(),
        owner.map(|lease| lease.epoch).into(),
        view.ends_instance.into(),
        // A later claim of the same request may replace the run.
        view.cancel.map(words::cancel_word).into(),
        ended.and_then(|end| end.started).into(),
        ended.map(|end| end.finished).into(),
        ended.map_or(0, |end| end.attempts).into(),
        ended.and_then(|end| end.result.as_deref()).into(),
        ended.and_then(|end| end.error.as_deref()).into(),
        Value::Null,
        Value::Null,
        false.into(),
        run.args.as_deref().into(),
        turn.into(),
    ]
}

fn new_range<'h>(held: &'h HeldRows, held_range: &'h HeldRange, turn: u64) -> Vec<Value<'h>> {
    let (job, range) = (&held.jobs[held_range.row], &held_range.range);
    let (key, decided) = (&range.key, range.decided.timestamp_micros());
    let (count, range_at_least) = match range.range.count {
        Count::Exact(count) => (count, false),
        Count::AtLeast(count) => (count, true),
    };
    vec![
        range.id.0.into(),
        decided.into(),
        (*job.id).into(),
        held_range.nth.into(),
        job.state.birth.into(),
        key.incarnation.into(),
        origin_word(key.origin).into(),
        key.fire_time.timestamp_micros().into(),
        0_i64.into(),
        words::word(range.outcome).into(),
        Value::Null,
        Value::Null,
        false.into(),
        Value::Null,
        Value::Null,
        decided.into(),
        0_i64.into(),
        Value::Null,
        Value::Null,
        range.range.last.timestamp_micros().into(),
        count.into(),
        range_at_least.into(),
        range.args.as_deref().into(),
        turn.into(),
    ]
}

/// An owner that has not changed is not written, nor is what an attempt left that ended before.
fn changed_run<'h>(run: &'h HeldRun, by: Option<&'h Lease>, is_kept: bool) -> Vec<Value<'h>> {
    let view = &run.view;
    let due = match view.state {
        OpenState::Retrying { due } => Some(due),
        OpenState::Queued | OpenState::Running => None,
    };
    let (owner, has_owner) = match view.owner {
        Owner::Own => (by, true),
        Owner::Free => (None, true),
        Owner::Other => (None, false),
    };
    vec![
        run.id.0.into(),
        view.token.into(),
        words::open_word(view.state).into(),
        due.into(),
        view.reruns.into(),
        view.attempts.into(),
        view.cancel.map(words::cancel_word).into(),
        owner.map(|lease| &*lease.node).into(),
        owner.map(|lease| lease.epoch).into(),
        run.started.filter(|_| is_kept).into(),
        run.failure.as_deref().filter(|_| is_kept).into(),
        (i64::from(has_owner) + 2 * i64::from(is_kept)).into(),
    ]
}

fn ended_run<'h>(held: &'h HeldRows, end: &'h Ended, turn: u64) -> Vec<Value<'h>> {
    vec![
        end.id.0.into(),
        end.state.into(),
        end.started.into(),
        end.finished.into(),
        end.attempts.into(),
        end.result.as_deref().into(),
        error_of(held, end).into(),
        end.is_free.into(),
        turn.into(),
    ]
}

/// Returns the error that a run leaves, which is that of an earlier attempt if the last one left
/// neither a result nor an error.
fn error_of<'h>(held: &'h HeldRows, end: &'h Ended) -> Option<&'h str> {
    if end.result.is_some() {
        return None;
    }
    let earlier = || held.held(end.id)?.failure.as_deref();
    end.error.as_deref().or_else(earlier)
}
