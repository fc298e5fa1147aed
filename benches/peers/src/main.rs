//! The measurements of `workload`, on tokio-cron-scheduler 0.15.1; the last line is one JSON object.
//!
//! A field is `null` where that scheduler has nothing to measure. Linux only: CPU time and wake-ups come from /proc.

mod add;
mod burst;
mod idle;
mod jobs;
mod process;
mod spawn;
mod steady;

use std::error::Error;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

const USAGE: &str = "usage: punctual-peers add N | burst N | steady N SECONDS | idle N SECONDS";

/// No measurement takes longer than this, apart from the seconds that it is told to take.
const LIMIT: Duration = Duration::from_secs(300);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let line = match arguments[..] {
        ["add", n] => add::run(n.parse()?)?,
        ["burst", n] => burst::run(n.parse()?)?,
        ["steady", n, seconds] => steady::run(n.parse()?, seconds.parse()?)?,
        ["idle", n, seconds] => idle::run(n.parse()?, seconds.parse()?)?,
        _ => return Err(USAGE.into()),
    };
    println!("{line}");
    Ok(())
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// Waits for `work`, at most [`LIMIT`] and `extra`.
async fn limited<T>(extra: Duration, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    timeout(LIMIT + extra, work)
        .await
        .map_err(|_| format!("not done after {:?}", LIMIT + extra))?
}

/// Three digits after the point.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
