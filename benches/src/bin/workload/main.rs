//! What Punctual costs: one command per measurement, each ending with one JSON object on a line of its own.

mod add;
mod burst;
mod durable;
mod handler;
mod idle;
mod idle_jobs;
mod lateness;
mod nodes;
mod observe;
mod place;
mod retain;
mod steady;
mod trigger;

use std::error::Error;
use std::io;

use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "usage: workload trigger | add N | burst N | handler N | steady N SECONDS | idle N SECONDS | observe N | durable URL N | retain URL N | nodes URL N";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let out = &mut io::stdout().lock();
    match command[..] {
        ["trigger"] => trigger::run(),
        ["add", n] => add::run(out, number(n)?),
        ["burst", n] => burst::run(out, number(n)?),
        ["observe", n] => observe::run(out, number(n)?),
        // One process of `observe`.
        ["watched", watcher, n] => observe::watched(out, watcher, number(n)?),
        ["durable", url, n] => durable::run(out, url, number(n)?),
        ["retain", url, n] => retain::run(out, url, number(n)?),
        ["nodes", url, n] => nodes::run(out, url, number(n)?),
        ["handler", n] => handler::run(out, number(n)?),
        ["steady", n, seconds] => steady::run(out, number(n)?, number(seconds)?),
        ["idle", n, seconds] => idle::run(out, number(n)?, number(seconds)?),
        _ => Err(USAGE.into()),
    }
}

fn number(text: &str) -> Outcome<u32> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("`{text}` is no number from 1 on; {USAGE}").into())
}

/// What a program gets from `#[tokio::main]`.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// Three digits after the point.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
