//! A scheduler from a start to its shutdown.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::command::{Command, ShutdownReport};

/// The scheduler from a start to its shutdown.
pub(crate) struct Life {
    /// To the scheduler's task.
    pub(crate) commands: mpsc::Sender<Command>,
    /// What the shutdown left behind, once it is over.
    pub(crate) ended: watch::Receiver<Option<ShutdownReport>>,
    /// Where its task runs.
    pub(crate) runtime: Handle,
}

impl Life {
    pub(crate) fn goes_on(&self) -> bool {
        !self.commands.is_closed()
    }
}
