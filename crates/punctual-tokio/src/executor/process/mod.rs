//! Jobs that run in other processes, seen from the scheduler. This module has the worker processes
//! of an executor and the messages to and from them. The side of the worker process is in
//! [`process`](crate::process).

mod child;
pub(crate) mod message;
mod pool;

use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use self::pool::Pool;

static CAN_WORK: AtomicBool = AtomicBool::new(false);

/// Notes that this program can be a worker process, since `main` has called
/// [`init`](crate::process::init).
pub(crate) fn can_work() {
    CAN_WORK.store(true, Ordering::Relaxed);
}

fn has_workers() -> bool {
    CAN_WORK.load(Ordering::Relaxed)
}
