//! What jobs do: each attempt something else, but the same for the same seed.

use std::time::Duration;

use punctual_store::checker::Execution;
use punctual_tokio::{BoxError, JobContext, State};

use super::dice::Dice;
use super::world::World;

/// The only task there is.
pub(super) async fn work(State(world): State<World>, context: JobContext) -> Result<(), BoxError> {
    let run = context.run_id();
    let _under_way = world.enter(Execution {
        job: context.job_id().clone(),
        run,
        fire_time: context.scheduled_time(),
        attempt: context.attempt(),
        node: String::new(),
        began: context.scheduled_time(),
        ended: None,
        forsaken: None,
    });
    let mut dice = Dice::new(world.seed() ^ (run.0 << 8) ^ u64::from(context.attempt()));
    let span = match dice.range(0, 9) {
        0..=4 => Duration::ZERO,
        5..=7 => Duration::from_secs(dice.range(1, 120)),
        8 => Duration::from_secs(dice.range(60, 1_800)),
        _ => Duration::from_secs(dice.range(1_800, 7_200)),
    };
    if !span.is_zero() {
        if dice.chance(50) {
            tokio::select! {
                // In an order that is the same every time.
                biased;
                () = world.sleep(span) => {}
                () = context.cancelled() => {}
            }
        } else {
            // Deaf to its token: it has to be aborted.
            world.sleep(span).await;
        }
    }
    match dice.range(0, 19) {
        0 | 1 => Err("bad luck".into()),
        2 => panic!("worse luck"),
        _ => Ok(()),
    }
}
