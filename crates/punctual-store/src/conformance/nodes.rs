//! Rules about nodes.

use punctual_core::{Outcome, Policies, RunState};

use super::scene::{advance, at, claim, current, due_job, expect, node, text, won};
use crate::{ErrorKind, JobStore, Peer, RunFilter};

pub(super) async fn fenced(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let old = node(store, "one").await?;
    let new = node(store, "one").await?;
    let claims = || vec![advance(&stored, 0, at(10))];
    let refused = claim(store, &old, claims(), vec![]).await;
    let is_fenced = refused.is_err_and(|error| error.kind() == ErrorKind::Fenced);
    expect("the old epoch is fenced", is_fenced, true)?;
    won(
        &claim(store, &new, claims(), vec![]).await.map_err(text)?,
        0,
    )
    .map(drop)
}

async fn peer(store: &dyn JobStore, name: &str) -> Result<Peer, String> {
    let peers = store.nodes().await.map_err(text)?;
    let found = peers.into_iter().find(|peer| &*peer.info.name == name);
    found.ok_or_else(|| format!("node `{name}` is not listed"))
}

pub(super) async fn recovered(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (dead, living) = (node(store, "dead").await?, node(store, "living").await?);
    let seen = peer(store, "dead").await?;
    let reply = claim(store, &dead, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    won(&reply, 0)?;
    let now = at(60).timestamp_micros();
    let lost = store
        .recover(living.clone(), seen.clone(), now)
        .await
        .map_err(text)?;
    let again = store.recover(living, seen, now).await.map_err(text)?;
    expect("the runs that were lost", (lost.len(), again.len()), (1, 0))?;
    expect("the instances", current(store, "a").await?.state.running, 0)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let states: Vec<_> = runs.iter().map(|run| run.state).collect();
    expect("the ledger", states, vec![RunState::Ended(Outcome::Lost)])?;
    let late = claim(store, &dead, vec![], vec![]).await;
    expect("the dead node is fenced", late.is_err(), true)
}

pub(super) async fn cancel(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let owner = node(store, "owner").await?;
    let reply = claim(store, &owner, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let run = won(&reply, 0)?.first;
    expect(
        "the run is under way",
        store.request_cancel(run).await.map_err(text)?,
        true,
    )?;
    let renewal = store.renew(owner.clone()).await.map_err(text)?;
    expect("the requests", renewal.cancels, vec![run])?;
    let again = store.renew(owner).await.map_err(text)?;
    expect("the requests, once told", again.cancels, vec![])
}
