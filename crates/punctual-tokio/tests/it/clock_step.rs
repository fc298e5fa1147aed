//! The system's wall clock, really set. Needs root, and the whole machine sees it: not run unless
//! asked for with `-- --ignored clock_step`.

use std::time::{Duration, Instant};

use punctual_core::Date;
use punctual_tokio::{EventKind, Scheduler};
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

const STEP: i64 = 60;

/// Sets the clock forward, and back when it is dropped.
struct Step {
    wall: Timespec,
    began: Instant,
}

impl Step {
    fn forward(seconds: i64) -> rustix::io::Result<Self> {
        let wall = clock_gettime(ClockId::Realtime);
        let began = Instant::now();
        let stepped = Timespec {
            tv_sec: wall.tv_sec + seconds,
            ..wall
        };
        clock_settime(ClockId::Realtime, stepped)?;
        Ok(Self { wall, began })
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let passed = self.began.elapsed();
        let nanos = self.wall.tv_nsec + i64::from(passed.subsec_nanos());
        let right = Timespec {
            tv_sec: self.wall.tv_sec + passed.as_secs() as i64 + nanos / 1_000_000_000,
            tv_nsec: nanos % 1_000_000_000,
        };
        let _ = clock_settime(ClockId::Realtime, right);
    }
}

async fn executed(scheduler: &Scheduler) -> Duration {
    let mut events = scheduler.events();
    let step = Step::forward(STEP).expect("setting the clock needs root (CAP_SYS_TIME)");
    let fired = tokio::time::timeout(Duration::from_millis(500), async {
        while let Some(heard) = events.next().await {
            if matches!(&heard, Ok(event) if matches!(event.kind, EventKind::JobExecuted(_))) {
                break;
            }
        }
    })
    .await;
    let after = step.began.elapsed();
    drop(step);
    fired.expect("the job fires within half a second of the step");
    after
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "sets the clock of the machine; needs root"]
async fn a_clock_step_forward_fires_what_it_has_passed() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    let soon = scheduler.now() + chrono::TimeDelta::seconds(STEP / 2);
    scheduler
        .add_job(|| async {}, Date::at(soon))
        .id("beyond the step")
        .misfire_grace_time(Duration::from_secs(3_600))
        .await
        .unwrap();
    let after = executed(&scheduler).await;
    println!("fired {after:?} after the step");
    assert!(after < Duration::from_millis(500));
}
