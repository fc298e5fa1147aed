//! Functions with 0 parameters, async and plain, under `#[job]` and bare.
#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(unused_imports, clippy::too_many_arguments)]

use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;
use punctual::{Args, job, jobs};

#[job]
async fn asynchronous() {}

#[job]
fn plain() {}

fn main() {
    let _ = jobs![asynchronous, plain];
    let _ = NewJob::new(asynchronous, Crontab::new("@daily"));
    let _ = NewJob::new(plain, Crontab::new("@daily"));
    let _ = NewJob::new(|| async {}, Crontab::new("@daily"));
    let _ = NewJob::new(|| {}, Crontab::new("@daily"));
    let _ = NewJob::new(async || {}, Crontab::new("@daily"));
}
