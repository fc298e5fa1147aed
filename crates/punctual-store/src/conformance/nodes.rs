//! Rules about nodes.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{CancelReason, OnLost, Outcome, Policies, RunId, RunState};

use super::fixture::{
    advance, at, claim, claim_of, current, due_job, ended, expect, node, queueing, renew, renew_at,
    request, text, won,
};
use crate::{
    CancelAnswer, CancelRequest, ClaimKind, ErrorKind, JobStore, Lease, OpenRequest, Peer,
    RecoverRequest, Recovered, RunFilter,
};

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

pub(super) async fn peer(store: &dyn JobStore, name: &str) -> Result<Peer, String> {
    let peers = store.nodes().await.map_err(text)?;
    let found = peers.into_iter().find(|peer| &*peer.info.name == name);
    found.ok_or_else(|| format!("node `{name}` is not listed"))
}

pub(super) fn recovery(by: &Lease, dead: &Peer) -> RecoverRequest {
    RecoverRequest {
        by: by.clone(),
        dead: Lease {
            node: dead.info.name.clone(),
            epoch: dead.epoch,
        },
        beats: dead.beats,
        now: at(60).timestamp_micros(),
        limit: 100,
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
    let recovery = recovery(&living, &seen);
    let first = store.recover(recovery.clone()).await.map_err(text)?;
    let again = store.recover(recovery).await.map_err(text)?;
    let lost = (first.lost.len(), again.lost.len());
    expect("the runs that were lost", lost, (1, 0))?;
    expect("the instances", current(store, "a").await?.state.running, 0)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let states: Vec<_> = runs.iter().map(|run| run.state).collect();
    expect("the ledger", states, vec![RunState::Ended(Outcome::Lost)])?;
    let why = runs.first().and_then(|run| run.error.as_deref());
    let names_node = why.is_some_and(|why| why.contains("`dead`"));
    expect("the error names the dead node", names_node, true)?;
    let late = claim(store, &dead, vec![], vec![]).await;
    expect("the dead node is fenced", late.is_err(), true)
}

fn cancellation(run: RunId) -> CancelRequest {
    CancelRequest {
        run,
        reason: CancelReason::User,
        now: at(11),
    }
}

pub(super) async fn cancel(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", queueing()).await?;
    let owner = node(store, "owner").await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, &owner, claims, vec![]).await.map_err(text)?;
    let run = won(&reply, 0)?.first;
    let stored = current(store, "a").await?;
    let claims = vec![advance(&stored, 1, at(20))];
    let reply = claim(store, &owner, claims, vec![]).await.map_err(text)?;
    let waiting = won(&reply, 0)?.first;
    let asked = store.cancel(cancellation(run)).await.map_err(text)?;
    expect("the run is under way", asked, CancelAnswer::Asked)?;
    let answer = store.cancel(cancellation(waiting)).await.map_err(text)?;
    let is_over = matches!(answer, CancelAnswer::Ended { runs, removed: None } if runs.len() == 1);
    expect("a run that waits ends", is_over, true)?;
    expect("what waits", current(store, "a").await?.state.queued, 0)?;
    let told = vec![(run, CancelReason::User)];
    for what in ["the requests", "an answer may be lost"] {
        let renewal = renew(store, &owner).await.map_err(text)?;
        expect(what, &renewal.cancels, &told)?;
    }
    claim(store, &owner, vec![], vec![ended(run)])
        .await
        .map_err(text)?;
    let renewal = renew(store, &owner).await.map_err(text)?;
    expect("the requests, once it is over", renewal.cancels, vec![])?;
    let over = store.cancel(cancellation(run)).await.map_err(text)?;
    expect("a run that is over", over, CancelAnswer::NotOpen)
}

