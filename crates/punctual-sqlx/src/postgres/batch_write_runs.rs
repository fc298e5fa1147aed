//! Writes the runs of a request after it has decided.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use punctual_core::{Count, RunId};
use punctual_store::batch::Owner;
use punctual_store::{Error, Lease, OpenState};

use super::at::number;
use super::values::{Columns, Draft, clean};
use crate::row::origin_word;
use crate::row::words;
use crate::rows::{Ended, HeldRange, HeldRows, HeldRun};

/// A row that is new.
#[derive(Default)]
struct New<'h> {
    id: i64,
    opened: i64,
    job: &'h str,
    nth: i64,
    birth: i64,
    incarnation: i64,
    origin: &'static str,
    fire_time: i64,
    token: i64,
    state: &'static str,
    node: Option<&'h str>,
    epoch: Option<i64>,
    ends_instance: bool,
    cancel: Option<&'static str>,
    started: Option<i64>,
    finished: Option<i64>,
    attempts: i64,
    result: Option<Cow<'h, str>>,
    error: Option<Cow<'h, str>>,
    range_last: Option<i64>,
    range_count: Option<i64>,
    range_at_least: bool,
    args: Option<&'h str>,
}

/// Adds the parts that write runs. Some are new, among them ranges of fire times without runs, some
/// stay open, and some end.
pub(super) fn write_runs(
    draft: &mut Draft,
    held: &HeldRows,
    by: Option<&Lease>,
) -> Result<(), Error> {
    let ended: HashMap<_, _> = held.ended.iter().map(|end| (end.id, end)).collect();
    let opened = held
        .opened()
        .map(|run| new_run(run, by, ended.get(&run.id).copied()));
    let ranges = held.ranges.iter().map(|range| new_range(held, range));
    let new: Vec<_> = opened.chain(ranges).collect();
    let count = new.len();
    insert(draft, &new)?;
    change(draft, held, by)?;
    end(draft, held, count)
}

fn new_run<'h>(run: &'h HeldRun, by: Option<&'h Lease>, ended: Option<&'h Ended>) -> New<'h> {
    let (key, view) = (&run.key, &run.view);
    let owner = by.filter(|_| view.owner == Owner::Own);
    let open = New {
        id: number(run.id.0),
        opened: run.opened.timestamp_micros(),
        job: &run.job,
        nth: number(run.nth),
        birth: number(view.birth),
        incarnation: number(key.incarnation),
        origin: origin_word(key.origin),
        fire_time: key.fire_time.timestamp_micros(),
        token: number(view.token),
        state: words::open_word(view.state),
        node: owner.map(|lease| &*lease.node),
        epoch: owner.map(|lease| number(lease.epoch)),
        ends_instance: view.ends_instance,
        // A later claim of the same request may replace the run.
        cancel: view.cancel.map(words::cancel_word),
        args: run.args.as_deref(),
        ..New::default()
    };
    match ended {
        None => open,
        Some(end) => New {
            state: end.state,
            started: end.started,
            finished: Some(end.finished),
            attempts: end.attempts.into(),
            result: end.result.as_deref().map(clean),
            error: end.error.as_deref().map(clean),
            ..open
        },
    }
}

fn new_range<'h>(held: &'h HeldRows, held_range: &'h HeldRange) -> New<'h> {
    let (job, range) = (&held.jobs[held_range.row], &held_range.range);
    let (key, decided) = (&range.key, range.decided.timestamp_micros());
    let (count, range_at_least) = match range.range.count {
        Count::Exact(count) => (count, false),
        Count::AtLeast(count) => (count, true),
    };
    New {
        id: number(range.id.0),
        opened: decided,
        job: &job.id,
        nth: number(held_range.nth),
        birth: number(job.state.birth),
        incarnation: number(key.incarnation),
        origin: origin_word(key.origin),
        fire_time: key.fire_time.timestamp_micros(),
        state: words::word(range.outcome),
        finished: Some(decided),
        range_last: Some(range.range.last.timestamp_micros()),
        range_count: Some(number(count)),
        range_at_least,
        args: range.args.as_deref(),
        ..New::default()
    }
}

