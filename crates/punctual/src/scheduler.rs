//! The scheduler, its builder, its verbs and what they answer.

pub use punctual_core::{Job, JobId, JobState};
pub use punctual_store::JobOrder;
pub use punctual_tokio::{
    AddJob, BackgroundScheduler, Call, ClockOffset, Cursor, DEFAULT, Declaration, DropGuard,
    IntoJobId, JobHandle, JobSnapshot, JobStatus, ModifyJob, NewJob, Page, PendingCall, Resume,
    RunningRun, Scheduler, SchedulerBuilder, ShutdownReport, StoreHealth, TaskInfo, WeakScheduler,
};

/// A fire time of a job that is to come.
pub use punctual_tokio::Upcoming as UpcomingRun;