/// A run is rerun as often as the policy says and no more, by any node that knows the task.
pub(super) async fn rerun(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies::new()
        .on_lost(OnLost::rerun(1))
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "a", policies).await?;
    let dead = node(store, "dead").await?;
    let reply = claim(store, &dead, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let first = won(&reply, 0)?;
    let seen = peer(store, "dead").await?;
    let finder = node(store, "finder").await?;
    let found = store
        .recover(recovery(&finder, &seen))
        .await
        .map_err(text)?;
    expect("what is lost", found.lost.len(), 0)?;
    let waits: Vec<_> = found.waiting.iter().map(|job| &*job.task).collect();
    expect("what waits", waits, vec!["task"])?;
    expect("the dead is gone", peer(store, "dead").await.is_err(), true)?;
    let heir = node(store, "heir").await?;
    let mut asking = request(&heir, vec![claim_of(&stored, ClaimKind::Promote)], vec![]);
    asking.now = at(60);
    let reply = store.claim(&asking).await.map_err(text)?;
    let [handed] = &reply.handed[..] else {
        return Err(format!("it is not rerun: {reply:?}"));
    };
    let run = &handed.runs[0];
    let what = (run.id, run.key.fire_time, run.reruns, run.attempts);
    expect("it is the same run", what, (first.first, at(10), 1, 1))?;
    expect("its token grows", run.token > first.token, true)?;
    expect("the instances", current(store, "a").await?.state.running, 1)?;
    let (heir, last) = (peer(store, "heir").await?, node(store, "last").await?);
    let lost = store.recover(recovery(&last, &heir)).await.map_err(text)?;
    let lost = (lost.lost.len(), lost.waiting.len());
    expect("it was rerun often enough", lost, (1, 0))?;
    expect("the instances", current(store, "a").await?.state.running, 0)
}

/// A large number of runs is settled in pieces, each run once.
pub(super) async fn pieces(store: &dyn JobStore) -> Result<(), String> {
    let dead = node(store, "dead").await?;
    for index in 0..5 {
        let stored = due_job(store, &format!("j{index}"), Policies::default()).await?;
        let claims = vec![advance(&stored, 0, at(10))];
        claim(store, &dead, claims, vec![]).await.map_err(text)?;
    }
    let page = |after| OpenRequest {
        node: dead.clone(),
        after,
        limit: 2,
    };
    let first = store.open_runs(page(None)).await.map_err(text)?;
    let second = store.open_runs(page(first.last().map(|run| run.id)));
    let second = second.await.map_err(text)?;
    expect("the pages", (first.len(), second.len()), (2, 2))?;
    expect("they differ", first[1].id < second[0].id, true)?;
    let seen = peer(store, "dead").await?;
    let living = node(store, "living").await?;
    let mut request = recovery(&living, &seen);
    request.limit = 2;
    for (lost, has_more) in [(2, true), (2, true), (1, false)] {
        let piece = store.recover(request.clone()).await.map_err(text)?;
        expect(
            "a piece",
            (piece.lost.len(), piece.has_more),
            (lost, has_more),
        )?;
    }
    expect("the dead is gone", peer(store, "dead").await.is_err(), true)
}

/// A node cannot end runs that other nodes have decided about.
pub(super) async fn strangers(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (one, other) = (node(store, "one").await?, node(store, "other").await?);
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, &one, claims, vec![]).await.map_err(text)?;
    let run = won(&reply, 0)?.first;
    let reply = claim(store, &other, vec![], vec![ended(run)]).await;
    expect("it is done with", reply.map_err(text)?.ends_done, 1)?;
    expect("the instances", current(store, "a").await?.state.running, 1)
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
    let lost = store.recover(recovery(&last, &one_peer)).await;
    let lost = lost.map_err(text)?.lost;
    expect(
        "its runs",
        lost.iter().map(|open| open.id).collect(),
        vec![run],
    )?;
    expect("now it is gone", peer(store, "one").await.is_err(), true)
}

