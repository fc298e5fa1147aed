//! Rules about claims and runs.

use punctual_core::plan::{Plan, plan};
use punctual_core::{
    CancelReason, Count, Date, FireRange, Interval, Job, JobId, MissReason, Origin, Outcome,
    Overlap, Policies, PoliciesBuilder, RunId, RunState, SkipReason, Unlimited,
};

use super::fixture::{
    add, advance, at, claim, claim_of, current, decided, due, due_job, ended, expect, insert, job,
    manual_of, node, queueing, request, text, won,
};
use crate::{
    CancelRequest, Claim, ClaimAnswer, ClaimKind, DueRequest, EndText, JobStore, Lease, OnConflict,
    OpenState, RunEnd, RunFilter, StoredJob,
};

pub(super) async fn one_winner(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (one, two) = (node(store, "one").await?, node(store, "two").await?);
    let claims = || vec![advance(&stored, 0, at(10))];
    let first = claim(store, &one, claims(), vec![]).await.map_err(text)?;
    let second = claim(store, &two, claims(), vec![]).await.map_err(text)?;
    won(&first, 0)?;
    let lost = matches!(&second.answers[..], [ClaimAnswer::Lost(Some(_))]);
    expect("the second claim is lost", lost, true)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    expect("the runs of the fire time", runs.len(), 1)?;
    expect(
        "the next fire time",
        current(store, "a").await?.state.next_run_time,
        Some(at(20)),
    )
}

fn manual(stored: &StoredJob) -> Claim {
    let mut plan = decided(stored, 0, at(10));
    plan.start = vec![at(11)];
    manual_of(stored, plan)
}

pub(super) async fn limit(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let node = node(store, "one").await?;
    let claims = vec![advance(&stored, 0, at(10)), manual(&stored)];
    let reply = claim(store, &node, claims, vec![]).await.map_err(text)?;
    won(&reply, 0)?;
    let refused =
        matches!(reply.answers.get(1), Some(ClaimAnswer::AtLimit(row)) if row.state.running == 1);
    expect("a second instance is at the limit", refused, true)?;
    expect("the instances", current(store, "a").await?.state.running, 1)
}

/// A request whose answer was lost is sent again, first while the run is open, then when it is
/// over.
pub(super) async fn by_hand(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies::new()
        .max_instances(Unlimited)
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "a", policies).await?;
    let node = node(store, "one").await?;
    let mut request = request(&node, vec![manual(&stored)], vec![]);
    let run = won(&store.claim(&request).await.map_err(text)?, 0)?.first;
    request.is_repeated = true;
    for _ in 0..2 {
        let reply = store.claim(&request).await.map_err(text)?;
        let is_lost = matches!(&reply.answers[..], [ClaimAnswer::Lost(Some(_))]);
        expect("its key is used", is_lost, true)?;
        request.ends = vec![ended(run)];
    }
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    expect("the runs by hand", runs.len(), 1)
}

