//! ```python
//! def on_end(event):
//!     job = scheduler.get_job(event.job_id)
//! scheduler.add_listener(on_end, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
//! ```

use punctual::Interval;
use punctual::event::{EventKind, EventMask};

use crate::stage::{Outcome, begin, seconds};

async fn import() -> Result<u32, &'static str> {
    Err("the file is empty")
}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("a listener that looks its job up again", |builder| builder)?;
    // Weak: what the listener needs is there as long as the scheduler runs.
    let weak = scheduler.downgrade();
    scheduler.add_listener(
        EventMask::JOB_EXECUTED | EventMask::JOB_ERROR,
        move |event| {
            let weak = weak.clone();
            async move {
                let (EventKind::JobExecuted(run) | EventKind::JobError(run)) = &event.kind else {
                    return;
                };
                let Some(scheduler) = weak.upgrade() else {
                    return;
                };
                let Ok(Some(job)) = scheduler.get_job(&run.job.id).await else {
                    return;
                };
                let error = run.error.as_deref().unwrap_or("none");
                println!("{} ended: {}, error: {error}", job.name(), run.outcome);
            }
        },
    )?;
    scheduler.start().await?;
    scheduler
        .add_job(import, Interval::every(seconds(60)))
        .id("import")
        .name("Nightly import")
        .await?;

    clock.advance(seconds(60)).await;
    // It would go on, as all schedulers of a program share one time.
    scheduler.shutdown().await?;
    Ok(())
}
