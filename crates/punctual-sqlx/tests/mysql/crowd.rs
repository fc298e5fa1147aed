//! Many nodes on few jobs, with edits, runs by hand and deaths. Each fire time is decided once, and
//! none is left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::plan::manual;
use punctual_core::{Interval, Job, OnLost, Overlap, Policies, Run, Unlimited};
use punctual_sqlx::MysqlStore;
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimRequest, DueRequest, Insert, JobFilter, JobStore, Lease,
    NodeInfo, OnConflict, RecountRequest, RecoverRequest, RunEnd, RunFilter, RunOverrides,
    StoredJob, Update,
};

use crate::fixture::{advance, at, ended};
use crate::folder::Folder;

const JOBS: usize = 6;
const NODES: usize = 4;
const STEPS: i64 = 60;

fn policies(number: usize) -> Policies {
    let policies = Policies::new()
        .overlap([Overlap::Skip, Overlap::queue(3), Overlap::CancelRunning][number % 3])
        .on_lost([OnLost::Record, OnLost::rerun(2)][number / 3 % 2]);
    let policies = match number % 2 {
        0 => policies.max_instances(1),
        _ => policies.max_instances(Unlimited),
    };
    policies.build().unwrap()
}

fn crowded(number: usize) -> Insert {
    let trigger = Interval::every(Duration::from_secs(10)).start(at(0));
    let id = format!("job {number}");
    let job = Job::new(
        id.as_str().try_into().unwrap(),
        "task",
        trigger.build().unwrap(),
    );
    let mut state = punctual_core::JobState::default();
    state.next_run_time = Some(at(10));
    let job = job.with_policies(policies(number));
    Insert::new(Arc::new(job), state, at(0)).on_conflict(OnConflict::Refuse)
}

/// What all nodes share.
struct Crowd {
    store: MysqlStore,
    clock: Arc<AtomicI64>,
    number: usize,
}

impl Crowd {
    fn now(&self) -> DateTime<Utc> {
        at(self.clock.load(Ordering::SeqCst))
    }

    async fn register(&self, name: &str) -> Lease {
        let tasks = vec!["task".into()];
        let info = NodeInfo::new(name.into())
            .tasks(tasks)
            .zones("2026e".into());
        self.store.register(info).await.unwrap()
    }

    /// Claims, ends and edits until the time is over. Every node dies now and then, with its runs,
    /// and comes again under another name.
    async fn live(self) {
        let mut lives = 0;
        let mut lease = self.register(&format!("node {} 0", self.number)).await;
        let mut held: Vec<RunEnd> = Vec::new();
        let mut step = 0;
        while self.clock.load(Ordering::SeqCst) < STEPS * 10 {
            step += 1;
            self.clock.fetch_add(1, Ordering::SeqCst);
            if (step + self.number).is_multiple_of(17) {
                lives += 1;
                let dead = std::mem::take(&mut held);
                let died = std::mem::replace(
                    &mut lease,
                    self.register(&format!("node {} {lives}", self.number))
                        .await,
                );
                self.settle(&lease, &died).await;
                // What the dead node reports comes too late.
                let late = ClaimRequest::new(died, self.now()).ends(dead);
                assert!(self.store.claim(&late).await.is_err());
            }
            if (step + self.number).is_multiple_of(7) {
                self.edit(step).await;
            }
            let ends = std::mem::take(&mut held);
            held = self.claim(&lease, ends, step).await;
        }
        let ends = ClaimRequest::new(lease.clone(), self.now()).ends(held);
        self.store.claim(&ends).await.unwrap();
    }

    async fn settle(&self, by: &Lease, dead: &Lease) {
        let peers = self.store.nodes().await.unwrap();
        let peer = peers
            .into_iter()
            .find(|peer| peer.epoch == dead.epoch)
            .unwrap();
        let now = self.now().timestamp_micros();
        for _ in 0..100 {
            let request = RecoverRequest::new(by.clone(), dead.clone(), peer.beats, now, 2);
            if !self.store.recover(request).await.unwrap().has_more {
                return;
            }
        }
        panic!("there is always more");
    }

