//! What jobs do: each attempt something else.

use std::time::Duration;

use punctual_tokio::{Args, BoxError, JobContext, State};

use crate::unix::dice::Dice;
use crate::unix::journal::{How, Journal, UnderWay};

/// The name of the task.
pub(crate) const WORK: &str = "work";

/// What all jobs do, for so many milliseconds at most.
pub(crate) async fn work(
    State(journal): State<Journal>,
    Args(longest): Args<u64>,
    context: JobContext,
) -> Result<(), BoxError> {
    let under_way = journal.begin(&context);
    let done = noting(&under_way, &context, toil(longest, &context)).await;
    under_way.returned(match done {
        Ok(()) => How::Succeeded,
        Err(_) => How::Failed,
    });
    done
}

/// Does what a body does, and notes when it is told to end.
async fn noting<T>(under_way: &UnderWay, context: &JobContext, body: impl Future<Output = T>) -> T {
    let mut body = std::pin::pin!(body);
    tokio::select! {
        biased;
        () = context.cancelled() => under_way.told(),
        done = &mut body => return done,
    }
    body.await
}

async fn toil(longest: u64, context: &JobContext) -> Result<(), BoxError> {
    let mut dice = Dice::new(context.run_id().0 << 8 | u64::from(context.attempt()));
    let span = match dice.range(0, 3) {
        0 => Duration::ZERO,
        1 => Duration::from_millis(longest),
        _ => Duration::from_millis(dice.range(0, longest)),
    };
    if dice.chance(50) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = context.cancelled() => {
                if dice.chance(50) {
                    return Err("told to end".into());
                }
            }
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
