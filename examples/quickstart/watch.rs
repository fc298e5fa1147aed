//! Tells what happens while it happens.

use punctual::Scheduler;
use punctual::event::{Event, EventKind, EventMask};
use punctual::ledger::Outcome;
use punctual::time::Zone;

/// Prints a line for each run that ends and for each fire time that has none, in their order.
pub(crate) fn tell_what_happens(scheduler: &Scheduler, zone: Zone) -> Result<(), punctual::Error> {
    let kinds = EventMask::JOB_EXECUTED
        | EventMask::JOB_ERROR
        | EventMask::JOB_MISSED
        | EventMask::JOB_SKIPPED;
    scheduler.add_listener(kinds, move |event| {
        if let Some(what) = what_happened(&event) {
            println!("  {}  {what}", zone.local(event.at).format("%H:%M:%S%.3f"));
        }
    })?;
    Ok(())
}

fn what_happened(event: &Event) -> Option<String> {
    Some(match &event.kind {
        EventKind::JobExecuted(run) | EventKind::JobError(run) => {
            format!("{}: {}", run.job.id, run.outcome)
        }
        EventKind::JobMissed {
            job, range, reason, ..
        } => {
            let (outcome, count) = (Outcome::Missed(*reason), range.count.number());
            format!("{}: {outcome}, {count} fire times", job.id)
        }
        EventKind::JobSkipped { job, reason, .. } => {
            format!("{}: {}", job.id, Outcome::Skipped(*reason))
        }
        _ => return None,
    })
}