/// A node that has renewed its lease since it was seen is alive and keeps its runs.
pub(super) async fn alive(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (busy, other) = (node(store, "busy").await?, node(store, "other").await?);
    let seen = peer(store, "busy").await?;
    let reply = claim(store, &busy, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let run = won(&reply, 0)?.first;
    renew(store, &busy).await.map_err(text)?;
    let recovered = store.recover(recovery(&other, &seen)).await;
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

/// A process that comes back under its name does not hide the runs of the process before.
pub(super) async fn past(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let before = node(store, "one").await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, &before, claims, vec![]).await.map_err(text)?;
    won(&reply, 0)?;
    let now = node(store, "one").await?;
    let renewal = renew(store, &now).await.map_err(text)?;
    let past = renewal.beats.iter().find(|beat| beat.node == before);
    let past = past.ok_or("its earlier epoch is not listed")?;
    let request = RecoverRequest {
        by: now.clone(),
        dead: before.clone(),
        beats: past.count,
        now: at(60).timestamp_micros(),
        limit: 100,
    };
    let recovered = store.recover(request).await.map_err(text)?;
    expect("what is lost", recovered.lost.len(), 1)?;
    let left = store.nodes().await.map_err(text)?;
    let epochs: Vec<_> = left.iter().map(|peer| peer.epoch).collect();
    expect("its epoch now is left", epochs, vec![now.epoch])
}

/// Returns the clock of a node at its last renewal, as another node is told it.
async fn clock_of(
    store: &dyn JobStore,
    other: &Lease,
    node: &Lease,
) -> Result<Option<DateTime<Utc>>, String> {
    let renewal = renew(store, other).await.map_err(text)?;
    let found = renewal.beats.into_iter().find(|beat| beat.node == *node);
    let found = found.ok_or_else(|| format!("node `{}` has no beat", node.node))?;
    Ok(found.clock)
}

/// Each beat holds the clock of its own node to the microsecond, even if that clock was set back.
pub(super) async fn clocks(store: &dyn JobStore) -> Result<(), String> {
    let (one, other) = (node(store, "one").await?, node(store, "other").await?);
    let clock = clock_of(store, &other, &one).await?;
    expect("the clock before it has renewed", clock, None)?;
    let late = at(3_600) + TimeDelta::microseconds(1);
    for now in [at(30), late, at(20)] {
        renew_at(store, &one, now).await.map_err(text)?;
        let clock = clock_of(store, &other, &one).await?;
        expect("the clock", clock, Some(now))?;
    }
    let again = node(store, "one").await?;
    let clock = clock_of(store, &other, &again).await?;
    expect("the clock of who has come anew", clock, None)
}

/// A store that notes the time returns the one noted last, also by renewals, even if it went back.
pub(super) async fn last_time(store: &dyn JobStore) -> Result<(), String> {
    let one = node(store, "one").await?;
    let first = store.note_time(at(10)).await.map_err(text)?;
    expect("the time before all", first, None)?;
    let Some(noted) = store.note_time(at(3_600)).await.map_err(text)? else {
        // The store notes no time.
        return Ok(());
    };
    expect("the first time", noted, at(10))?;
    let noted = store.note_time(at(20)).await.map_err(text)?;
    expect("one that was ahead", noted, Some(at(3_600)))?;
    renew_at(store, &one, at(30)).await.map_err(text)?;
    let noted = store.note_time(at(40)).await.map_err(text)?;
    expect("that of a renewal", noted, Some(at(30)))
}

/// Only an epoch that was given out can have died.
pub(super) async fn later_epoch(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let (busy, other) = (node(store, "busy").await?, node(store, "other").await?);
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, &busy, claims, vec![]).await.map_err(text)?;
    let run = won(&reply, 0)?.first;
    let mut later = peer(store, "busy").await?;
    later.epoch += 100;
    // The call may be refused or not. Either way it takes nothing.
    let answer = store.recover(recovery(&other, &later)).await;
    let taken = answer.unwrap_or_default();
    expect("what is taken", taken, Recovered::default())?;
    let reply = claim(store, &busy, vec![], vec![ended(run)]).await;
    reply.map_err(text)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let states: Vec<_> = runs.iter().map(|run| run.state).collect();
    let wanted = vec![RunState::Ended(Outcome::Succeeded)];
    expect("how its run ended", states, wanted)
}
