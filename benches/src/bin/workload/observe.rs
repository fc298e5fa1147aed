//! `observe N`: what spans and metrics cost, as ratios to a run that nobody watches.
//!
//! Subscribers and recorders are global and cannot be taken away again, so each figure comes from
//! a process of its own: this program, started anew. All of them are the same binary, with the
//! feature `metrics`, and take turns.

use std::env;
use std::io::Write;
use std::process::Command;

use punctual_benches::rounds::median;
use serde::{Deserialize, Serialize};

use crate::{Outcome, burst, rounded, runtime};

const ROUNDS: usize = 5;
const WATCHERS: [&str; 4] = ["nobody", "spans", "metrics", "both"];
const FEATURE: &str = "metrics";

/// What a process answers.
#[derive(Serialize, Deserialize)]
struct Watched {
    cpu_us_per_run: f64,
    spawn_us: f64,
}

#[derive(Serialize)]
struct Line {
    n: u32,
    cpu_us_per_run: f64,
    spawn_us: f64,
    spans_ratio: f64,
    metrics_ratio: f64,
    both_ratio: f64,
}

pub(crate) fn run(out: &mut impl Write, n: u32) -> Outcome<()> {
    if !cfg!(feature = "metrics") {
        return with_feature(n);
    }
    let mut cpu = [const { Vec::new() }; WATCHERS.len()];
    let mut spawn = Vec::new();
    for _ in 0..ROUNDS {
        for (watcher, cpu) in WATCHERS.iter().zip(&mut cpu) {
            let watched = ask(watcher, n)?;
            let (run, task) = (watched.cpu_us_per_run, watched.spawn_us);
            writeln!(
                out,
                "{watcher}: {run:.2} us CPU per run, {task:.2} per spawn"
            )?;
            cpu.push(run);
            spawn.push(task);
        }
    }
    let [plain, spans, metrics, both] = cpu.map(|rounds| median(&rounds));
    let line = Line {
        n,
        cpu_us_per_run: rounded(plain),
        spawn_us: rounded(median(&spawn)),
        spans_ratio: rounded(spans / plain),
        metrics_ratio: rounded(metrics / plain),
        both_ratio: rounded(both / plain),
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

/// This program without the feature has nothing to measure: cargo builds the other one.
fn with_feature(n: u32) -> Outcome<()> {
    let mut other = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    other
        .args(["run", "--quiet", "--release", "--bin", "workload"])
        .args(["--features", FEATURE])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .args(["--", "observe", &n.to_string()]);
    let status = other.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the program with the feature `{FEATURE}` failed: {status}").into())
    }
}

fn ask(watcher: &str, n: u32) -> Outcome<Watched> {
    let mut process = Command::new(env::current_exe()?);
    let output = process
        .args(["watched", watcher, &n.to_string()])
        .output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the process watched by {watcher} failed: {error}").into());
    }
    let said = String::from_utf8(output.stdout)?;
    let last = said.lines().last().unwrap_or_default();
    Ok(serde_json::from_str(last)?)
}

/// One process: a burst to warm up, then one that counts.
pub(crate) fn watched(out: &mut impl Write, watcher: &str, n: u32) -> Outcome<()> {
    if matches!(watcher, "spans" | "both") {
        // What most programs install, but for where the text goes.
        tracing_subscriber::fmt().with_writer(std::io::sink).init();
    }
    if matches!(watcher, "metrics" | "both") {
        record()?;
    }
    let runtime = runtime()?;
    runtime.block_on(burst::round(n / 10 + 1))?;
    let round = runtime.block_on(burst::round(n))?;
    if round.runs != u64::from(n) {
        return Err(format!("{} of {n} jobs ran", round.runs).into());
    }
    let watched = Watched {
        cpu_us_per_run: round.cpu_us,
        spawn_us: round.spawn_us,
    };
    writeln!(out, "{}", serde_json::to_string(&watched)?)?;
    Ok(())
}

#[cfg(feature = "metrics")]
fn record() -> Outcome<()> {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    Ok(())
}

#[cfg(not(feature = "metrics"))]
fn record() -> Outcome<()> {
    Err(format!("this program was built without the feature `{FEATURE}`").into())
}
