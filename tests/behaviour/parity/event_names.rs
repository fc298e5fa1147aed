//! Events by the names that APScheduler gives them.

use punctual_tokio::{Event, EventKind};

pub(crate) fn name(event: &Event) -> &'static str {
    match event.kind {
        EventKind::SchedulerStarted => "SCHEDULER_STARTED",
        EventKind::SchedulerShutdown => "SCHEDULER_SHUTDOWN",
        EventKind::SchedulerPaused => "SCHEDULER_PAUSED",
        EventKind::SchedulerResumed => "SCHEDULER_RESUMED",
        EventKind::ExecutorAdded(_) => "EXECUTOR_ADDED",
        EventKind::ExecutorRemoved(_) => "EXECUTOR_REMOVED",
        EventKind::StoreAdded(_) => "JOBSTORE_ADDED",
        EventKind::StoreRemoved(_) => "JOBSTORE_REMOVED",
        EventKind::AllJobsRemoved(_) => "ALL_JOBS_REMOVED",
        EventKind::JobAdded(_) => "JOB_ADDED",
        EventKind::JobRemoved(_) => "JOB_REMOVED",
        EventKind::JobModified(_) => "JOB_MODIFIED",
        EventKind::JobExecuted(_) => "JOB_EXECUTED",
        EventKind::JobError(_) => "JOB_ERROR",
        EventKind::JobMissed { .. } => "JOB_MISSED",
        EventKind::JobSubmitted { .. } => "JOB_SUBMITTED",
        EventKind::JobSkipped { .. } => "JOB_MAX_INSTANCES",
        _ => "other",
    }
}
