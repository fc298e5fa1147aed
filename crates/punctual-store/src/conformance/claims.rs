//! Rules about claims and runs.

use punctual_core::plan::Plan;
use punctual_core::{
    Count, Date, FireRange, Job, JobId, MaxInstances, MissReason, Origin, Outcome, Policies,
    RunState,
};

use super::scene::{
    self, add, advance, at, claim, current, decided, due, due_job, ended, expect, insert, job,
    node, queueing, request, text, won,
};
use crate::{Claim, ClaimAnswer, ClaimKind, JobStore, RunFilter, StoredJob};

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
    Claim {
        id: stored.job.id().clone(),
        incarnation: stored.state.incarnation,
        kind: ClaimKind::Manual { plan },
    }
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

/// A request whose answer was lost is sent again: while the run is open, and when it is over.
pub(super) async fn by_hand(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies {
        max_instances: MaxInstances::UNLIMITED,
        ..Policies::default()
    };
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

pub(super) async fn numbers(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let mut last = None;
    for id in ["a", "b", "c"] {
        let stored = due_job(store, id, Policies::default()).await?;
        let claims = vec![advance(&stored, 0, at(10))];
        let reply = claim(store, &node, claims, vec![]).await.map_err(text)?;
        let run = won(&reply, 0)?.first;
        expect("the number grows", last < Some(run), true)?;
        last = Some(run);
    }
    Ok(())
}

pub(super) async fn promote(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", queueing()).await?;
    let node = node(store, "one").await?;
    let reply = claim(store, &node, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let running = won(&reply, 0)?.first;
    let stored = current(store, "a").await?;
    let reply = claim(store, &node, vec![advance(&stored, 1, at(20))], vec![])
        .await
        .map_err(text)?;
    let waiting = won(&reply, 0)?.first;
    expect(
        "the waiting runs",
        current(store, "a").await?.state.queued,
        1,
    )?;
    let other = scene::node(store, "other").await?;
    let promote = || Claim {
        id: stored.job.id().clone(),
        incarnation: stored.state.incarnation,
        kind: ClaimKind::Promote {
            first: waiting,
            count: 1,
        },
    };
    let reply = claim(store, &node, vec![promote()], vec![])
        .await
        .map_err(text)?;
    let refused = matches!(&reply.answers[..], [ClaimAnswer::AtLimit(_)]);
    expect("there is no room yet", refused, true)?;
    let reply = claim(store, &other, vec![promote()], vec![ended(running)])
        .await
        .map_err(text)?;
    let lost = matches!(&reply.answers[..], [ClaimAnswer::Lost(Some(_))]);
    expect("it is not another node's", lost, true)?;
    let reply = claim(store, &node, vec![promote()], vec![ended(running)])
        .await
        .map_err(text)?;
    won(&reply, 0)?;
    let state = current(store, "a").await?.state;
    expect("running and waiting", (state.running, state.queued), (1, 0))
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
    let claims = vec![Claim {
        id: stored.job.id().clone(),
        incarnation: stored.state.incarnation,
        kind: ClaimKind::Advance {
            revision: stored.state.revision,
            plan,
        },
    }];
    claim(store, &node, claims, vec![]).await.map_err(text)?;
    let id = stored.job.id().clone();
    let statistics = store.statistics(id.clone()).await.map_err(text)?;
    expect("the missed fire times", statistics.missed, 4)?;
    let runs = store.runs(RunFilter::job(id)).await.map_err(text)?;
    let kept: Vec<_> = runs.iter().map(|run| (run.state, run.range)).collect();
    let outcome = RunState::Ended(Outcome::Missed(MissReason::Grace));
    expect("the ledger", kept, vec![(outcome, Some(range))])
}
