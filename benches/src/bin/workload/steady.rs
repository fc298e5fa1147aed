//! `steady N SECONDS`: N jobs, each due every second: spread over the second, and all in one instant.

use std::io::Write;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual::scheduler::NewJob;
use punctual::{Interval, JobContext, Scheduler};
use punctual_benches::rounds::median;
use punctual_benches::{clock, process, spawn};
use serde::Serialize;
use tokio::time::sleep;

use crate::lateness::Lateness;
use crate::{Outcome, rounded, runtime};

/// The seconds are divided between so many rounds.
const ROUNDS: u32 = 3;
/// Seconds that run before those that count.
const WARM_UP: i64 = 1;
/// Time to add a job, with room to spare.
const ADDING: Duration = Duration::from_micros(20);
/// How late the last runs may come.
const PATIENCE: Duration = Duration::from_millis(900);

static LATENESS: Lateness = Lateness::new();

async fn body(context: JobContext) {
    LATENESS.note(context.fire_time().timestamp_micros(), clock::micros());
}

#[derive(Serialize)]
struct Line {
    expected: u64,
    runs: u64,
    spread_p50_us: f64,
    spread_p99_us: f64,
    instant_p50_us: f64,
    instant_p99_us: f64,
    cpu_us_per_run: f64,
    spawn_us: f64,
}

/// When the jobs are due within their second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Spread,
    Instant,
}

/// What one round of one shape has shown.
struct Round {
    shape: Shape,
    runs: u64,
    p50: f64,
    p99: f64,
    cpu_us: f64,
    spawn_us: f64,
}

pub(crate) fn run(out: &mut impl Write, n: u32, seconds: u32) -> Outcome<()> {
    let runtime = runtime()?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let share = seconds / ROUNDS + u32::from(round < seconds % ROUNDS);
        for shape in [Shape::Spread, Shape::Instant] {
            if share > 0 {
                rounds.push(runtime.block_on(measure(out, n, share, shape))?);
            }
        }
    }
    let middle = |shape: Option<Shape>, figure: fn(&Round) -> f64| {
        let of_shape = rounds
            .iter()
            .filter(|round| shape.is_none_or(|shape| shape == round.shape));
        rounded(median(&of_shape.map(figure).collect::<Vec<_>>()))
    };
    let line = Line {
        expected: 2 * u64::from(n) * u64::from(seconds),
        runs: rounds.iter().map(|round| round.runs).sum(),
        spread_p50_us: middle(Some(Shape::Spread), |round| round.p50),
        spread_p99_us: middle(Some(Shape::Spread), |round| round.p99),
        instant_p50_us: middle(Some(Shape::Instant), |round| round.p50),
        instant_p99_us: middle(Some(Shape::Instant), |round| round.p99),
        cpu_us_per_run: middle(None, |round| round.cpu_us),
        spawn_us: middle(None, |round| round.spawn_us),
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

async fn measure(out: &mut impl Write, n: u32, seconds: u32, shape: Shape) -> Outcome<Round> {
    let scheduler = Scheduler::builder().build()?;
    scheduler.start().await?;
    let start = clock::second_after(Duration::from_millis(200) + ADDING * n);
    let from = start + TimeDelta::seconds(WARM_UP);
    let until = from + TimeDelta::seconds(seconds.into());
    LATENESS.begin(from.timestamp_micros(), until.timestamp_micros());
    add(&scheduler, n, start, shape).await?;
    if clock::until(start).is_zero() {
        return Err("the jobs were due before all of them were added".into());
    }
    // From just before the first counted run to just before the one after the last.
    let ahead = Duration::from_millis(2);
    sleep(clock::until(from).saturating_sub(ahead)).await;
    let before = process::cpu();
    sleep(clock::until(until).saturating_sub(ahead)).await;
    let used = process::cpu() - before;
    sleep(PATIENCE).await;
    scheduler.shutdown().await?;

    let runs = LATENESS.runs();
    let round = Round {
        shape,
        runs,
        p50: LATENESS.quantile(50),
        p99: LATENESS.quantile(99),
        cpu_us: used.as_secs_f64() * 1e6 / runs as f64,
        spawn_us: spawn::cpu_us(n).await,
    };
    writeln!(
        out,
        "{shape:?}: {runs} runs, {} early, p50 {} us, p99 {} us, p100 {} us, {:.2} us CPU per run, {:.2} per spawn",
        LATENESS.early(),
        round.p50,
        round.p99,
        LATENESS.quantile(100),
        round.cpu_us,
        round.spawn_us
    )?;
    Ok(round)
}

async fn add(scheduler: &Scheduler, n: u32, start: DateTime<Utc>, shape: Shape) -> Outcome<()> {
    let job = |i: u32| {
        let phase = match shape {
            Shape::Spread => i64::from(i) * 1_000_000 / i64::from(n),
            Shape::Instant => 0,
        };
        let trigger =
            Interval::every(Duration::from_secs(1)).start(start + TimeDelta::microseconds(phase));
        NewJob::new(body, trigger).id(format!("every-{i:08}"))
    };
    for added in scheduler.add_jobs((0..n).map(job)).await? {
        added?;
    }
    Ok(())
}
