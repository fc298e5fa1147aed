//! The scheduler, its builder, its verbs and what they answer.

pub use punctual_core::{Job, JobId, JobState};
pub use punctual_store::JobOrder;
pub use punctual_tokio::{
    AddJob, BackgroundScheduler, Call, CancelRun, Client, ClockOffset, Cursor, DEFAULT,
    Declaration, DropGuard, EndedRun, GetJobTable, GetJobs, GetJobsPage, HandedOnRun, IntoJobId,
    IntoRun, JobHandle, JobSnapshot, JobStatus, JobStream, JobTable, ModifyJob, NewJob, Page,
    PauseAllJobs, PauseJob, PendingCall, RemoveAllJobs, RemoveJob, RescheduleJob, ResumeAllJobs,
    ResumeJob, RunHandle, RunJob, RunStream, RunningRun, Runs, RunsPage, Scheduler,
    SchedulerBuilder, Shutdown, ShutdownReport, ShutdownSignal, Start, Stopped, StoreHealth,
    TaskInfo, UpcomingRun, WeakScheduler,
};
