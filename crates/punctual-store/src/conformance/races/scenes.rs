//! The races.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{JobId, Outcome, Policies, Run, RunId, RunState};

use super::arena::Arena;
use crate::conformance::feed::read;
use crate::conformance::fixture::{
    add, advance, at, claim, claim_of, current, decided, due, due_job, ended, expect, insert, job,
    manual_of, node, queueing, text, won,
};
use crate::conformance::nodes::{peer, recovery};
use crate::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, Error, ErrorKind, JobStore, Lease, OpenRun,
    RecountRequest, RecoverRequest, RunFeed, RunFilter, StoredJob, Update,
};

/// The claim is made before its node is found dead, or it is fenced.
pub(super) async fn claim_and_recover(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), Policies::default()).await?;
    let (dead, recovery) = deaths(arena).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let (claimed, recovered) = arena.together(
        claim(arena.one, &dead, claims, vec![]),
        recover(arena.two, recovery),
    );
    let run = match claimed {
        Ok(reply) => Some(won(&reply, 0)?.first),
        Err(error) => fenced(&error).map(|()| None)?,
    };
    let lost = numbers(&recovered.map_err(text)?);
    expect("what is lost", lost, run.into_iter().collect())?;
    let next = if run.is_some() { at(20) } else { at(10) };
    let state = current(arena.one, &arena.name("job")).await?.state;
    expect("the next fire time", state.next_run_time, Some(next))?;
    let runs = settled(arena, (0, 0)).await?;
    expect("the runs", runs.len(), usize::from(run.is_some()))
}

/// The run has ended before its node is found dead, or it is lost.
pub(super) async fn end_and_recover(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), Policies::default()).await?;
    let (dead, recovery) = deaths(arena).await?;
    let run = begun(arena.one, &dead, &stored).await?;
    let (answer, recovered) = arena.together(
        claim(arena.one, &dead, vec![], vec![ended(run)]),
        recover(arena.two, recovery),
    );
    let has_ended = answer.map(|_| true);
    let has_ended = has_ended.or_else(|error| fenced(&error).map(|()| false))?;
    let (outcome, lost) = if has_ended {
        (Outcome::Succeeded, vec![])
    } else {
        (Outcome::Lost, vec![run])
    };
    expect("what is lost", numbers(&recovered.map_err(text)?), lost)?;
    let states: Vec<_> = settled(arena, (0, 0)).await?.iter().map(state).collect();
    expect("how it ended", states, vec![RunState::Ended(outcome)])?;
    let id = stored.job.id().clone();
    let statistics = arena.two.statistics(id).await.map_err(text)?;
    let counted = statistics.succeeded + statistics.lost;
    expect("how often it is counted", counted, 1)
}

/// Of an update and a claim on the same revision, one is made.
pub(super) async fn update_and_claim(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), Policies::default()).await?;
    let node = node(arena.two, "node").await?;
    let mut state = stored.state;
    state.paused = true;
    let update = Update {
        job: stored.job.clone(),
        state,
        new_incarnation: false,
        decided: None,
        now: at(10),
    };
    let claims = vec![advance(&stored, 0, at(10))];
    let (updated, claimed) = arena.together(
        async { arena.one.update(update).await },
        claim(arena.two, &node, claims, vec![]),
    );
    let updated = match updated {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::Stale => false,
        Err(error) => return Err(text(error)),
    };
    let won = wins(&claimed.map_err(text)?);
    expect("how many won", usize::from(updated) + won, 1)?;
    let row = current(arena.one, &arena.name("job")).await?.state;
    expect("whether it is paused", row.paused, updated)?;
    let runs = settled(arena, (won as u32, 0)).await?;
    expect("the runs", runs.len(), won)
}

