//! The requests of handles to the scheduler task.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::RunId;
use punctual_machine::ShutdownTimes;
use punctual_store::{RunOverrides, StoredJob};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::report::{RunningRun, ShutdownReport};
use crate::stores::NamedStore;

pub(crate) type Answer<T> = oneshot::Sender<T>;

pub(crate) enum Command {
    /// Starts no new runs on this node.
    Pause(Answer<()>),
    /// Starts runs again.
    Resume(Answer<()>),
    /// Runs a job now, besides its schedule, with these settings instead of those of the job.
    RunJob {
        store: u32,
        job: StoredJob,
        overrides: RunOverrides,
        answer: Answer<Result<RunId, Error>>,
    },
    /// Stops a run of this node. The answer is `true` if there is such a run.
    CancelRun {
        store: u32,
        run: RunId,
        answer: Answer<bool>,
    },
    /// Asks for the runs that are under way on this node.
    Running(Answer<Vec<RunningRun>>),
    AddStore(Box<NamedStore>),
    RemoveStore {
        store: u32,
        answer: Answer<()>,
    },
    /// Parks the jobs of an executor that was removed.
    RemoveExecutor(Arc<str>, Answer<()>),
    /// Looks at everything again, since tasks were registered, or since a caller asks for it.
    LookAgain,
    /// Asks, for a test, for the contents of the scheduler task.
    #[cfg(feature = "testing")]
    Held {
        latest: i64,
        answer: Answer<punctual_machine::Held>,
    },
    Shutdown(AskedToEnd),
}

/// A request to end.
pub(crate) struct AskedToEnd {
    pub(crate) times: ShutdownTimes,
    /// The longest time that leaving the stores may take.
    pub(crate) leaving: Duration,
    pub(crate) answer: Answer<ShutdownReport>,
}