fn insert(draft: &mut Draft, new: &[New<'_>]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::default();
    let c = &mut columns;
    macro_rules! column {
        ($name:ident: $kind:literal) => {
            let values = new.iter().map(|row| row.$name).collect();
            c.add(draft, (stringify!($name), $kind), values)?;
        };
        ($name:ident as text) => {
            let values = new.iter().map(|row| row.$name.as_deref()).collect();
            c.add::<Option<&str>>(draft, (stringify!($name), "text"), values)?;
        };
    }
    column!(id: "bigint");
    column!(opened: "bigint");
    column!(job: "text");
    column!(nth: "bigint");
    column!(birth: "bigint");
    column!(incarnation: "bigint");
    column!(origin: "text");
    column!(fire_time: "bigint");
    column!(token: "bigint");
    column!(state: "text");
    column!(node: "text");
    column!(epoch: "bigint");
    column!(ends_instance: "boolean");
    column!(cancel: "text");
    column!(started: "bigint");
    column!(finished: "bigint");
    column!(attempts: "bigint");
    column!(result as text);
    column!(error as text);
    column!(range_last: "bigint");
    column!(range_count: "bigint");
    column!(range_at_least: "boolean");
    column!(args: "text");
    let table = columns.table("r");
    draft.part(
        "opened",
        &format!(
            "(INSERT INTO {{runs}} (id, opened, job, nth, birth, incarnation, origin, fire_time, token, \
             state, node, epoch, ends_instance, cancel, started, finished, attempts, result_json, error, \
             range_last, range_count, range_at_least, args_json, change) SELECT r.id, r.opened, r.job, r.nth, \
             r.birth, r.incarnation, r.origin, r.fire_time, r.token, r.state, r.node, r.epoch, \
             r.ends_instance, r.cancel, r.started, r.finished, r.attempts, r.result, r.error, \
             r.range_last, r.range_count, r.range_at_least, r.args, turn.change + r.place FROM turn, {table})"
        ),
    );
    Ok(())
}

/// Adds the part that writes runs that stay open and have changed. An owner that has not changed is
/// not written, nor is what an attempt left that ended before.
///
/// Runs are found by their numbers. Whether they are open is asked in a way that no partial index
/// serves, because a server that takes open runs for few would walk through all of them.
fn change(draft: &mut Draft, held: &HeldRows, by: Option<&Lease>) -> Result<(), Error> {
    let runs: Vec<_> = held.changed().collect();
    if runs.is_empty() {
        return Ok(());
    }
    let kept: HashSet<RunId> = held.attempts.iter().map(|kept| kept.id).collect();
    let mut columns = Columns::default();
    let c = &mut columns;
    let ids = runs.iter().map(|run| number(run.id.0)).collect();
    c.add::<i64>(draft, ("id", "bigint"), ids)?;
    let tokens = runs.iter().map(|run| number(run.view.token)).collect();
    c.add::<i64>(draft, ("token", "bigint"), tokens)?;
    let states = runs.iter().map(|run| words::open_word(run.view.state));
    c.add::<&str>(draft, ("state", "text"), states.collect())?;
    let due = runs.iter().map(|run| match run.view.state {
        OpenState::Retrying { due } => Some(due),
        OpenState::Queued | OpenState::Running => None,
    });
    c.add::<Option<i64>>(draft, ("due", "bigint"), due.collect())?;
    let reruns = runs.iter().map(|run| run.view.reruns.into()).collect();
    c.add::<i64>(draft, ("reruns", "bigint"), reruns)?;
    let attempts = runs.iter().map(|run| run.view.attempts.into()).collect();
    c.add::<i64>(draft, ("attempts", "bigint"), attempts)?;
    let cancels = runs
        .iter()
        .map(|run| run.view.cancel.map(words::cancel_word));
    c.add::<Option<&str>>(draft, ("cancel", "text"), cancels.collect())?;
    let owners = runs.iter().map(|run| match run.view.owner {
        Owner::Own => "own",
        Owner::Free => "free",
        Owner::Other => "other",
    });
    c.add::<&str>(draft, ("owner", "text"), owners.collect())?;
    let are_kept = runs.iter().map(|run| kept.contains(&run.id)).collect();
    c.add::<bool>(draft, ("is_kept", "boolean"), are_kept)?;
    let started = runs.iter().map(|run| run.started).collect();
    c.add::<Option<i64>>(draft, ("started", "bigint"), started)?;
    let failures: Vec<_> = runs
        .iter()
        .map(|run| run.failure.as_deref().filter(|_| kept.contains(&run.id)))
        .map(|failure| failure.map(clean))
        .collect();
    let failures = failures.iter().map(Option::as_deref).collect();
    c.add::<Option<&str>>(draft, ("failure", "text"), failures)?;
    let table = columns.table("r");
    let node = draft.bind(by.map(|lease| &*lease.node))?;
    let epoch = draft.bind(by.map(|lease| number(lease.epoch)))?;
    draft.part(
        "changed",
        &format!(
            "(UPDATE {{runs}} AS o SET token = r.token, state = r.state, due = r.due, \
             reruns = r.reruns, attempts = r.attempts, cancel = r.cancel, \
             node = CASE r.owner WHEN 'own' THEN ${node}::text WHEN 'free' THEN NULL ELSE o.node END, \
             epoch = CASE r.owner WHEN 'own' THEN ${epoch}::bigint WHEN 'free' THEN NULL ELSE o.epoch END, \
             started = CASE WHEN r.is_kept THEN r.started ELSE o.started END, \
             error = CASE WHEN r.is_kept THEN r.failure ELSE o.error END \
             FROM turn, {table} WHERE o.id = r.id AND num_nulls(o.finished) = 1)"
        ),
    );
    Ok(())
}

/// Adds the part that ends runs that were open before. `before` rows of the transaction come before
/// them in the feed.
fn end(draft: &mut Draft, held: &HeldRows, before: usize) -> Result<(), Error> {
    let rows: Vec<_> = held.ended.iter().filter(|end| !end.is_new).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::default();
    let c = &mut columns;
    let ids = rows.iter().map(|end| number(end.id.0)).collect();
    c.add::<i64>(draft, ("id", "bigint"), ids)?;
    let states = rows.iter().map(|end| end.state).collect();
    c.add::<&str>(draft, ("state", "text"), states)?;
    let started = rows.iter().map(|end| end.started).collect();
    c.add::<Option<i64>>(draft, ("started", "bigint"), started)?;
    let finished = rows.iter().map(|end| end.finished).collect();
    c.add::<i64>(draft, ("finished", "bigint"), finished)?;
    let attempts = rows.iter().map(|end| end.attempts.into()).collect();
    c.add::<i64>(draft, ("attempts", "bigint"), attempts)?;
    let results: Vec<_> = rows
        .iter()
        .map(|end| end.result.as_deref().map(clean))
        .collect();
    let results = results.iter().map(Option::as_deref).collect();
    c.add::<Option<&str>>(draft, ("result", "text"), results)?;
    let errors: Vec<_> = rows
        .iter()
        .map(|end| error_of(held, end).map(clean))
        .collect();
    let errors = errors.iter().map(Option::as_deref).collect();
    c.add::<Option<&str>>(draft, ("failure", "text"), errors)?;
    let are_free = rows.iter().map(|end| end.is_free).collect();
    c.add::<bool>(draft, ("is_free", "boolean"), are_free)?;
    let table = columns.table("r");
    let before = draft.bind(before as i64)?;
    draft.part(
        "ended",
        &format!(
            "(UPDATE {{runs}} AS o SET state = r.state, started = r.started, finished = r.finished, \
             attempts = r.attempts, result_json = r.result, error = r.failure, \
             node = CASE WHEN r.is_free THEN NULL ELSE o.node END, \
             epoch = CASE WHEN r.is_free THEN NULL ELSE o.epoch END, \
             change = turn.change + ${before} + r.place \
             FROM turn, {table} WHERE o.id = r.id AND num_nulls(o.finished) = 1)"
        ),
    );
    Ok(())
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
