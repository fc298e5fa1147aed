//! What jobs do: each attempt something else, but the same for the same seed.

use std::time::Duration;

use punctual_store::checker::{Ending, Execution};
use punctual_tokio::{BoxError, JobContext, State};

use super::dice::Dice;
use super::world::{UnderWay, World};

/// The only task there is.
pub(super) async fn work(State(world): State<World>, context: JobContext) -> Result<(), BoxError> {
    let under_way = world.enter(Execution {
        job: context.job_id().clone(),
        run: context.run_id(),
        fire_time: context.fire_time(),
        attempt: context.attempt(),
        node: String::new(),
        began: context.fire_time(),
        told: None,
        ended: None,
        ending: Ending::Unknown,
        forsaken: None,
    });
    let done = noting(&under_way, &context, toil(&world, &context)).await;
    under_way.returned(match done {
        Ok(()) => Ending::Succeeded,
        Err(_) => Ending::Failed,
    });
    done
}

/// Does what a body does, and notes when it is told to end.
async fn noting<T>(under_way: &UnderWay, context: &JobContext, body: impl Future<Output = T>) -> T {
    let mut body = std::pin::pin!(body);
    tokio::select! {
        // In an order that is the same every time.
        biased;
        () = context.cancelled() => under_way.told(),
        done = &mut body => return done,
    }
    body.await
}

async fn toil(world: &World, context: &JobContext) -> Result<(), BoxError> {
    let run = context.run_id();
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
