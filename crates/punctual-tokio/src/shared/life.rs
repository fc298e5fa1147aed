//! A scheduler from a start to its shutdown.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::command::Command;
use crate::report::ShutdownReport;

/// The scheduler from a start to its shutdown.
pub(crate) struct Life {
    /// The channel to the driver.
    pub(crate) commands: mpsc::Sender<Command>,
    /// The report of the shutdown, after the shutdown is over.
    pub(crate) ended: watch::Receiver<Option<ShutdownReport>>,
    /// The runtime on which the driver runs.
    pub(crate) runtime: Handle,
    /// True if a shutdown has begun.
    pub(crate) is_stopping: bool,
}

impl Life {
    pub(crate) fn goes_on(&self) -> bool {
        !self.commands.is_closed()
    }
}
