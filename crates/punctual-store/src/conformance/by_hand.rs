//! Rules about runs by hand that differ from their job.

use punctual_core::{
    CancelReason, FireRange, OnLost, Outcome, Overlap, Policies, Run, RunState, SkipReason,
};

use super::fixture::{
    advance, at, claim, claim_of, current, decided, due_job, ended, expect, manual_of, node, renew,
    request, text, won,
};
use super::nodes::{peer, recovery};
use crate::{
    Claim, ClaimAnswer, ClaimKind, Handed, JobStore, Lease, OpenRequest, OpenRun, RecentRequest,
    RunEnd, RunFeed, RunFilter, RunOverrides, StoredJob,
};

/// Arguments in a form that a store must not change.
const OWN: &str = r#"["own",18446744073709551615,0.1]"#;

/// Returns a claim of a run by hand whose plan lets it wait.
fn waiting(stored: &StoredJob, second: i64, overrides: RunOverrides) -> Claim {
    let mut plan = decided(stored, 0, at(10));
    plan.start = Vec::new();
    plan.queue = vec![at(second)];
    with(manual_of(stored, plan), overrides)
}

fn with(mut claim: Claim, own: RunOverrides) -> Claim {
    if let ClaimKind::Manual { overrides, .. } = &mut claim.kind {
        *overrides = own;
    }
    claim
}

fn own_args() -> RunOverrides {
    RunOverrides::none()
        .args(Some(OWN.into()))
        .overlap(Some(Overlap::queue(1)))
}

fn expect_own(what: &str, run: Option<&OpenRun>) -> Result<(), String> {
    let args = run.map(|run| run.args.as_deref());
    expect(what, args, Some(Some(OWN)))
}

fn only(handed: &[Handed]) -> Option<&OpenRun> {
    match handed {
        [handed] => handed.runs.first(),
        _ => None,
    }
}

/// Claims the waiting runs of a job at second 60, and expects one with its own arguments.
async fn takes(
    store: &dyn JobStore,
    node: &Lease,
    stored: &StoredJob,
    what: &str,
) -> Result<(), String> {
    let mut asking = request(node, vec![claim_of(stored, ClaimKind::Promote)], vec![]);
    asking.now = at(60);
    let reply = store.claim(&asking).await.map_err(text)?;
    expect_own(what, only(&reply.handed))
}

/// Returns the arguments of the runs of a list, the run with the smallest number first.
fn args_of(mut runs: Vec<Run>) -> Vec<Option<String>> {
    runs.sort_unstable_by_key(|run| run.id);
    let text = |run: &Run| run.args.as_ref().map(ToString::to_string);
    runs.iter().map(text).collect()
}

async fn expect_listed(
    store: &dyn JobStore,
    stored: &StoredJob,
    wanted: &[Option<&str>],
) -> Result<(), String> {
    let wanted: Vec<_> = wanted.iter().map(|args| args.map(str::to_owned)).collect();
    let filter = RunFilter::job(stored.job.id().clone());
    let runs = store.runs(filter).await.map_err(text)?;
    expect("the arguments in the ledger", args_of(runs), wanted.clone())?;
    let recent = RecentRequest::new(vec![stored.job.id().clone()], 9);
    let runs = store.recent(recent).await.map_err(text)?;
    expect("those of the newest runs", args_of(runs), wanted.clone())?;
    let since = store.runs_since(RunFeed::default(), 9).await;
    let runs = since.map_err(text)?.runs;
    expect("those in the feed", args_of(runs), wanted)
}

