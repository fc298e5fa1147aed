//! What is allocated while events are read. A program of its own, because its allocator counts.

use std::time::Duration;

use futures::FutureExt as _;
use punctual_core::Interval;
use punctual_tokio::{Heard, Scheduler};
use tokio::runtime::Builder;

const EVENTS: u32 = 1_000;

async fn nothing() {}

#[test]
fn an_event_is_read_without_an_allocation() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let scheduler = Scheduler::builder().stderr(false).build().unwrap();
    let mut events = scheduler.events();
    runtime.block_on(async {
        for _ in 0..EVENTS {
            let hourly = Interval::every(Duration::from_secs(3_600));
            scheduler.add_job(nothing, hourly).await.unwrap();
        }
    });
    let mut heard = 0;
    let counted = allocation_counter::measure(|| {
        while let Some(Some(Heard::Event(_))) = events.next().now_or_never() {
            heard += 1;
        }
    });
    assert_eq!((heard, counted.count_total), (EVENTS, 0));
}