pub(super) async fn ends(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let node = node(store, "one").await?;
    let reply = claim(store, &node, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let run = won(&reply, 0)?.first;
    let stored = current(store, "a").await?;
    let twice = vec![ended(run), ended(run)];
    let reply = claim(store, &node, vec![manual(&stored)], twice)
        .await
        .map_err(text)?;
    won(&reply, 0)?;
    expect("the instances", current(store, "a").await?.state.running, 1)?;
    let id = stored.job.id().clone();
    let statistics = store.statistics(id.clone()).await.map_err(text)?;
    expect("the runs that succeeded", statistics.succeeded, 1)?;
    let runs = store.runs(RunFilter::job(id)).await.map_err(text)?;
    let states: Vec<_> = runs.iter().map(|run| (run.key.origin, run.state)).collect();
    let wanted = vec![
        (Origin::Manual, RunState::Running),
        (Origin::Scheduled, RunState::Ended(Outcome::Succeeded)),
    ];
    expect("the ledger", states, wanted)
}

pub(super) async fn one_shot(store: &dyn JobStore) -> Result<(), String> {
    let trigger = Date::at(at(10)).build().map_err(text)?;
    let job = Job::new(JobId::new("once").map_err(text)?, "task", trigger);
    let stored = add(store, insert(job, due(at(10)))).await.map_err(text)?;
    let node = node(store, "one").await?;
    let reply = claim(store, &node, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let run = won(&reply, 0)?.first;
    expect(
        "it has no next fire time",
        current(store, "once").await?.state.next_run_time,
        None,
    )?;
    let reply = claim(store, &node, vec![], vec![ended(run)])
        .await
        .map_err(text)?;
    expect("the jobs that left", reply.removed.len(), 1)?;
    let id = stored.job.id().clone();
    expect(
        "the job is gone",
        store.get(id.clone()).await.map_err(text)?.is_none(),
        true,
    )?;
    let runs = store.runs(RunFilter::job(id)).await.map_err(text)?;
    expect("its runs are kept", runs.len(), 1)
}

/// Numbers are unique, and the tokens of an id grow even if its jobs are removed.
pub(super) async fn numbers(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let mut seen = std::collections::BTreeSet::new();
    let mut last = 0;
    for id in ["a", "b", "a", "c", "a"] {
        let name = JobId::new(id).map_err(text)?;
        store.remove(name, at(9)).await.map_err(text)?;
        let stored = due_job(store, id, Policies::default()).await?;
        let claims = vec![advance(&stored, 0, at(10))];
        let reply = claim(store, &node, claims, vec![]).await.map_err(text)?;
        let won = won(&reply, 0)?;
        expect("the number is new", seen.insert(won.first), true)?;
        if id == "a" {
            expect("the token grows", won.token > last, true)?;
            last = won.token;
        }
    }
    Ok(())
}

/// Adds a job with a run under way and one that waits, and returns the number of the first.
async fn with_queue(store: &dyn JobStore, node: &Lease) -> Result<(StoredJob, RunId), String> {
    let stored = due_job(store, "a", queueing()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, node, claims, vec![]).await.map_err(text)?;
    let running = won(&reply, 0)?.first;
    let stored = current(store, "a").await?;
    let claims = vec![advance(&stored, 1, at(20))];
    let reply = claim(store, node, claims, vec![]).await.map_err(text)?;
    won(&reply, 0)?;
    expect("what is handed out", reply.handed, vec![])?;
    let stored = current(store, "a").await?;
    expect("the waiting runs", stored.state.queued, 1)?;
    Ok((stored, running))
}

/// A waiting run belongs to no node. The first node that asks gets it once there is room.
pub(super) async fn promote(store: &dyn JobStore) -> Result<(), String> {
    let (one, other) = (node(store, "one").await?, node(store, "other").await?);
    let (stored, running) = with_queue(store, &one).await?;
    let promote = || vec![claim_of(&stored, ClaimKind::Promote)];
    let reply = claim(store, &other, promote(), vec![]).await;
    let answers = reply.map_err(text)?.answers;
    let refused = matches!(answers[..], [ClaimAnswer::AtLimit(_)]);
    expect("there is no room yet", refused, true)?;
    let mut ending = request(&one, vec![], vec![ended(running)]);
    ending.takes_waiting = false;
    let reply = store.claim(&ending).await.map_err(text)?;
    expect("a node that takes none", reply.handed, vec![])?;
    let reply = claim(store, &other, promote(), vec![])
        .await
        .map_err(text)?;
    won(&reply, 0)?;
    let [handed] = &reply.handed[..] else {
        return Err(format!("it is not handed out: {reply:?}"));
    };
    let run = &handed.runs[0];
    expect("its fire time", run.key.fire_time, at(20))?;
    expect("it is under way", run.state, OpenState::Running)?;
    expect("the job", &handed.job.job, &stored.job)?;
    let state = current(store, "a").await?.state;
    expect("running and waiting", (state.running, state.queued), (1, 0))?;
    let reply = claim(store, &one, promote(), vec![]).await.map_err(text)?;
    let lost = matches!(reply.answers[..], [ClaimAnswer::Lost(Some(_))]);
    expect("it is handed out once", lost, true)
}

/// The node whose run frees the instance gets the next run in the same change.
pub(super) async fn hand_out(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let (_, running) = with_queue(store, &node).await?;
    let reply = claim(store, &node, vec![], vec![ended(running)]).await;
    let reply = reply.map_err(text)?;
    expect("what is handed out", reply.handed.len(), 1)?;
    let id = reply.handed[0].runs[0].id;
    claim(store, &node, vec![], vec![ended(id)])
        .await
        .map_err(text)?;
    let state = current(store, "a").await?.state;
    expect("running and waiting", (state.running, state.queued), (0, 0))
}

/// The limit of a queue holds for the job on all nodes together.
pub(super) async fn queue_limit(store: &dyn JobStore) -> Result<(), String> {
    let one = node(store, "one").await?;
    let policies = PoliciesBuilder::from(queueing())
        .overlap(Overlap::queue(1))
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "a", policies).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    won(&claim(store, &one, claims, vec![]).await.map_err(text)?, 0)?;
    let stored = current(store, "a").await?;
    let claims = vec![advance(&stored, 1, at(20))];
    won(&claim(store, &one, claims, vec![]).await.map_err(text)?, 0)?;
    // Another node, which has seen nothing wait.
    let stored = current(store, "a").await?;
    let mut view = stored.job.view(&stored.state);
    (view.running, view.queued) = (1, 0);
    let kind = ClaimKind::Advance {
        revision: stored.state.revision,
        plan: plan(&view, at(30)),
    };
    let other = node(store, "other").await?;
    let claims = vec![claim_of(&stored, kind)];
    let reply = claim(store, &other, claims, vec![]).await.map_err(text)?;
    let refused =
        matches!(reply.answers.first(), Some(ClaimAnswer::AtLimit(row)) if row.state.queued == 1);
    expect("the queue is full", refused, true)?;
    no_queue(store, &other).await
}

/// An edit takes the queue away after a run by hand was planned.
async fn no_queue(store: &dyn JobStore, node: &Lease) -> Result<(), String> {
    let stored = due_job(store, "b", Policies::default()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    won(&claim(store, node, claims, vec![]).await.map_err(text)?, 0)?;
    let mut plan = decided(&stored, 0, at(10));
    plan.queue = std::mem::take(&mut plan.start);
    let claims = vec![manual_of(&stored, plan)];
    let reply = claim(store, node, claims, vec![]).await.map_err(text)?;
    let refused =
        matches!(reply.answers.first(), Some(ClaimAnswer::AtLimit(row)) if row.state.queued == 0);
    expect(
        "a job without a queue refuses a run that would wait",
        refused,
        true,
    )
}

/// A run between two attempts belongs to no node and keeps its instance.
pub(super) async fn retry(store: &dyn JobStore) -> Result<(), String> {
    let (one, other) = (node(store, "one").await?, node(store, "other").await?);
    let stored = due_job(store, "a", Policies::default()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let first = won(&claim(store, &one, claims, vec![]).await.map_err(text)?, 0)?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        retry_at: Some(at(60).timestamp_micros()),
        text: Some(EndText::Error("smtp down".into())),
        ..ended(first.first)
    };
    claim(store, &one, vec![], vec![failed])
        .await
        .map_err(text)?;
    store.leave(one).await.map_err(text)?;
    let state = current(store, "a").await?.state;
    expect("it keeps its instance", state.running, 1)?;
    let due = store
        .due(DueRequest::through(at(50), 9))
        .await
        .map_err(text)?;
    expect("it is not due yet", due.waiting, vec![])?;
    let due = store
        .due(DueRequest::through(at(60), 9))
        .await
        .map_err(text)?;
    let waiting: Vec<_> = due.waiting.iter().map(|job| job.due).collect();
    expect("it is due", waiting, vec![at(60)])?;
    let mut asking = request(&other, vec![claim_of(&stored, ClaimKind::Promote)], vec![]);
    let reply = store.claim(&asking).await.map_err(text)?;
    expect("before it is due", reply.handed.len(), 0)?;
    asking.now = at(60);
    let reply = store.claim(&asking).await.map_err(text)?;
    let [handed] = &reply.handed[..] else {
        return Err(format!("it is not handed out: {reply:?}"));
    };
    let run = &handed.runs[0];
    expect("its number", run.id, first.first)?;
    expect("its token grows", run.token > first.token, true)?;
    let kept = (run.attempts, run.started, run.failure.as_deref());
    let started = Some(at(10).timestamp_micros());
    expect("what is kept", kept, (1, started, Some("smtp down")))?;
    no_retry(store).await?;
    no_retry_of_what_is_cancelled(store).await
}

/// The attempt fails before the caller cancels the run, and its node reports that afterwards. The
/// run is ended by the caller, so its end is not earlier than the request.
async fn no_retry_of_what_is_cancelled(store: &dyn JobStore) -> Result<(), String> {
    let one = node(store, "fourth").await?;
    let stored = due_job(store, "c", Policies::default()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let first = won(&claim(store, &one, claims, vec![]).await.map_err(text)?, 0)?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        retry_at: Some(at(60).timestamp_micros()),
        finished: at(20).timestamp_micros(),
        ..ended(first.first)
    };
    let cancelled = CancelRequest {
        run: first.first,
        reason: CancelReason::User,
        now: at(30),
    };
    store.cancel(cancelled).await.map_err(text)?;
    let mut told = request(&one, vec![], vec![failed]);
    told.now = at(40);
    store.claim(&told).await.map_err(text)?;
    let id = stored.job.id().clone();
    let runs = store.runs(RunFilter::job(id)).await.map_err(text)?;
    let ends: Vec<_> = runs.iter().map(|run| (run.state, run.finished)).collect();
    let user = RunState::Ended(Outcome::Cancelled(CancelReason::User));
    expect("how and when it ended", ends, vec![(user, Some(at(40)))])
}

/// A waiting run ends with its job, so an attempt of a removed job is the last one.
async fn no_retry(store: &dyn JobStore) -> Result<(), String> {
    let one = node(store, "third").await?;
    let stored = due_job(store, "b", Policies::default()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let first = won(&claim(store, &one, claims, vec![]).await.map_err(text)?, 0)?;
    let id = stored.job.id().clone();
    store.remove(id.clone(), at(11)).await.map_err(text)?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        retry_at: Some(at(60).timestamp_micros()),
        ..ended(first.first)
    };
    claim(store, &one, vec![], vec![failed])
        .await
        .map_err(text)?;
    let runs = store.runs(RunFilter::job(id)).await.map_err(text)?;
    let states: Vec<_> = runs.iter().map(|run| run.state.outcome()).collect();
    expect("how it ended", states, vec![Some(Outcome::Failed)])
}

/// When a job is edited or removed, each of its overdue fire times is decided.
pub(super) async fn passed_over(store: &dyn JobStore) -> Result<(), String> {
    let trigger = Interval::every(std::time::Duration::from_secs(7))
        .start(at(0))
        .build();
    let other = Job::new(
        JobId::new("a").map_err(text)?,
        "task",
        trigger.map_err(text)?,
    );
    due_job(store, "a", Policies::default()).await?;
    let mut again = insert(other, due(at(49)));
    again.on_conflict = OnConflict::Replace;
    again.now = at(45);
    add(store, again).await.map_err(text)?;
    let mut paused = due(at(10));
    paused.paused = true;
    add(store, insert(job("b")?, paused)).await.map_err(text)?;
    for id in ["a", "b"] {
        let id = JobId::new(id).map_err(text)?;
        store.remove(id, at(50)).await.map_err(text)?;
    }
    due_job(store, "c", Policies::default()).await?;
    store.clear(at(30)).await.map_err(text)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let mut seen: Vec<_> = runs
        .iter()
        .map(|run| {
            (
                run.job.as_str(),
                run.range.map(|range| range.count.number()),
                run.state,
            )
        })
        .collect();
    seen.sort_unstable_by_key(|(id, count, _)| (*id, *count));
    let edited = RunState::Ended(Outcome::Skipped(SkipReason::Edited));
    let missed = RunState::Ended(Outcome::Missed(MissReason::Paused));
    let wanted = vec![
        ("a", Some(1), edited),
        ("a", Some(4), edited),
        ("b", Some(5), missed),
        ("c", Some(3), edited),
    ];
    expect("what is decided", seen, wanted)
}

pub(super) async fn ranges(store: &dyn JobStore) -> Result<(), String> {
    let stored = add(store, insert(job("a")?, due(at(10))))
        .await
        .map_err(text)?;
    let node = node(store, "one").await?;
    let range = FireRange {
        first: at(10),
        last: at(40),
        count: Count::Exact(4),
    };
    let plan = Plan {
        start: vec![],
        missed: Some((range, MissReason::Grace)),
        coalesced: None,
        skipped: None,
        ..decided(&stored, 0, at(10))
    };
    let revision = stored.state.revision;
    let claims = vec![claim_of(&stored, ClaimKind::Advance { revision, plan })];
    claim(store, &node, claims, vec![]).await.map_err(text)?;
    let id = stored.job.id().clone();
    let statistics = store.statistics(id.clone()).await.map_err(text)?;
    expect("the missed fire times", statistics.missed, 4)?;
    let runs = store.runs(RunFilter::job(id)).await.map_err(text)?;
    let kept: Vec<_> = runs.iter().map(|run| (run.state, run.range)).collect();
    let outcome = RunState::Ended(Outcome::Missed(MissReason::Grace));
    expect("the ledger", kept, vec![(outcome, Some(range))])
}
