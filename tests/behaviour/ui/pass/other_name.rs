//! The crate under another name.
extern crate punctual as scheduler;

use scheduler::FromContext;

#[scheduler::job(crate = "scheduler")]
async fn one() {}

#[derive(FromContext)]
#[from_context(crate = "scheduler")]
struct Nothing;

#[scheduler::scheduled_job(interval(hours = 1), crate = "scheduler")]
async fn two(_: Nothing) {}

fn main() {
    let _ = scheduler::jobs![one, two];
}