/// The end of a run frees an instance, and one of two nodes gets the run that waits for it.
pub(super) async fn end_and_promote(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), queueing()).await?;
    let (one, two) = both(arena).await?;
    let run = begun(arena.one, &one, &stored).await?;
    let stored = current(arena.one, &arena.name("job")).await?;
    let claims = vec![advance(&stored, 1, at(20))];
    let queued = claim(arena.one, &one, claims, vec![]).await.map_err(text)?;
    let waiting = won(&queued, 0)?.first;
    let promote = vec![claim_of(&stored, ClaimKind::Promote)];
    let (ending, asking) = arena.together(
        claim(arena.one, &one, vec![], vec![ended(run)]),
        claim(arena.two, &two, promote, vec![]),
    );
    let replies = [ending.map_err(text)?, asking.map_err(text)?];
    let handed = replies.iter().flat_map(|reply| &reply.handed);
    let handed: Vec<_> = handed.flat_map(|handed| numbers(&handed.runs)).collect();
    expect("what is handed out", handed, vec![waiting])?;
    settled(arena, (1, 0)).await.map(drop)
}

/// Each run of a dead node is lost once, however many nodes find it dead.
pub(super) async fn two_recoveries(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), Policies::default()).await?;
    let (dead, first) = deaths(arena).await?;
    let run = begun(arena.one, &dead, &stored).await?;
    let second = RecoverRequest {
        by: node(arena.one, "another").await?,
        ..first.clone()
    };
    let (one, two) = arena.together(recover(arena.one, second), recover(arena.two, first));
    let (one, two) = (one.map_err(text)?, two.map_err(text)?);
    let lost = [numbers(&one), numbers(&two)].concat();
    expect("what is lost", lost, vec![run])?;
    let states: Vec<_> = settled(arena, (0, 0)).await?.iter().map(state).collect();
    expect("how it ended", states, vec![RunState::Ended(Outcome::Lost)])
}

/// With room for one instance, a run by hand and a scheduled one do not both start.
pub(super) async fn manual_and_advance(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), Policies::default()).await?;
    let (one, two) = both(arena).await?;
    let (by_hand, scheduled) = arena.together(
        claim(arena.one, &one, vec![manual(&stored)], vec![]),
        claim(arena.two, &two, vec![advance(&stored, 0, at(10))], vec![]),
    );
    let replies = [by_hand.map_err(text)?, scheduled.map_err(text)?];
    expect("how many won", replies.iter().map(wins).sum(), 1)?;
    let runs = settled(arena, (1, 0)).await?;
    expect("the runs", runs.len(), 1)
}

/// An id is taken once.
pub(super) async fn two_adds(arena: Arena<'_>) -> Result<(), String> {
    let id = arena.name("job");
    let first = insert(job(&id)?, due(at(10)));
    let second = insert(job(&id)?, due(at(20)));
    let (one, two) = arena.together(add(arena.one, first), add(arena.two, second));
    let (added, refused) = match (one, two) {
        (Ok(added), Err(refused)) | (Err(refused), Ok(added)) => (added, refused),
        both => return Err(format!("one of two is to be added: {both:?}")),
    };
    expect("the refusal", refused.kind(), ErrorKind::Conflict)?;
    expect("the job", current(arena.one, &id).await?, added)?;
    settled(arena, (0, 0)).await.map(drop)
}

/// The last report of each run in a feed is its current state, whenever the feed was read.
pub(super) async fn feed_and_runs(arena: Arena<'_>) -> Result<(), String> {
    let stored = due_job(arena.one, &arena.name("job"), Policies::default()).await?;
    let node = node(arena.one, "node").await?;
    let run = begun(arena.one, &node, &stored).await?;
    let mut from = RunFeed::END;
    read(arena.two, &mut from, 100).await?;
    let stored = current(arena.one, &arena.name("job")).await?;
    let claims = vec![advance(&stored, 0, at(20))];
    let (claimed, told) = arena.together(
        claim(arena.one, &node, claims, vec![ended(run)]),
        read_often(arena.two, from),
    );
    let newer = won(&claimed.map_err(text)?, 0)?.first;
    let (mut told, mut from) = told?;
    told.extend(read(arena.two, &mut from, 100).await?);
    let told: BTreeMap<_, _> = told.into_iter().collect();
    let ended_run = RunState::Ended(Outcome::Succeeded);
    let wanted = [(run, ended_run), (newer, RunState::Running)];
    expect("what is told", told, wanted.into_iter().collect())?;
    let idle = read(arena.two, &mut from, 100).await?;
    expect("what is told when nothing happens", idle, vec![])?;
    claim(arena.one, &node, vec![], vec![ended(newer)])
        .await
        .map_err(text)?;
    settled(arena, (0, 0)).await.map(drop)
}