    async fn edit(&self, step: usize) {
        let id = format!("job {}", step % JOBS);
        let found = self
            .store
            .get(id.as_str().try_into().unwrap())
            .await
            .unwrap();
        let stored = found.unwrap();
        let name = format!("edit {step}");
        let job = Job::clone(&stored.job).with_name(Some(&name));
        let update = Update::new(Arc::new(job), stored.state, self.now());
        // Another node may have claimed in between.
        match self.store.update(update).await {
            Ok(_) => {}
            Err(error) => assert!(error.is_stale(), "{error}"),
        }
    }

    /// Claims what is due, and returns the ends of what was begun.
    async fn claim(&self, lease: &Lease, ends: Vec<RunEnd>, step: usize) -> Vec<RunEnd> {
        let now = self.now();
        let due = self.store.due(DueRequest::through(now, 100)).await.unwrap();
        let jobs: Vec<_> = due.jobs.into_iter().map(|job| job.stored).collect();
        let mut claims: Vec<_> = jobs.iter().map(|stored| advance(stored, now)).collect();
        if let Some(stored) = jobs.first().filter(|_| step.is_multiple_of(3)) {
            claims.push(by_hand(stored, now, step));
        }
        for waiting in due.waiting {
            claims.push(Claim::new(waiting.id, waiting.birth, ClaimKind::Promote));
        }
        let plans: Vec<_> = claims
            .iter()
            .map(|claim| claim.kind.plan().cloned())
            .collect();
        let request = ClaimRequest::new(lease.clone(), now)
            .ends(ends)
            .claims(claims)
            .takes_waiting(true);
        let reply = self.store.claim(&request).await.unwrap();
        let mut begun = Vec::new();
        for (answer, plan) in reply.answers.iter().zip(plans) {
            if let (ClaimAnswer::Won(won), Some(plan)) = (answer, plan) {
                let runs = won.first.0..won.first.0 + plan.start.len() as u64;
                begun.extend(runs.map(punctual_core::RunId));
            }
        }
        let handed = reply.handed.iter().flat_map(|handed| &handed.runs);
        begun.extend(handed.map(|run| run.id));
        begun.into_iter().map(ended).collect()
    }
}

fn by_hand(stored: &StoredJob, now: DateTime<Utc>, step: usize) -> Claim {
    let key = now + chrono::TimeDelta::microseconds(step as i64);
    let plan = manual(&stored.job.view(&stored.state), key);
    let incarnation = stored.state.incarnation;
    Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Manual {
            incarnation,
            plan,
            overrides: RunOverrides::none(),
        },
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_nodes_decide_about_each_fire_time_once() {
    let folder = Folder::new();
    let store = folder.open("jobs").await;
    let added = store.add((0..JOBS).map(crowded).collect()).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    let clock = Arc::new(AtomicI64::new(0));
    let mut nodes = Vec::new();
    for number in 0..NODES {
        let crowd = Crowd {
            store: folder.opening("jobs").pool_size(2).await.unwrap(),
            clock: Arc::clone(&clock),
            number,
        };
        nodes.push(tokio::spawn(crowd.live()));
    }
    for node in nodes {
        node.await.unwrap();
    }
    let wrong = store
        .recount(RecountRequest::new(100))
        .await
        .unwrap()
        .mended;
    assert_eq!(wrong, []);
    let jobs = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(jobs.len(), JOBS);
    for stored in jobs {
        let filter = RunFilter::job(stored.job.id().clone());
        let runs = store.runs(filter).await.unwrap();
        is_whole(&stored, &runs);
    }
}

/// Checks that the fire times of the schedule follow each other in the ledger, up to the next one.
fn is_whole(stored: &StoredJob, runs: &[Run]) {
    let scheduled = runs
        .iter()
        .filter(|run| run.key.origin == punctual_core::Origin::Scheduled);
    let mut stretches: Vec<_> = scheduled
        .map(|run| {
            let last = run.range.map_or(run.fire_time(), |range| range.last);
            (run.fire_time(), last)
        })
        .collect();
    stretches.sort_unstable();
    let mut next = at(10);
    for (first, last) in stretches {
        assert_eq!(first, next, "job `{}`", stored.job.id());
        next = last + chrono::TimeDelta::seconds(10);
    }
    assert_eq!(stored.state.next_run_time, Some(next));
}
