//! The floor: a bare `tokio::spawn` for each run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::process;

/// CPU microseconds of the process for each of `n` spawned tasks that count one.
pub async fn cpu_us(n: u32) -> f64 {
    let n = n.max(1);
    let counter = Arc::new((AtomicU64::new(0), Notify::new()));
    let spawned = Arc::clone(&counter);
    let before = process::cpu();
    // From a task, as a scheduler would.
    tokio::spawn(async move {
        for _ in 0..n {
            let counter = Arc::clone(&spawned);
            tokio::spawn(async move {
                if counter.0.fetch_add(1, Ordering::Relaxed) + 1 == u64::from(n) {
                    counter.1.notify_one();
                }
            });
        }
    });
    counter.1.notified().await;
    (process::cpu() - before).as_secs_f64() * 1e6 / f64::from(n)
}
