//! A service that is told to end: a process of its own for each test, as signals are of a process.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use punctual_core::{Interval, Outcome};
use punctual_tokio::{JobContext, Scheduler, ShutdownReport};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncBufReadExt as _;

const ROLE: &str = "PUNCTUAL_TEST_SERVICE";

/// The service. Nothing but the other tests starts it: in a plain run of all tests it returns, and
/// so does the other one.
#[test]
fn child_with_a_job_that_ends() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let scheduler = Scheduler::builder().build().unwrap();
        let rarely = || Interval::every(Duration::from_secs(600));
        let probe = scheduler.add_job(|| async {}, rarely()).id("probe");
        probe.max_instances(punctual_core::Unlimited).await.unwrap();
        let work = scheduler.add_job(work, rarely()).id("work");
        work.run_at_start().await.unwrap();
        let report = scheduler.run_until_signal().await.unwrap();
        let done = scheduler.statistics("work").await.unwrap();
        let has_ended = done.last_outcome() == Some(Outcome::Succeeded);
        let is_clean = has_ended && report == ShutdownReport::default();
        say(if is_clean { "clean" } else { "not clean" });
    });
}

/// A service with a job that goes on until it is told to end.
#[test]
fn child_with_a_job_that_goes_on() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let scheduler = Scheduler::builder().build().unwrap();
        let rarely = || Interval::every(Duration::from_secs(600));
        let probe = scheduler.add_job(|| async {}, rarely()).id("probe");
        probe.max_instances(punctual_core::Unlimited).await.unwrap();
        let job = scheduler.add_job(go_on, rarely()).run_at_start();
        job.await.unwrap();
        let report = scheduler.run_until_signal().await.unwrap();
        let is_told = (report.cancelled.len(), report.unrecorded) == (1, 0);
        say(if is_told { "told to end" } else { "not told" });
    });
}

/// Tells when the scheduler takes no more runs, and then goes on until it is told to end.
async fn go_on(context: JobContext) -> Result<(), &'static str> {
    say("running");
    if let Ok(scheduler) = context.scheduler() {
        while scheduler.run_job("probe").await.is_ok() {}
    }
    say("stopping");
    context.cancelled().await;
    Err("not done")
}

/// A program whose only thread is the scheduler's, until one of its jobs ends it.
#[test]
fn child_that_is_blocked_by_its_scheduler() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let rarely = Interval::every(Duration::from_secs(600));
    let scheduler = Scheduler::builder().build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let last = scheduler.add_job(end, rarely).run_at_start();
    runtime.unwrap().block_on(last.into_future()).unwrap();
    let report = scheduler.blocking().unwrap();
    let is_clean = report == ShutdownReport::default();
    say(if is_clean { "clean" } else { "not clean" });
}

async fn end(context: JobContext) {
    let scheduler = context.scheduler().unwrap();
    // Waiting for it here would be waiting for itself.
    tokio::spawn(async move { scheduler.shutdown().await });
}

/// Tells when the scheduler takes no more runs, and then goes on until the parent says so.
async fn work(context: JobContext) {
    say("running");
    if let Ok(scheduler) = context.scheduler() {
        // Each answer comes from the scheduler's task: there is nothing to sleep for.
        while scheduler.run_job("probe").await.is_ok() {}
    }
    say("stopping");
    let mut line = String::new();
    let mut input = tokio::io::BufReader::new(tokio::io::stdin());
    input.read_line(&mut line).await.unwrap();
}

fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "service: {word}").unwrap();
    out.flush().unwrap();
}

fn spawn(test: &str) -> (Child, BufReader<ChildStdout>) {
    let mut service = Command::new(std::env::current_exe().unwrap());
    let service = service.args(["--exact", test, "--nocapture"]);
    let service = service.env(ROLE, "yes").stdin(Stdio::piped());
    let mut child = service.stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

/// Reads until the service has said something.
fn hear(out: &mut BufReader<ChildStdout>, word: &str) {
    let mut line = String::new();
    while !line.trim_end().ends_with(&format!("service: {word}")) {
        line.clear();
        let read = out.read_line(&mut line).unwrap();
        assert!(read > 0, "the service ended before it said `{word}`");
    }
}

fn a_running_job_is_waited_for(signal: Signal) {
    let (mut child, mut out) = spawn("child_with_a_job_that_ends");
    hear(&mut out, "running");
    kill_process(Pid::from_child(&child), signal).unwrap();
    // It has heard the signal and refuses new runs, and the one under way goes on.
    hear(&mut out, "stopping");
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    hear(&mut out, "clean");
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn sigterm_waits_for_running_jobs_and_ends_cleanly() {
    a_running_job_is_waited_for(Signal::TERM);
}

#[test]
fn ctrl_c_waits_for_running_jobs_and_ends_cleanly() {
    a_running_job_is_waited_for(Signal::INT);
}

#[test]
fn a_second_signal_ends_the_wait_for_running_jobs() {
    let (mut child, mut out) = spawn("child_with_a_job_that_goes_on");
    hear(&mut out, "running");
    for (signal, word) in [(Signal::TERM, "stopping"), (Signal::INT, "told to end")] {
        let sent = std::time::Instant::now();
        kill_process(Pid::from_child(&child), signal).unwrap();
        hear(&mut out, word);
        // Its patience is thirty seconds.
        assert!(sent.elapsed() < Duration::from_secs(20), "{word}");
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn a_job_can_end_a_program_that_is_blocked_by_its_scheduler() {
    let (mut child, mut out) = spawn("child_that_is_blocked_by_its_scheduler");
    hear(&mut out, "clean");
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}