/// A run keeps its own arguments while it waits, between attempts, after the death of its node, and
/// in the ledger. No other run gets them.
pub(super) async fn own_arguments(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies::new()
        .on_lost(OnLost::rerun(1))
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "a", policies).await?;
    let one = node(store, "one").await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let reply = claim(store, &one, claims, vec![]).await.map_err(text)?;
    let first = won(&reply, 0)?.first;
    let claims = vec![waiting(&stored, 11, own_args())];
    let reply = claim(store, &one, claims, vec![]).await.map_err(text)?;
    let run = won(&reply, 0)?.first;
    expect_listed(store, &stored, &[None, Some(OWN)]).await?;
    let reply = claim(store, &one, vec![], vec![ended(first)]).await;
    expect_own("what an end hands out", only(&reply.map_err(text)?.handed))?;
    let own = store.open_runs(OpenRequest::new(one.clone(), 9));
    expect_own("the run of the node", own.await.map_err(text)?.first())?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        retry_at: Some(at(20).timestamp_micros()),
        ..ended(run)
    };
    claim(store, &one, vec![], vec![failed])
        .await
        .map_err(text)?;
    takes(store, &one, &stored, "the next attempt").await?;
    let seen = peer(store, "one").await?;
    let heir = node(store, "heir").await?;
    let recovered = store.recover(recovery(&heir, &seen)).await;
    expect("what is lost", recovered.map_err(text)?.lost.len(), 0)?;
    takes(store, &heir, &stored, "the run of a dead node").await?;
    let skipped = refused(&current(store, "a").await?);
    let reply = claim(store, &heir, vec![skipped], vec![ended(run)]).await;
    won(&reply.map_err(text)?, 0)?;
    expect_listed(store, &stored, &[None, Some(OWN), Some(OWN)]).await
}

/// Returns a claim that records a run by hand as skipped.
fn refused(stored: &StoredJob) -> Claim {
    let mut plan = decided(stored, 0, at(10));
    plan.start = Vec::new();
    plan.skipped = Some((FireRange::single(at(12)), SkipReason::MaxInstances));
    with(manual_of(stored, plan), own_args())
}

/// The overlap policy of a run by hand decides about this run in the place of that of its job.
pub(super) async fn own_overlap(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let stored = due_job(store, "a", Policies::default()).await?;
    let under = |overlap| RunOverrides::none().overlap(Some(overlap));
    let claims = vec![
        advance(&stored, 0, at(10)),
        waiting(&stored, 11, under(Overlap::queue(1))),
        waiting(&stored, 12, under(Overlap::queue(1))),
        waiting(&stored, 13, under(Overlap::CancelRunning)),
    ];
    let reply = claim(store, &node, claims, vec![]).await.map_err(text)?;
    let oldest = won(&reply, 0)?.first;
    won(&reply, 1)?;
    let is_full = matches!(reply.answers.get(2), Some(ClaimAnswer::AtLimit(_)));
    expect("its queue is full", is_full, true)?;
    won(&reply, 3)?;
    let renewal = renew(store, &node).await.map_err(text)?;
    let replaced = vec![(oldest, CancelReason::Replaced)];
    expect("what a run by hand replaces", renewal.cancels, replaced)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let before = runs.iter().find(|run| run.fire_time() == at(11));
    let coalesced = Some(RunState::Ended(Outcome::Coalesced));
    let state = before.map(|run| run.state);
    expect("what waited before it", state, coalesced)?;
    let reply = claim(store, &node, vec![], vec![ended(oldest)]).await;
    let reply = reply.map_err(text)?;
    let begun = only(&reply.handed).map(|run| run.key.fire_time);
    expect("what begins", begun, Some(at(13)))?;
    let policies = Policies::new()
        .overlap(Overlap::CancelRunning)
        .build()
        .expect("the policies of the suite are valid");
    let stored = due_job(store, "b", policies).await?;
    let claims = vec![
        advance(&stored, 0, at(10)),
        waiting(&stored, 11, under(Overlap::Skip)),
        waiting(&stored, 12, under(Overlap::queue(1))),
    ];
    let reply = claim(store, &node, claims, vec![]).await.map_err(text)?;
    won(&reply, 0)?;
    let is_refused = matches!(reply.answers.get(1), Some(ClaimAnswer::AtLimit(_)));
    expect("a run that does not wait", is_refused, true)?;
    won(&reply, 2)?;
    let renewal = renew(store, &node).await.map_err(text)?;
    expect("what a run replaces that waits", renewal.cancels, vec![])
}
