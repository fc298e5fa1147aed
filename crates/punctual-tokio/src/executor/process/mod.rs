//! Jobs that run in other processes, seen from the scheduler: the workers of an executor and what is said to
//! them. What a worker does itself stands in [`process`](crate::process).

mod child;
pub(crate) mod message;
mod pool;

use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use self::pool::Pool;

static CAN_WORK: AtomicBool = AtomicBool::new(false);

/// This program can be a worker, since `main` has called [`init`](crate::process::init).
pub(crate) fn can_work() {
    CAN_WORK.store(true, Ordering::Relaxed);
}

fn has_workers() -> bool {
    CAN_WORK.load(Ordering::Relaxed)
}
