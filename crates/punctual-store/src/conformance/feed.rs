//! Rules about the feed of runs.

use std::collections::BTreeMap;

use punctual_core::{Outcome, Policies, RunId, RunState, SkipReason};

use super::fixture::{advance, at, claim, current, due_job, ended, expect, node, text, won};
use crate::{JobStore, Lease, RunEnd, RunFeed, RunFilter};

type Told = Vec<(RunId, RunState)>;

/// Reads on from a position until there is no more.
pub(super) async fn read(
    store: &dyn JobStore,
    from: &mut RunFeed,
    limit: usize,
) -> Result<Told, String> {
    let mut told = Vec::new();
    for _ in 0..PAGES {
        let since = store.runs_since(*from, limit).await.map_err(text)?;
        let is_short = since.runs.len() <= limit;
        expect("it tells no more than was asked for", is_short, true)?;
        told.extend(since.runs.iter().map(|run| (run.id, run.state)));
        *from = since.next;
        if !since.more {
            return Ok(told);
        }
    }
    Err("there is always more".to_owned())
}

/// The maximum number of pages. No rule needs more.
const PAGES: usize = 100;

/// Begins a run of a due job, and may end other runs in the same request.
async fn begin(
    store: &dyn JobStore,
    lease: &Lease,
    id: &str,
    ends: Vec<RunEnd>,
) -> Result<RunId, String> {
    let stored = current(store, id).await?;
    let next = stored.state.next_run_time.ok_or("it is not due")?;
    let claims = vec![advance(&stored, 0, next)];
    let reply = claim(store, lease, claims, ends).await.map_err(text)?;
    Ok(won(&reply, 0)?.first)
}

async fn end(store: &dyn JobStore, lease: &Lease, end: RunEnd) -> Result<(), String> {
    let reply = claim(store, lease, vec![], vec![end]).await;
    reply.map(drop).map_err(text)
}

fn over(outcome: Outcome) -> RunState {
    RunState::Ended(outcome)
}

pub(super) async fn tells(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    due_job(store, "a", Policies::default()).await?;
    due_job(store, "b", Policies::default()).await?;
    let before = begin(store, &lease, "a", vec![]).await?;
    end(store, &lease, ended(before)).await?;
    let mut from = RunFeed::END;
    expect(
        "what is told of before",
        read(store, &mut from, 9).await?,
        vec![],
    )?;
    let idle = from;
    expect(
        "what an idle feed tells",
        read(store, &mut from, 9).await?,
        vec![],
    )?;
    expect("an idle feed stays", from, idle)?;
    let run = begin(store, &lease, "a", vec![]).await?;
    let told = read(store, &mut from, 9).await?;
    expect("a run that opens", told, vec![(run, RunState::Running)])?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        ..ended(run)
    };
    let next = begin(store, &lease, "a", vec![failed]).await?;
    let told = read(store, &mut from, 9).await?;
    let wanted = vec![(run, over(Outcome::Failed)), (next, RunState::Running)];
    expect("a run that ends, and one that opens", told, wanted)?;
    let short = begin(store, &lease, "b", vec![]).await?;
    end(store, &lease, ended(short)).await?;
    let told = read(store, &mut from, 9).await?;
    let wanted = vec![(short, over(Outcome::Succeeded))];
    expect("a run that opens and ends", told, wanted)?;
    let id = "b".try_into().map_err(text)?;
    store.remove(id, at(25)).await.map_err(text)?;
    let told = read(store, &mut from, 9).await?;
    let states: Vec<_> = told.iter().map(|(_, state)| *state).collect();
    let skipped = over(Outcome::Skipped(SkipReason::Edited));
    expect("a range without a run", states, vec![skipped])?;
    expect(
        "what an idle feed tells",
        read(store, &mut from, 9).await?,
        vec![],
    )
}

/// The last report of each run is its current state, for pages of any length.
pub(super) async fn pages(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let mut runs = Vec::new();
    for id in ["a", "b", "c", "d"] {
        due_job(store, id, Policies::default()).await?;
        runs.push(begin(store, &lease, id, vec![]).await?);
    }
    let mut middle = RunFeed::END;
    read(store, &mut middle, 9).await?;
    begin(store, &lease, "c", vec![ended(runs[2])]).await?;
    begin(store, &lease, "a", vec![ended(runs[0])]).await?;
    end(store, &lease, ended(runs[1])).await?;
    let all = store.runs(RunFilter::default()).await.map_err(text)?;
    let all: BTreeMap<_, _> = all.iter().map(|run| (run.id, run.state)).collect();
    for limit in [1, 2, 3, 100] {
        let mut from = RunFeed::default();
        let told: BTreeMap<_, _> = read(store, &mut from, limit).await?.into_iter().collect();
        expect(&format!("all in pages of {limit}"), &told, &all)?;
        let mut from = middle;
        let told: BTreeMap<_, _> = read(store, &mut from, limit).await?.into_iter().collect();
        let mut wanted = all.clone();
        wanted.remove(&runs[3]);
        expect(&format!("the rest in pages of {limit}"), told, wanted)?;
    }
    Ok(())
}

/// A run may end in the past, by a node whose clock is behind or that was cut off for a while.
pub(super) async fn clocks(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let mut runs = Vec::new();
    for id in ["a", "b"] {
        due_job(store, id, Policies::default()).await?;
        runs.push(begin(store, &lease, id, vec![]).await?);
    }
    let mut from = RunFeed::END;
    read(store, &mut from, 9).await?;
    for (run, finished) in runs.into_iter().zip([at(3_600), at(11)]) {
        let finished = finished.timestamp_micros();
        let ended = RunEnd {
            finished,
            ..ended(run)
        };
        end(store, &lease, ended).await?;
        let told = read(store, &mut from, 9).await?;
        let wanted = vec![(run, over(Outcome::Succeeded))];
        expect("an end, whenever it was", told, wanted)?;
    }
    Ok(())
}
