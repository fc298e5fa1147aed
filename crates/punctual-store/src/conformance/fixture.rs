//! Fixtures of the rules.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::plan::{Plan, plan};
use punctual_core::{Interval, Job, JobId, JobState, Outcome, Overlap, Policies, RunId};

use crate::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Error, Insert, JobStore, Lease,
    NodeInfo, OnConflict, RenewRequest, Renewal, RunEnd, RunOverrides, StoredJob, Won,
};

/// Returns a whole second of 2026-03-01.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_366_400 + seconds, 0).unwrap_or_default()
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Returns an error that holds both values unless they are equal.
#[allow(
    clippy::needless_pass_by_value,
    reason = "callers compare what they have just made"
)]
pub(super) fn expect<T: PartialEq + std::fmt::Debug>(
    what: &str,
    seen: T,
    wanted: T,
) -> Result<(), String> {
    if seen == wanted {
        return Ok(());
    }
    Err(format!("{what}: {seen:?} instead of {wanted:?}"))
}

pub(super) fn job(id: &str) -> Result<Job, String> {
    let trigger = Interval::every(Duration::from_secs(10))
        .start(at(0))
        .build()
        .map_err(text)?;
    Ok(Job::new(JobId::new(id).map_err(text)?, "task", trigger))
}

pub(super) fn due(next: DateTime<Utc>) -> JobState {
    let mut state = JobState::default();
    state.next_run_time = Some(next);
    state
}

pub(super) fn insert(job: Job, state: JobState) -> Insert {
    Insert {
        job: Arc::new(job),
        state,
        on_conflict: OnConflict::Refuse,
        now: at(0),
    }
}

pub(super) async fn add(store: &dyn JobStore, insert: Insert) -> Result<StoredJob, Error> {
    let mut answers = store.add(vec![insert]).await?;
    answers
        .pop()
        .unwrap_or_else(|| Err(Error::full("no answer for the job")))
}

/// Adds a job that is due at second 10, with policies.
pub(super) async fn due_job(
    store: &dyn JobStore,
    id: &str,
    policies: Policies,
) -> Result<StoredJob, String> {
    let job = job(id)?.with_policies(policies);
    add(store, insert(job, due(at(10)))).await.map_err(text)
}

pub(super) fn queueing() -> Policies {
    Policies::new()
        .max_instances(1)
        .overlap(Overlap::queue(9))
        .build()
        .expect("the policies of the suite are valid")
}

pub(super) async fn node(store: &dyn JobStore, name: &str) -> Result<Lease, String> {
    let info = NodeInfo {
        name: name.into(),
        tasks: vec!["task".into()],
        zones: "2026e".into(),
        release: 0,
    };
    store.register(info).await.map_err(text)
}

/// Returns the plan for a job at `now`, as if `running` of its instances were under way.
pub(super) fn decided(stored: &StoredJob, running: u32, now: DateTime<Utc>) -> Plan {
    let mut view = stored.job.view(&stored.state);
    view.running = running;
    plan(&view, now)
}

pub(super) fn advance(stored: &StoredJob, running: u32, now: DateTime<Utc>) -> Claim {
    let plan = decided(stored, running, now);
    let revision = stored.state.revision;
    claim_of(stored, ClaimKind::Advance { revision, plan })
}

pub(super) fn claim_of(stored: &StoredJob, kind: ClaimKind) -> Claim {
    Claim {
        id: stored.job.id().clone(),
        birth: stored.state.birth,
        kind,
        wants_job: false,
    }
}

pub(super) fn manual_of(stored: &StoredJob, plan: Plan) -> Claim {
    let incarnation = stored.state.incarnation;
    let overrides = RunOverrides::none();
    let kind = ClaimKind::Manual {
        incarnation,
        plan,
        overrides,
    };
    claim_of(stored, kind)
}

pub(super) async fn claim(
    store: &dyn JobStore,
    lease: &Lease,
    claims: Vec<Claim>,
    ends: Vec<RunEnd>,
) -> Result<ClaimReply, Error> {
    let request = request(lease, claims, ends);
    store.claim(&request).await
}

pub(super) async fn renew(store: &dyn JobStore, lease: &Lease) -> Result<Renewal, Error> {
    renew_at(store, lease, at(60)).await
}

/// Renews the lease of a node whose clock shows `now`.
pub(super) async fn renew_at(
    store: &dyn JobStore,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<Renewal, Error> {
    let request = RenewRequest {
        lease: lease.clone(),
        tasks: None,
        now,
    };
    store.renew(request).await
}

pub(super) fn request(lease: &Lease, claims: Vec<Claim>, ends: Vec<RunEnd>) -> ClaimRequest {
    ClaimRequest {
        lease: lease.clone(),
        now: at(10),
        ends,
        claims,
        takes_waiting: true,
        is_repeated: false,
    }
}

pub(super) fn won(reply: &ClaimReply, index: usize) -> Result<Won, String> {
    match reply.answers.get(index) {
        Some(ClaimAnswer::Won(won)) => Ok(won.clone()),
        other => Err(format!("claim {index} was answered {other:?}")),
    }
}

pub(super) fn ended(run: RunId) -> RunEnd {
    RunEnd {
        run,
        outcome: Outcome::Succeeded,
        retry_at: None,
        started: Some(at(10).timestamp_micros()),
        finished: (at(10) + TimeDelta::milliseconds(5)).timestamp_micros(),
        attempts: 1,
        text: None,
    }
}

pub(super) async fn current(store: &dyn JobStore, id: &str) -> Result<StoredJob, String> {
    let id = JobId::new(id).map_err(text)?;
    let found = store.get(id.clone()).await.map_err(text)?;
    found.ok_or_else(|| format!("job `{id}` is gone"))
}
