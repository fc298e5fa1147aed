//! What jobs do: each attempt something else.

use std::time::Duration;

use punctual_tokio::{Args, BoxError, JobContext, State};

use crate::unix::dice::Dice;
use crate::unix::journal::Journal;

/// The name of the task.
pub(crate) const WORK: &str = "work";

/// What all jobs do, for so many milliseconds at most.
pub(crate) async fn work(
    State(journal): State<Journal>,
    Args(longest): Args<u64>,
    context: JobContext,
) -> Result<(), BoxError> {
    let _under_way = journal.begin(&context);
    let mut dice = Dice::new(context.run_id().0 << 8 | u64::from(context.attempt()));
    let span = match dice.range(0, 3) {
        0 => Duration::ZERO,
        1 => Duration::from_millis(longest),
        _ => Duration::from_millis(dice.range(0, longest)),
    };
    if dice.chance(50) {
        tokio::select! {
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