/// Reads a feed several times, and returns the last position.
async fn read_often(
    store: &dyn JobStore,
    mut from: RunFeed,
) -> Result<(Vec<(RunId, RunState)>, RunFeed), String> {
    let mut told = Vec::new();
    for _ in 0..4 {
        told.extend(read(store, &mut from, 100).await?);
    }
    Ok((told, from))
}

fn manual(stored: &StoredJob) -> Claim {
    let mut plan = decided(stored, 0, at(10));
    plan.start = vec![at(11)];
    manual_of(stored, plan)
}

/// Returns a node that is going to be found dead, and the request of the node that finds it.
async fn deaths(arena: Arena<'_>) -> Result<(Lease, RecoverRequest), String> {
    let name = arena.name("dead");
    let dead = node(arena.one, &name).await?;
    let living = node(arena.two, "living").await?;
    let seen = peer(arena.two, &name).await?;
    Ok((dead, recovery(&living, &seen)))
}

async fn both(arena: Arena<'_>) -> Result<(Lease, Lease), String> {
    Ok((node(arena.one, "one").await?, node(arena.two, "two").await?))
}

async fn begun(store: &dyn JobStore, lease: &Lease, stored: &StoredJob) -> Result<RunId, String> {
    let claims = vec![advance(stored, 0, at(10))];
    let reply = claim(store, lease, claims, vec![]).await.map_err(text)?;
    Ok(won(&reply, 0)?.first)
}

async fn recover(store: &dyn JobStore, request: RecoverRequest) -> Result<Vec<OpenRun>, Error> {
    Ok(store.recover(request).await?.lost)
}

fn fenced(error: &Error) -> Result<(), String> {
    expect("the refusal", error.kind(), ErrorKind::Fenced)
}

fn wins(reply: &ClaimReply) -> usize {
    let won = |answer: &&ClaimAnswer| matches!(answer, ClaimAnswer::Won(_));
    reply.answers.iter().filter(won).count()
}

fn numbers(runs: &[OpenRun]) -> Vec<RunId> {
    runs.iter().map(|run| run.id).collect()
}

fn state(run: &Run) -> RunState {
    run.state
}

/// Checks that the counts of the job are those of its open runs and that each of its fire times has
/// one entry. Then removes the job, and returns the entries.
async fn settled(arena: Arena<'_>, counts: (u32, u32)) -> Result<Vec<Run>, String> {
    let id = JobId::new(arena.name("job")).map_err(text)?;
    let row = current(arena.one, id.as_str()).await?.state;
    expect("running and waiting", (row.running, row.queued), counts)?;
    let runs = arena.two.runs(RunFilter::job(id.clone())).await;
    let runs = runs.map_err(text)?;
    let count = |is_wanted: fn(&Run) -> bool| runs.iter().filter(|run| is_wanted(run)).count();
    let open = (
        count(|run| matches!(run.state, RunState::Running | RunState::Retrying)) as u32,
        count(|run| run.state == RunState::Queued) as u32,
    );
    expect("the open runs", open, counts)?;
    let keys: BTreeSet<_> = runs.iter().map(|run| run.key.fire_time).collect();
    expect("the fire times that were decided", keys.len(), runs.len())?;
    let recount = RecountRequest {
        after: None,
        limit: usize::from(u8::MAX),
    };
    let drift = arena.one.recount(recount).await.map_err(text)?.mended;
    expect("counts that were wrong", drift, vec![])?;
    arena.two.remove(id, at(0)).await.map_err(text)?;
    Ok(runs)
}
