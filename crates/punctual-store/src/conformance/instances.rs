//! Rules about instances of several runs, which wait, start and end together.

use punctual_core::{CancelReason, Coalesce, OnLost, Outcome, Overlap, Policies, RunId, RunState};

use super::fixture::{
    advance, at, claim, claim_of, current, due_job, ended, expect, node, request, text, won,
};
use super::nodes::{peer, recovery};
use crate::{
    CancelAnswer, CancelRequest, ClaimKind, JobStore, Lease, RunEnd, RunFilter, StoredJob,
};

const USER: Outcome = Outcome::Cancelled(CancelReason::User);

fn backlogs() -> Policies {
    Policies::new()
        .coalesce(Coalesce::all(9))
        .overlap(Overlap::queue(9))
        .on_lost(OnLost::rerun(1))
        .build()
        .expect("the policies of the suite are valid")
}

/// Adds a job with an instance of three runs under way on a node, and returns the number of the
/// first.
async fn three_runs(
    store: &dyn JobStore,
    node: &Lease,
    id: &str,
) -> Result<(StoredJob, RunId), String> {
    let stored = due_job(store, id, backlogs()).await?;
    let claims = vec![advance(&stored, 0, at(30))];
    let reply = claim(store, node, claims, vec![]).await.map_err(text)?;
    Ok((stored, won(&reply, 0)?.first))
}

/// The node asks for waiting runs at second 60 and gets the three runs.
async fn takes_all(
    store: &dyn JobStore,
    node: &Lease,
    (stored, first): &(StoredJob, RunId),
    reruns: u32,
) -> Result<(), String> {
    let mut asking = request(node, vec![claim_of(stored, ClaimKind::Promote)], vec![]);
    asking.now = at(60);
    let reply = store.claim(&asking).await.map_err(text)?;
    let [handed] = &reply.handed[..] else {
        return Err(format!("not one instance is handed out: {reply:?}"));
    };
    let seen: Vec<_> = handed.runs.iter().map(|r| (r.id, r.attempts)).collect();
    let number = |place| RunId(first.0 + place);
    let wanted = vec![(number(0), 1), (number(1), 0), (number(2), 0)];
    expect("the runs that start, and their attempts", seen, wanted)?;
    let seen = handed.runs.iter().all(|run| run.reruns == reruns);
    expect("how often they were rerun", seen, true)?;
    let state = current(store, stored.job.id().as_str()).await?.state;
    expect("running and waiting", (state.running, state.queued), (1, 0))
}

/// Returns the states of the runs of a job, the oldest first.
async fn outcomes(store: &dyn JobStore, id: &str) -> Result<Vec<RunState>, String> {
    let filter = RunFilter::job(id.try_into().map_err(text)?);
    let mut runs = store.runs(filter).await.map_err(text)?;
    runs.sort_by_key(|run| run.id);
    Ok(runs.iter().map(|run| run.state).collect())
}

pub(super) async fn together(store: &dyn JobStore) -> Result<(), String> {
    let one = node(store, "one").await?;
    retried(store, &one).await?;
    cancelled(store, &one).await?;
    rerun(store, &one).await
}

/// Another node may make the next attempt, and has to do the other runs of the instance too. If the
/// job is removed, they end with the last attempt.
async fn retried(store: &dyn JobStore, one: &Lease) -> Result<(), String> {
    let other = node(store, "other").await?;
    let started = three_runs(store, one, "retried").await?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        retry_at: Some(at(60).timestamp_micros()),
        ..ended(started.1)
    };
    let ends = vec![failed.clone()];
    claim(store, one, vec![], ends).await.map_err(text)?;
    takes_all(store, &other, &started, 0).await?;
    let id = started.0.job.id().clone();
    store.remove(id, at(61)).await.map_err(text)?;
    claim(store, &other, vec![], vec![failed])
        .await
        .map_err(text)?;
    let wanted = [Outcome::Failed, USER, USER].map(RunState::Ended).to_vec();
    let mut seen = outcomes(store, "retried").await?;
    // The fire times that the removal passes over come after them.
    seen.truncate(3);
    expect("the runs of a job that is gone", seen, wanted)
}

/// A caller that cancels a waiting run cancels its instance.
async fn cancelled(store: &dyn JobStore, one: &Lease) -> Result<(), String> {
    three_runs(store, one, "cancelled").await?;
    let stored = current(store, "cancelled").await?;
    let claims = vec![advance(&stored, 1, at(50))];
    let waiting = won(&claim(store, one, claims, vec![]).await.map_err(text)?, 0)?.first;
    let stop = CancelRequest {
        run: RunId(waiting.0 + 1),
        reason: CancelReason::User,
        now: at(51),
    };
    let answer = store.cancel(stop).await.map_err(text)?;
    let is_over = matches!(answer, CancelAnswer::Ended { runs, removed: None } if runs.len() == 2);
    expect("an instance that waits ends", is_over, true)?;
    let seen: Vec<_> = outcomes(store, "cancelled")
        .await?
        .into_iter()
        .skip(3)
        .collect();
    let over = RunState::Ended(USER);
    expect("the runs that waited", seen, vec![over; 2])?;
    let state = current(store, "cancelled").await?.state;
    expect("running and waiting", (state.running, state.queued), (1, 0))
}

/// The node that begins a lost run again has to do the other runs of its instance too.
async fn rerun(store: &dyn JobStore, one: &Lease) -> Result<(), String> {
    let dead = node(store, "dead").await?;
    let started = three_runs(store, &dead, "rerun").await?;
    let seen = peer(store, "dead").await?;
    let found = store.recover(recovery(one, &seen)).await.map_err(text)?;
    expect("what is lost", found.lost.len(), 0)?;
    let heir = node(store, "heir").await?;
    takes_all(store, &heir, &started, 1).await
}
