//! Rules about newer runs that replace older ones.

use std::sync::Arc;

use punctual_core::{
    CancelReason, Coalesce, Job, Outcome, Overlap, Policies, PoliciesBuilder, RunState,
};

use super::fixture::{advance, at, claim, current, due_job, ended, expect, node, renew, text, won};
use crate::{JobStore, RunEnd, RunFilter, Update};

/// A newer run that replaces older ones waits until they have ended. Runs that waited before it are
/// coalesced into it.
pub(super) async fn replaces(store: &dyn JobStore) -> Result<(), String> {
    let (one, other) = (node(store, "one").await?, node(store, "other").await?);
    let policies = Policies::new()
        .overlap(Overlap::CancelRunning)
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "a", policies).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let old = won(&claim(store, &one, claims, vec![]).await.map_err(text)?, 0)?;
    for now in [at(20), at(30)] {
        let stored = current(store, "a").await?;
        let claims = vec![advance(&stored, 1, now)];
        won(
            &claim(store, &other, claims, vec![]).await.map_err(text)?,
            0,
        )?;
    }
    let state = current(store, "a").await?.state;
    expect("running and waiting", (state.running, state.queued), (1, 1))?;
    expect("what comes next", state.next_run_time, Some(at(40)))?;
    let renewal = renew(store, &one).await.map_err(text)?;
    let replaced = vec![(old.first, CancelReason::Replaced)];
    expect("what its owner is told", renewal.cancels, replaced)?;
    let end = RunEnd {
        outcome: Outcome::Cancelled(CancelReason::Replaced),
        ..ended(old.first)
    };
    let reply = claim(store, &one, vec![], vec![end]).await.map_err(text)?;
    let begun: Vec<_> = reply
        .handed
        .iter()
        .map(|h| h.runs[0].key.fire_time)
        .collect();
    expect("what begins", begun, vec![at(30)])?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let of = |time| {
        runs.iter()
            .find(|run| run.fire_time() == time)
            .map(|run| run.state)
    };
    let coalesced = Some(RunState::Ended(Outcome::Coalesced));
    expect("what waited before it", of(at(20)), coalesced)
}

/// The oldest instances make room, whichever policy they were opened under.
pub(super) async fn replaces_oldest(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let policies = Policies::new()
        .max_instances(2)
        .coalesce(Coalesce::all(9))
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "a", policies).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let oldest = won(&claim(store, &node, claims, vec![]).await.map_err(text)?, 0)?;
    let read = current(store, "a").await?;
    let replacing = PoliciesBuilder::from(policies)
        .overlap(Overlap::CancelRunning)
        .build()
        .expect("the policies of the suite are valid");
    let update = Update {
        job: Arc::new(Job::clone(&read.job).with_policies(replacing)),
        state: read.state,
        new_incarnation: false,
        decided: None,
        now: at(11),
    };
    let stored = store.update(update).await.map_err(text)?;
    // One instance of three runs, then a run without room.
    for (running, now) in [(1, at(40)), (2, at(50))] {
        let stored = if running == 1 {
            stored.clone()
        } else {
            current(store, "a").await?
        };
        let claims = vec![advance(&stored, running, now)];
        won(&claim(store, &node, claims, vec![]).await.map_err(text)?, 0)?;
    }
    let renewal = renew(store, &node).await.map_err(text)?;
    let replaced = vec![(oldest.first, CancelReason::Replaced)];
    expect("what is replaced", renewal.cancels, replaced)
}
