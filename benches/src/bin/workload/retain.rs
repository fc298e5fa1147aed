//! `retain URL N`: how fast a store forgets, beside how fast runs are recorded.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use punctual::store::SqliteStore;
use punctual::store::{
    Claim, ClaimAnswer, ClaimKind, ClaimRequest, DueRequest, Insert, JobStore, Lease, NodeInfo,
    OnConflict, Retention, RunEnd,
};
use punctual_core::plan::plan;
use punctual_core::{Interval, Job, JobState, Outcome as Ended};
use serde::Serialize;
use tokio::time::sleep;

use crate::place::Place;
use crate::{Outcome, rounded, runtime};

/// What the scheduler claims in one request and forgets in one, and its rest between two of these.
const CLAIMS: usize = 512;
const BATCH: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(5);
/// Entries that stay of each job.
const KEEP: usize = 2;
/// Rounds in which each job runs once: before anything is forgotten, and while it is.
const ROUNDS: usize = 5;
const SECOND: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Line {
    n: u32,
    runs_per_s: f64,
    forgotten_per_s: f64,
    together_runs_per_s: f64,
    together_forgotten_per_s: f64,
    longest_claim_ms: f64,
    left_over: u64,
}

pub(crate) fn run(out: &mut impl Write, url: &str, n: u32) -> Outcome<()> {
    let url = Place::new(url)?
        .file()
        .ok_or("`retain` measures files of SQLite")?;
    let line = runtime()?.block_on(measure(out, url, n))?;
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

async fn measure(out: &mut impl Write, url: &str, n: u32) -> Outcome<Line> {
    let store = SqliteStore::open(url).await?;
    let mut recorder = Recorder::new(store.clone(), n).await?;
    let alone = recorder.rounds(ROUNDS).await?;
    writeln!(
        out,
        "{:.0} runs a second while nothing is forgotten",
        alone.per_s
    )?;

    let began = Instant::now();
    let mut gone = 0;
    while forget(&store, &mut gone).await? {}
    let forgotten_per_s = gone as f64 / began.elapsed().as_secs_f64();
    writeln!(
        out,
        "{forgotten_per_s:.0} entries forgotten a second while nothing runs"
    )?;

    let forgetter = Forgetter::start(store.clone());
    let began = Instant::now();
    let together = recorder.rounds(ROUNDS).await?;
    let during = forgetter.so_far() as f64 / began.elapsed().as_secs_f64();
    forgetter.stop().await?;
    let mut left_over = 0;
    while forget(&store, &mut left_over).await? {}
    writeln!(
        out,
        "{:.0} runs and {during:.0} entries forgotten a second together; a claim took {:.0} ms at most; \
         {left_over} entries were left to forget",
        together.per_s, together.longest_ms
    )?;
    store.close().await;
    Ok(Line {
        n,
        runs_per_s: rounded(alone.per_s),
        forgotten_per_s: rounded(forgotten_per_s),
        together_runs_per_s: rounded(together.per_s),
        together_forgotten_per_s: rounded(during),
        longest_claim_ms: rounded(together.longest_ms),
        left_over,
    })
}

/// Forgets a batch; whether there may be more.
async fn forget(store: &SqliteStore, gone: &mut u64) -> Outcome<bool> {
    let retention = Retention::default().per_job(Some(KEEP));
    let some = store.purge(retention, BATCH).await?;
    *gone += some;
    Ok(some >= BATCH as u64)
}

/// Forgets beside what else happens, as a scheduler does, but without a rest of a minute.
struct Forgetter {
    state: Arc<State>,
    task: tokio::task::JoinHandle<Result<(), String>>,
}

#[derive(Default)]
struct State {
    is_over: AtomicBool,
    gone: AtomicU64,
}

impl Forgetter {
    fn start(store: SqliteStore) -> Self {
        let state = Arc::new(State::default());
        let own = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while !own.is_over.load(Ordering::Acquire) {
                let mut gone = 0;
                let forgotten = forget(&store, &mut gone).await;
                forgotten.map_err(|error| error.to_string())?;
                own.gone.fetch_add(gone, Ordering::Release);
                sleep(PAUSE).await;
            }
            Ok(())
        });
        Self { state, task }
    }

    fn so_far(&self) -> u64 {
        self.state.gone.load(Ordering::Acquire)
    }

    async fn stop(self) -> Outcome<()> {
        self.state.is_over.store(true, Ordering::Release);
        Ok(self.task.await??)
    }
}

/// What some rounds have shown.
struct Shown {
    per_s: f64,
    longest_ms: f64,
}

/// Claims what is due and ends it with the claim after, as a scheduler does.
struct Recorder {
    store: SqliteStore,
    lease: Lease,
    n: u32,
    now: DateTime<Utc>,
    ends: Vec<RunEnd>,
}

impl Recorder {
    async fn new(store: SqliteStore, n: u32) -> Outcome<Self> {
        let now = Utc::now();
        let trigger = Interval::every(SECOND).start(now).build()?;
        let jobs = (0..n).map(|id| {
            let id = format!("job-{id:08}").try_into()?;
            let mut state = JobState::default();
            state.next_run_time = Some(now);
            Ok(
                Insert::new(Arc::new(Job::new(id, "body", trigger.clone())), state, now)
                    .on_conflict(OnConflict::Refuse),
            )
        });
        let jobs: Outcome<Vec<_>> = jobs.collect();
        for added in store.add(jobs?).await? {
            added?;
        }
        let lease = store.register(NodeInfo::new("node".into()).tasks(vec!["body".into()]));
        Ok(Self {
            lease: lease.await?,
            store,
            n,
            now,
            ends: Vec::new(),
        })
    }

    async fn rounds(&mut self, count: usize) -> Outcome<Shown> {
        let (began, mut runs, mut longest) = (Instant::now(), 0_u64, Duration::ZERO);
        while runs < count as u64 * u64::from(self.n) {
            let claimed = Instant::now();
            runs += self.batch().await?;
            longest = longest.max(claimed.elapsed());
        }
        Ok(Shown {
            per_s: runs as f64 / began.elapsed().as_secs_f64(),
            longest_ms: longest.as_secs_f64() * 1e3,
        })
    }

    async fn batch(&mut self) -> Outcome<u64> {
        let due = self
            .store
            .due(DueRequest::through(self.now, CLAIMS))
            .await?;
        if due.jobs.is_empty() {
            self.now += SECOND;
            return Ok(0);
        }
        let claims = due.jobs.iter().map(|due| {
            Claim::new(
                due.stored.job.id().clone(),
                due.stored.state.birth,
                ClaimKind::Advance {
                    revision: due.stored.state.revision,
                    plan: plan(&due.stored.job.view(&due.stored.state), self.now),
                },
            )
        });
        let request = ClaimRequest::new(self.lease.clone(), self.now)
            .ends(std::mem::take(&mut self.ends))
            .claims(claims.collect());
        let reply = self.store.claim(&request).await?;
        let at = self.now.timestamp_micros();
        let won = reply.answers.iter().filter_map(|answer| match answer {
            ClaimAnswer::Won(won) => Some(won.first),
            _ => None,
        });
        self.ends = won
            .map(|run| RunEnd::new(run, Ended::Succeeded, at, 1).started(Some(at)))
            .collect();
        Ok(self.ends.len() as u64)
    }
}
