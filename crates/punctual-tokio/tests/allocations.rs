//! What is allocated while events are read. A program of its own, because its allocator counts.

use std::time::Duration;

use futures::FutureExt as _;
use punctual_core::Interval;
use punctual_tokio::{EventMask, Events, Scheduler};
use tokio::runtime::Builder;

const EVENTS: u32 = 1_000;

async fn nothing() {}

/// Reads all that is there, and returns the number of events and of allocations.
fn read(mut events: Events) -> (u32, u64) {
    let mut heard = 0;
    let counted = allocation_counter::measure(|| {
        while let Some(Some(Ok(_))) = events.next().now_or_never() {
            heard += 1;
        }
    });
    (heard, counted.count_total)
}

#[test]
fn an_event_is_read_without_an_allocation_by_each_reader() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let scheduler = Scheduler::builder().stderr(false).build().unwrap();
    let [all, again] = [scheduler.events(), scheduler.events()];
    let none = scheduler.events().only(EventMask::JOB_ERROR);
    let one = scheduler.events().only(EventMask::JOB_ADDED).job("7");
    runtime.block_on(async {
        for number in 0..EVENTS {
            let hourly = Interval::every(Duration::from_secs(3_600));
            let job = scheduler.add_job(nothing, hourly);
            job.id(number.to_string()).await.unwrap();
        }
    });
    assert_eq!([read(all), read(again)], [(EVENTS, 0); 2]);
    assert_eq!([read(none), read(one)], [(0, 0), (1, 0)]);
}
