//! Whether a store answers.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use punctual_store::lock::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::Level;

use crate::metrics::StoreErrors;
use crate::stores::pulse::Pulse;
use crate::stores::skew::ClockOffset;
use crate::stores::timely::{Calls, PendingCall};
use crate::voice::Voice;

/// How a store does, as its worker sees it.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) store: Arc<str>,
    pub(crate) voice: Arc<Voice>,
    failing: Mutex<Option<Failing>>,
    errors: StoreErrors,
    renewed: Notify,
    calls: Arc<Calls>,
    offset: Mutex<Option<ClockOffset>>,
    pub(crate) pulse: Pulse,
}

#[derive(Debug, Clone)]
struct Failing {
    failures: u32,
    last: String,
}

/// How a store does. See [`Scheduler::health`](crate::Scheduler::health).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The alias of the store.
    pub store: String,
    /// How many calls have failed since the last one that worked.
    pub failures: u32,
    /// Why the last one failed.
    pub error: Option<String>,
    /// The calls that it has not answered yet, the oldest first. One that is not answered in time
    /// counts as failed: a renewal after 2 seconds, settling a dead node after 4, what the scheduler
    /// asks for after 10, what
    /// handles ask for after 30, and what may touch all rows after 300.
    pub calls: Vec<PendingCall>,
    /// The node whose clock differs most from the clock of this one, if a difference of more than a
    /// few seconds has lasted for 40 seconds.
    pub clock: Option<ClockOffset>,
}

impl StoreHealth {
    /// Whether the last call worked.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures == 0
    }
}

impl Health {
    pub(crate) fn new(store: Arc<str>, voice: Arc<Voice>) -> Self {
        Self {
            errors: StoreErrors::of(&store),
            store,
            voice,
            failing: Mutex::default(),
            renewed: Notify::new(),
            calls: Arc::default(),
            offset: Mutex::default(),
            pulse: Pulse::default(),
        }
    }

    pub(crate) fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.calls)
    }

    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock()
    }

    pub(crate) fn works(&self) {
        let failing = self.failing().take();
        if let Some(failing) = failing {
            tracing::info!(store = %self.store, failures = failing.failures, "the store works again");
        }
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failing().is_some()
    }

    /// Failures are counted by the recorder of the program from now on: the scheduler has been started.
    pub(crate) fn count_errors(&self) {
        self.errors.take_handle();
    }

    fn offset(&self) -> MutexGuard<'_, Option<ClockOffset>> {
        self.offset.lock()
    }

    pub(crate) fn clocks_differ(&self, offset: Option<ClockOffset>) {
        *self.offset() = offset;
    }

    /// Whether the clock of another node differs from that of this one.
    pub(crate) fn clock_differs(&self) -> bool {
        self.offset().is_some()
    }

    /// A change came through: a worker that waits to try again need not wait any longer.
    pub(crate) fn renews(&self) {
        self.works();
        self.renewed.notify_waiters();
    }

    /// Waits before the next try, at most so long.
    pub(crate) async fn wait(&self, most: Duration) {
        // Which of the two ended it does not matter.
        let _ = timeout(most, self.renewed.notified()).await;
    }

    pub(crate) fn fails(&self, error: &punctual_store::Error) {
        self.errors.add();
        let mut state = self.failing();
        let failures = state.as_ref().map_or(0, |failing| failing.failures);
        let failures = failures.saturating_add(1);
        // Through a long outage there are thousands.
        let store = &self.store;
        if failures.is_power_of_two() {
            tracing::warn!(%store, failures, %error, "a call of the store failed, and is tried again");
            self.voice.unheard(Level::WARN, ("store", store), || {
                format!("a call of the store `{store}` failed, and is tried again: {error}")
            });
        } else {
            tracing::debug!(%store, failures, %error, "a call of the store failed, and is tried again");
        }
        *state = Some(Failing {
            failures,
            last: error.to_string(),
        });
    }

    pub(crate) fn report(&self) -> StoreHealth {
        let state = self.failing().clone();
        StoreHealth {
            store: self.store.to_string(),
            failures: state.as_ref().map_or(0, |failing| failing.failures),
            error: state.map(|failing| failing.last),
            calls: self.calls.pending(),
            clock: self.offset().clone(),
        }
    }
}
