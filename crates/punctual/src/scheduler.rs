//! The scheduler, its builder, its verbs and what they answer.

pub use punctual_core::{Job, JobId, JobState};
pub use punctual_store::JobOrder;
pub use punctual_tokio::{
    AddJob, BackgroundScheduler, Call, ClockOffset, Cursor, DEFAULT, Declaration, DropGuard,
    GetJobTable, GetJobs, GetJobsPage, IntoJobId, JobHandle, JobSnapshot, JobStatus, JobStream,
    JobTable, ModifyJob, NewJob, Page, PendingCall, Resume, RunStream, RunningRun, Runs, RunsPage,
    Scheduler, SchedulerBuilder, ShutdownReport, StoreHealth, TaskInfo, UpcomingRun, WeakScheduler,
};
