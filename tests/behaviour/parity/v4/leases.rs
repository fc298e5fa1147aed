//! `tests/test_datastores.py` of 4.0: nodes that die, and nodes that do not.

use chrono::DateTime;
use punctual_core::{Outcome, RunState};
use punctual_store::{OpenRequest, RenewRequest, RunFilter};

use crate::case::{Case, different};
use crate::fixture::paused;
use crate::times::utc;
use crate::v4::node_fixture::{DUE, NodeFixture};

const HEARTBEATS: &str = "a node is dead when its heartbeat has stood still for others' own clocks: no row holds a time until which it is \
     owned, so no skewed clock can take a run away";

/// A node takes a run and falls silent; another ends its epoch, once.
async fn taken_over() {
    let fixture = NodeFixture::new();
    let stored = fixture.add("s1").await;
    let (dead, living) = (fixture.node("worker1").await, fixture.node("worker2").await);
    fixture.acquire(&dead, &stored).await.unwrap();
    assert!(
        fixture.acquire(&living, &stored).await.is_none(),
        "it has an owner"
    );
    let seen = fixture.peer("worker1").await;
    let now = utc(DUE).timestamp_micros() + 30_000_000;
    assert_eq!(fixture.recover(&living, &seen, now).await, 1);
    assert_eq!(fixture.recover(&living, &seen, now).await, 0);
    assert_eq!(fixture.get("s1").await.state.running, 0);
    let runs = fixture.0.runs(RunFilter::default()).await.unwrap();
    assert_eq!(runs[0].state, RunState::Ended(Outcome::Lost));
    let stored = fixture.get("s1").await;
    let later = utc(DUE) + chrono::TimeDelta::days(1);
    let claim = super::node_fixture::due_claim(&stored, later);
    let reply = fixture.ask(&living, vec![claim], vec![]).await;
    assert!(
        matches!(reply.answers[0], punctual_store::ClaimAnswer::Won(_)),
        "the job goes on"
    );
}

/// A node that renews is seen to live, however long its runs take.
async fn kept_alive() {
    let fixture = NodeFixture::new();
    let stored = fixture.add("s1").await;
    let node = fixture.node("scheduler_id").await;
    let run = fixture.acquire(&node, &stored).await.unwrap();
    let before = fixture.peer("scheduler_id").await.beats;
    for _ in 0..2 {
        let request = RenewRequest::new(node.clone(), DateTime::UNIX_EPOCH);
        fixture.0.renew(request).await.unwrap();
    }
    assert_eq!(fixture.peer("scheduler_id").await.beats, before + 2);
    let request = OpenRequest::new(node.clone(), 9);
    let open = fixture.0.open_runs(request).await.unwrap();
    assert_eq!(open.iter().map(|open| open.id).collect::<Vec<_>>(), [run]);
    let ended = fixture.release(&node, run, Outcome::Succeeded, None).await;
    assert_eq!(ended.state, RunState::Ended(Outcome::Succeeded));
}

pub(crate) const CASES: &[Case] = &[
    different("test_acquire_schedules_lock_timeout", HEARTBEATS, || {
        paused(taken_over());
    }),
    different("test_acquire_jobs_lock_timeout", HEARTBEATS, || {
        paused(taken_over());
    }),
    different("test_extend_acquired_schedule_leases", HEARTBEATS, || {
        paused(kept_alive());
    }),
    different("test_extend_acquired_job_leases", HEARTBEATS, || {
        paused(kept_alive());
    }),
    different(
        "test_reap_abandoned_jobs",
        "a node that comes back under its name has a new epoch; what its old one left open is recorded as lost",
        || {
            paused(async {
                let fixture = NodeFixture::new();
                let stored = fixture.add("s1").await;
                let old = fixture.node("testscheduler").await;
                fixture.acquire(&old, &stored).await.unwrap();
                let seen = fixture.peer("testscheduler").await;
                let new = fixture.node("testscheduler").await;
                assert!(new.epoch > old.epoch);
                let now = utc(DUE).timestamp_micros();
                assert_eq!(fixture.recover(&new, &seen, now).await, 1);
                assert_eq!(fixture.get("s1").await.state.running, 0);
            });
        },
    ),
];
