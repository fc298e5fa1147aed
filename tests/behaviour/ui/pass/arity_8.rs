//! Functions with 8 parameters, async and plain, under `#[job]` and bare.
#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(unused_imports, clippy::too_many_arguments)]

use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;
use punctual::{Args, job, jobs};

#[job]
async fn asynchronous( Args((_p1,)): Args<(u32,)>, Args((_p2,)): Args<(u32,)>, Args((_p3,)): Args<(u32,)>, Args((_p4,)): Args<(u32,)>, Args((_p5,)): Args<(u32,)>, Args((_p6,)): Args<(u32,)>, Args((_p7,)): Args<(u32,)>, Args((_p8,)): Args<(u32,)>,) {}

#[job]
fn plain( Args((_p1,)): Args<(u32,)>, Args((_p2,)): Args<(u32,)>, Args((_p3,)): Args<(u32,)>, Args((_p4,)): Args<(u32,)>, Args((_p5,)): Args<(u32,)>, Args((_p6,)): Args<(u32,)>, Args((_p7,)): Args<(u32,)>, Args((_p8,)): Args<(u32,)>,) {}

fn main() {
    let _ = jobs![asynchronous, plain];
    let _ = NewJob::new(asynchronous, Crontab::new("@daily"));
    let _ = NewJob::new(plain, Crontab::new("@daily"));
    let _ = NewJob::new(| Args((_p1,)): Args<(u32,)>, Args((_p2,)): Args<(u32,)>, Args((_p3,)): Args<(u32,)>, Args((_p4,)): Args<(u32,)>, Args((_p5,)): Args<(u32,)>, Args((_p6,)): Args<(u32,)>, Args((_p7,)): Args<(u32,)>, Args((_p8,)): Args<(u32,)>,| async {}, Crontab::new("@daily"));
    let _ = NewJob::new(| Args((_p1,)): Args<(u32,)>, Args((_p2,)): Args<(u32,)>, Args((_p3,)): Args<(u32,)>, Args((_p4,)): Args<(u32,)>, Args((_p5,)): Args<(u32,)>, Args((_p6,)): Args<(u32,)>, Args((_p7,)): Args<(u32,)>, Args((_p8,)): Args<(u32,)>,| {}, Crontab::new("@daily"));
    let _ = NewJob::new(async | Args((_p1,)): Args<(u32,)>, Args((_p2,)): Args<(u32,)>, Args((_p3,)): Args<(u32,)>, Args((_p4,)): Args<(u32,)>, Args((_p5,)): Args<(u32,)>, Args((_p6,)): Args<(u32,)>, Args((_p7,)): Args<(u32,)>, Args((_p8,)): Args<(u32,)>,| {}, Crontab::new("@daily"));
}
