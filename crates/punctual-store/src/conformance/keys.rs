//! Rules about keys of runs. Each key is used once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{
    Coalesce, Job, Outcome, Policies, PoliciesBuilder, Run, RunState, SkipReason, Unlimited,
};

use super::fixture::{
    advance, at, claim, current, decided, due_job, expect, manual_of, node, text, won,
};
use crate::{Claim, ClaimAnswer, JobStore, Lease, RunFilter, StoredJob, Update};

fn unlimited() -> Policies {
    Policies::new()
        .max_instances(Unlimited)
        .build()
        .expect("the policies of the suite are valid")
}

/// Two runs by hand for the same microsecond are one, both in one request and in two.
pub(super) async fn two_by_hand(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", unlimited()).await?;
    let node = node(store, "one").await?;
    let by_hand = || -> Claim {
        let mut plan = decided(&stored, 0, at(10));
        plan.start = vec![at(11)];
        manual_of(&stored, plan)
    };
    let reply = claim(store, &node, vec![by_hand(), by_hand()], vec![]).await;
    let reply = reply.map_err(text)?;
    won(&reply, 0)?;
    let is_lost = matches!(reply.answers.get(1), Some(ClaimAnswer::Lost(Some(_))));
    expect("the second of one request is lost", is_lost, true)?;
    let reply = claim(store, &node, vec![by_hand()], vec![]).await;
    let is_lost = matches!(
        reply.map_err(text)?.answers[..],
        [ClaimAnswer::Lost(Some(_))]
    );
    expect("that of another request is lost", is_lost, true)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    expect("the runs by hand", runs.len(), 1)
}

/// An edit sets a schedule back onto decided fire times. They stay decided, the fire times between
/// them get an outcome, and the schedule moves on.
pub(super) async fn set_back(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let ran = RunState::Running;
    let skipped = RunState::Ended(Outcome::Skipped(SkipReason::Edited));
    let coalesced = RunState::Ended(Outcome::Coalesced);

    let all = PoliciesBuilder::from(unlimited())
        .coalesce(Coalesce::all(9))
        .build()
        .expect("the policies of the suite are valid");
    used_at(store, &node, ("all", all), at(20)).await?;
    move_on(store, &node, "all", at(25)).await?;
    let wanted = vec![(at(10), at(10), skipped), (at(20), at(20), ran)];
    expect(
        "a fire time before a used one",
        outcomes(store, "all").await?,
        wanted,
    )?;

    used_at(store, &node, ("latest", unlimited()), at(10)).await?;
    move_on(store, &node, "latest", at(45)).await?;
    let wanted = vec![
        (at(10), at(10), ran),
        (at(20), at(30), coalesced),
        (at(40), at(40), ran),
    ];
    expect(
        "the rest of a range",
        outcomes(store, "latest").await?,
        wanted,
    )
}

/// Adds a job that was run at one time, and whose schedule was set back to second 10 afterwards.
async fn used_at(
    store: &dyn JobStore,
    node: &Lease,
    (id, policies): (&str, Policies),
    used: DateTime<Utc>,
) -> Result<(), String> {
    let stored = due_job(store, id, policies).await?;
    let stored = set_next(store, stored, used).await?;
    let claims = vec![advance(&stored, 0, used)];
    won(&claim(store, node, claims, vec![]).await.map_err(text)?, 0)?;
    let stored = current(store, id).await?;
    set_next(store, stored, at(10)).await.map(drop)
}

async fn set_next(
    store: &dyn JobStore,
    read: StoredJob,
    next: DateTime<Utc>,
) -> Result<StoredJob, String> {
    let mut state = read.state;
    state.next_run_time = Some(next);
    let update = Update {
        job: Arc::new(Job::clone(&read.job)),
        state,
        new_incarnation: false,
        decided: None,
        now: at(0),
    };
    store.update(update).await.map_err(text)
}

/// Claims until nothing is due. The schedule moves forward each time.
async fn move_on(
    store: &dyn JobStore,
    node: &Lease,
    id: &str,
    now: DateTime<Utc>,
) -> Result<(), String> {
    loop {
        let stored = current(store, id).await?;
        let next = stored.state.next_run_time;
        if next > Some(now) {
            return Ok(());
        }
        let claims = vec![advance(&stored, 0, now)];
        claim(store, node, claims, vec![]).await.map_err(text)?;
        let moved = current(store, id).await?.state.next_run_time;
        expect("the schedule moves forward", moved > next, true)?;
    }
}

async fn outcomes(
    store: &dyn JobStore,
    id: &str,
) -> Result<Vec<(DateTime<Utc>, DateTime<Utc>, RunState)>, String> {
    let filter = RunFilter::job(id.try_into().map_err(text)?);
    let runs = store.runs(filter).await.map_err(text)?;
    let outcome = |run: &Run| {
        let last = run.range.map_or(run.fire_time(), |range| range.last);
        (run.fire_time(), last, run.state)
    };
    let mut outcomes: Vec<_> = runs.iter().map(outcome).collect();
    outcomes.sort_by_key(|(first, ..)| *first);
    Ok(outcomes)
}
