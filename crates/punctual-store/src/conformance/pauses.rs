//! Rules about paused jobs, whose waiting runs go on waiting.

use punctual_core::{Outcome, Policies, Retry};

use super::fixture::{
    advance, at, claim, claim_of, current, due_job, ended, expect, node, queueing, request, text,
    won,
};
use crate::{ClaimKind, ClaimReply, DueRequest, JobStore, Lease, RunEnd, StoredJob, Update};

/// A run in the queue and one between two attempts begin after their job is resumed, and not
/// before.
pub(super) async fn waits(store: &dyn JobStore) -> Result<(), String> {
    let one = node(store, "one").await?;
    queued(store, &one).await?;
    retried(store, &one).await
}

async fn queued(store: &dyn JobStore, one: &Lease) -> Result<(), String> {
    let stored = due_job(store, "queued", queueing()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, one, claims, vec![]).await.map_err(text)?;
    let first = won(&reply, 0)?.first;
    let stored = current(store, "queued").await?;
    let claims = vec![advance(&stored, 1, at(20))];
    claim(store, one, claims, vec![]).await.map_err(text)?;
    set_paused(store, "queued", true).await?;
    let ends = vec![ended(first)];
    let reply = claim(store, one, vec![], ends).await.map_err(text)?;
    expect("what an end hands out", reply.handed.len(), 0)?;
    begins_after_the_pause(store, one, &stored).await
}

async fn retried(store: &dyn JobStore, one: &Lease) -> Result<(), String> {
    let policies = Policies::new()
        .retry(
            Retry::attempts(3)
                .build()
                .expect("the waits are the default ones"),
        )
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "retried", policies).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, one, claims, vec![]).await.map_err(text)?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        retry_at: Some(at(40).timestamp_micros()),
        ..ended(won(&reply, 0)?.first)
    };
    let ends = vec![failed];
    claim(store, one, vec![], ends).await.map_err(text)?;
    set_paused(store, "retried", true).await?;
    begins_after_the_pause(store, one, &stored).await
}

async fn begins_after_the_pause(
    store: &dyn JobStore,
    one: &Lease,
    stored: &StoredJob,
) -> Result<(), String> {
    let id = stored.job.id().as_str();
    let reply = asked(store, one, stored).await?;
    let none = (0, 0);
    let seen = (reply.handed.len(), named(store, id).await?);
    expect("what begins of a paused job, and is named", seen, none)?;
    set_paused(store, id, false).await?;
    expect(
        "a job that was resumed is named",
        named(store, id).await?,
        1,
    )?;
    let reply = asked(store, one, stored).await?;
    expect("what begins of it", reply.handed.len(), 1)
}

/// Returns the waiting runs of a job that a node gets which asks at second 60.
async fn asked(
    store: &dyn JobStore,
    one: &Lease,
    stored: &StoredJob,
) -> Result<ClaimReply, String> {
    let mut asking = request(one, vec![claim_of(stored, ClaimKind::Promote)], vec![]);
    asking.now = at(60);
    store.claim(&asking).await.map_err(text)
}

/// Returns how often a job is among those whose waiting runs may start by second 60.
async fn named(store: &dyn JobStore, id: &str) -> Result<usize, String> {
    let due = store
        .due(DueRequest::through(at(60), 9))
        .await
        .map_err(text)?;
    let its = due.waiting.iter().filter(|job| job.id.as_str() == id);
    Ok(its.count())
}

async fn set_paused(store: &dyn JobStore, id: &str, paused: bool) -> Result<(), String> {
    let stored = current(store, id).await?;
    let mut state = stored.state;
    state.paused = paused;
    let update = Update {
        job: stored.job,
        state,
        new_incarnation: false,
        decided: None,
        now: at(30),
    };
    store.update(update).await.map_err(text)?;
    Ok(())
}
