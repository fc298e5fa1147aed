//! Rules about nodes.

use std::sync::Arc;

use punctual_core::{OnLost, Outcome, Policies, RunState};

use super::scene::{advance, at, claim, current, due_job, ended, expect, node, text, won};
use crate::{ErrorKind, JobStore, Lease, Peer, RecoverRequest, Recovered, RunFilter};

pub(super) async fn fenced(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let old = node(store, "one").await?;
    let new = node(store, "one").await?;
    let claims = || vec![advance(&stored, 0, at(10))];
    let refused = claim(store, &old, claims(), vec![]).await;
    let is_fenced = refused.is_err_and(|error| error.kind() == ErrorKind::Fenced);
    expect("the old epoch is fenced", is_fenced, true)?;
    let left = node(store, "two").await?;
    store.leave(left.clone()).await.map_err(text)?;
    let back = node(store, "two").await?;
    let is_fenced = claim(store, &left, claims(), vec![]).await.is_err();
    expect("who left and came back is another", is_fenced, true)?;
    expect("its epoch has grown", back.epoch > left.epoch, true)?;
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

fn recovery(by: &Lease, dead: &Peer, tasks: &[&str]) -> RecoverRequest {
    RecoverRequest {
        by: by.clone(),
        tasks: tasks.iter().map(|task| Arc::from(*task)).collect(),
        dead: dead.clone(),
        now: at(60).timestamp_micros(),
    }
}

pub(super) async fn recovered(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (dead, living) = (node(store, "dead").await?, node(store, "living").await?);
    let seen = peer(store, "dead").await?;
    let reply = claim(store, &dead, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    won(&reply, 0)?;
    let recovery = recovery(&living, &seen, &["task"]);
    let first = store.recover(recovery.clone()).await.map_err(text)?;
    let again = store.recover(recovery).await.map_err(text)?;
    let lost = (first.lost.len(), again.lost.len());
    expect("the runs that were lost", lost, (1, 0))?;
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
    let again = store.renew(owner.clone()).await.map_err(text)?;
    expect("an answer may be lost", again.cancels, vec![run])?;
    claim(store, &owner, vec![], vec![ended(run)])
        .await
        .map_err(text)?;
    let renewal = store.renew(owner).await.map_err(text)?;
    expect("the requests, once it is over", renewal.cancels, vec![])
}

/// Rerun by who can, so often and no more.
pub(super) async fn rerun(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies {
        on_lost: OnLost::Rerun { at_most: 1 },
        ..Policies::default()
    };
    let stored = due_job(store, "a", policies).await?;
    let dead = node(store, "dead").await?;
    let reply = claim(store, &dead, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let first = won(&reply, 0)?.first;
    let seen = peer(store, "dead").await?;
    let ignorant = node(store, "ignorant").await?;
    let recovery_by =
        |by: &Lease, dead: &Peer, tasks: &[&str]| store.recover(recovery(by, dead, tasks));
    let none = recovery_by(&ignorant, &seen, &[]).await.map_err(text)?;
    expect("who does not know the task", none, Recovered::default())?;
    let listed = peer(store, "dead").await?;
    let heir = node(store, "heir").await?;
    let taken = recovery_by(&heir, &listed, &["other", "task"])
        .await
        .map_err(text)?;
    let [run] = &taken.taken[..] else {
        return Err(format!("it is not rerun: {taken:?}"));
    };
    expect("it has a greater number", run.run.id > first, true)?;
    let key = (run.run.key.fire_time, run.run.reruns, run.run.ends_instance);
    expect("it is the same run", key, (at(10), 1, true))?;
    expect("the instances", current(store, "a").await?.state.running, 1)?;
    expect("the dead is gone", peer(store, "dead").await.is_err(), true)?;
    let own = store.open_runs(heir.clone()).await.map_err(text)?;
    expect(
        "its runs",
        own.iter().map(|open| open.id).collect(),
        vec![run.run.id],
    )?;
    let (heir, last) = (peer(store, "heir").await?, node(store, "last").await?);
    let lost = recovery_by(&last, &heir, &["task"]).await.map_err(text)?;
    let lost = (lost.lost.len(), lost.taken.len());
    expect("it was rerun often enough", lost, (1, 0))?;
    expect("the instances", current(store, "a").await?.state.running, 0)
}

pub(super) async fn leaving(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (one, other) = (node(store, "one").await?, node(store, "other").await?);
    let reply = claim(store, &one, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let run = won(&reply, 0)?.first;
    store.leave(one.clone()).await.map_err(text)?;
    store.leave(other).await.map_err(text)?;
    expect(
        "who has none is gone",
        peer(store, "other").await.is_err(),
        true,
    )?;
    let one_peer = peer(store, "one").await?;
    let last = node(store, "last").await?;
    let lost = store.recover(recovery(&last, &one_peer, &["task"])).await;
    let lost = lost.map_err(text)?.lost;
    expect(
        "its runs",
        lost.iter().map(|open| open.id).collect(),
        vec![run],
    )?;
    expect("now it is gone", peer(store, "one").await.is_err(), true)
}

/// A node that has renewed its lease since it was seen is alive, and keeps its runs.
pub(super) async fn alive(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (busy, other) = (node(store, "busy").await?, node(store, "other").await?);
    let seen = peer(store, "busy").await?;
    let reply = claim(store, &busy, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let run = won(&reply, 0)?.first;
    store.renew(busy.clone()).await.map_err(text)?;
    let recovered = store.recover(recovery(&other, &seen, &["task"])).await;
    expect(
        "what is taken",
        recovered.map_err(text)?,
        Recovered::default(),
    )?;
    claim(store, &busy, vec![], vec![ended(run)])
        .await
        .map(drop)
        .map_err(text)
}

/// A process that comes back under its name may not know the tasks of the one before.
pub(super) async fn past(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies {
        on_lost: OnLost::Rerun { at_most: 1 },
        ..Policies::default()
    };
    let stored = due_job(store, "a", policies).await?;
    let before = node(store, "one").await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, &before, claims, vec![]).await.map_err(text)?;
    won(&reply, 0)?;
    let now = node(store, "one").await?;
    let renewal = store.renew(now.clone()).await.map_err(text)?;
    let its = |peer: &&Peer| peer.info.name == before.node && peer.epoch == before.epoch;
    let past = renewal.peers.iter().find(its).cloned();
    let past = past.ok_or("its earlier epoch is not listed")?;
    let request = recovery(&now, &past, &[]);
    let waits = store.recover(request).await.map_err(text)?;
    expect("without the task", waits, Recovered::default())?;
    let other = node(store, "other").await?;
    let request = recovery(&other, &past, &["task"]);
    let taken = store.recover(request).await.map_err(text)?.taken;
    expect("with the task", taken.len(), 1)?;
    let left = store.nodes().await.map_err(text)?;
    expect(
        "its earlier epoch is gone",
        left.iter().any(|peer| its(&peer)),
        false,
    )?;
    let alive = store.renew(now).await.is_ok();
    expect("its epoch now holds", alive, true)
}
