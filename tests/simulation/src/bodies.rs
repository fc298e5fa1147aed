//! What jobs do: each attempt something else, but the same for the same seed.

use std::time::Duration;

use punctual_store::checker::{Ending, Execution};
use punctual_tokio::{BoxError, JobContext, State};

use super::dice::Dice;
use super::world::{UnderWay, World};

/// The process that a body runs in.
#[derive(Clone)]
pub(crate) struct Site(pub(crate) String);

/// What all tasks do.
pub(crate) async fn work(
    State(world): State<World>,
    State(site): State<Site>,
    context: JobContext,
) -> Result<(), BoxError> {
    let execution = Execution {
        job: context.job_id().clone(),
        run: context.run_id(),
        fire_time: context.fire_time(),
        attempt: context.attempt(),
        node: site.0,
        began: context.fire_time(),
        told: None,
        ended: None,
        ending: Ending::Unknown,
        forsaken: None,
    };
    world.note_args(context.run_id(), context.job().args_json());
    let under_way = world.enter(execution, context.fencing_token());
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
    if world.is_quiet() {
        return Ok(());
    }
    let run = context.run_id().0;
    let mut dice = Dice::new(world.seed() ^ (run << 8) ^ u64::from(context.attempt()));
    let span = match dice.range(0, 9) {
        0..=4 => Duration::ZERO,
        5..=7 => Duration::from_millis(dice.range(1, 3_000)),
        8 => Duration::from_millis(dice.range(1_000, 15_000)),
        _ => Duration::from_millis(dice.range(1_000, 60_000)),
    };
    if dice.chance(50) {
        tokio::select! {
            // In an order that is the same every time.
            biased;
            () = tokio::time::sleep(span) => {}
            () = context.cancelled() => {}
        }
    } else {
        // Deaf to its token: it has to be aborted.
        tokio::time::sleep(span).await;
    }
    match dice.range(0, 19) {
        0 | 1 => Err("bad luck".into()),
        // A panic that says nothing on the terminal.
        2 => std::panic::resume_unwind(Box::new("worse luck")),
        _ => Ok(()),
    }
}
