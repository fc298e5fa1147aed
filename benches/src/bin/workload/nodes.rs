//! `nodes URL N`: one node on a database, and eight that share it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use punctual::scheduler::NewJob;
use punctual::store::{ClaimAnswer, JobStore};
use punctual::{Interval, Scheduler};
use punctual_store::testing::FaultyStore;
use serde::Serialize;
use tokio::time::sleep;

use crate::place::Place;
use crate::{Outcome, rounded, runtime};

const NODES: usize = 8;
const HOUR: Duration = Duration::from_secs(3_600);
/// After this time every node knows all others.
const MEETING: Duration = Duration::from_secs(5);
/// From adding the jobs until all are due.
const AHEAD: Duration = Duration::from_secs(30);
/// Runs that have not come by then are lost.
const PATIENCE: Duration = Duration::from_secs(120);

static RUNS: AtomicU64 = AtomicU64::new(0);

async fn body() {
    RUNS.fetch_add(1, Ordering::Release);
}

#[derive(Serialize)]
struct Line {
    n: u32,
    nodes: usize,
    alone_runs_per_s: f64,
    together_runs_per_s: f64,
    kept: f64,
    in_vain: f64,
}

/// What the nodes of a round have done.
struct Shown {
    per_s: f64,
    in_vain: f64,
}

pub(crate) fn run(out: &mut impl Write, url: &str, n: u32) -> Outcome<()> {
    let place = Place::new(url)?;
    let runtime = runtime()?;
    let alone = runtime.block_on(measure(&place, "alone_", 1, n))?;
    writeln!(out, "one node: {:.0} runs a second", alone.per_s)?;
    let together = runtime.block_on(measure(&place, "together_", NODES, n))?;
    writeln!(
        out,
        "{NODES} nodes: {:.0} runs a second; {:.1} % of the claims were in vain",
        together.per_s,
        together.in_vain * 1e2
    )?;
    let line = Line {
        n,
        nodes: NODES,
        alone_runs_per_s: rounded(alone.per_s),
        together_runs_per_s: rounded(together.per_s),
        kept: rounded(together.per_s / alone.per_s),
        in_vain: rounded(together.in_vain),
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    runtime.block_on(place.clear())
}

/// All jobs are due in one moment, and each runs once.
async fn measure(place: &Place<'_>, prefix: &str, count: usize, n: u32) -> Outcome<Shown> {
    let answers = Arc::new(Answers::default());
    let mut fleet = Vec::new();
    for number in 0..count {
        let opened = place.open(prefix).await?;
        fleet.push((node(opened.store(), number, &answers)?, opened));
    }
    for (scheduler, _) in &fleet {
        scheduler.start().await?;
    }
    sleep(MEETING).await;
    RUNS.store(0, Ordering::Release);
    let due = Utc::now() + AHEAD;
    let jobs = (0..n).map(|id| job(id, due));
    for added in fleet[0].0.add_jobs(jobs).await? {
        added?;
    }
    sleep((due - Utc::now()).to_std()?).await;
    let began = Instant::now();
    while RUNS.load(Ordering::Acquire) < n.into() && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(1)).await;
    }
    let per_s = RUNS.load(Ordering::Acquire) as f64 / began.elapsed().as_secs_f64();
    for (scheduler, opened) in fleet {
        scheduler.shutdown().await?;
        opened.close().await;
    }
    Ok(Shown {
        per_s,
        in_vain: answers.in_vain(),
    })
}

fn job(id: u32, due: DateTime<Utc>) -> NewJob {
    NewJob::new("body", Interval::every(HOUR))
        .id(format!("job-{id:08}"))
        .next_run_time(due)
}

fn node(store: Arc<dyn JobStore>, number: usize, answers: &Arc<Answers>) -> Outcome<Scheduler> {
    let (counted, faults) = FaultyStore::new(store);
    let own = Arc::clone(answers);
    faults.rewrite_replies(move |reply| own.count(&reply.answers));
    let builder = Scheduler::builder().task("body", body);
    let builder = builder.node(format!("node {number}"));
    Ok(builder.store("default", counted).build()?)
}

/// What the store has answered to all nodes.
#[derive(Default)]
struct Answers {
    won: AtomicU64,
    in_vain: AtomicU64,
}

impl Answers {
    fn count(&self, answers: &[ClaimAnswer]) {
        for answer in answers {
            let count = match answer {
                ClaimAnswer::Won(_) => &self.won,
                _ => &self.in_vain,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn in_vain(&self) -> f64 {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        of(&self.in_vain) / (of(&self.in_vain) + of(&self.won))
    }
}
