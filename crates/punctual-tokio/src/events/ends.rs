//! Hears of the ends of runs, for callers that wait for one of them.

use std::sync::Arc;

use punctual_core::RunId;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::events::bus::Bus;
use crate::events::event::{Event, EventKind};

/// The ends of runs that this scheduler tells of.
pub(crate) struct Ends(broadcast::Receiver<Arc<Event>>);

impl Bus {
    /// Returns the ends of runs from now on.
    pub(crate) fn ends(&self) -> Ends {
        Ends(self.receiver())
    }
}

impl Ends {
    /// Waits until a run of a store may have ended. Nothing is lost if the future is dropped.
    pub(crate) async fn heard(&mut self, store: &str, run: RunId) {
        loop {
            match self.0.recv().await {
                Ok(event) if is_end(&event.kind, store, run) => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

fn is_end(kind: &EventKind, store: &str, run: RunId) -> bool {
    match kind {
        EventKind::JobExecuted(end) | EventKind::JobError(end) => {
            end.run == run && *end.job.store == *store
        }
        _ => false,
    }
}
