//! Keeps the health of a store, from the answers to its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use punctual_store::lock::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::Level;

use crate::metrics::StoreErrors;
use crate::stores::pulse::Pulse;
use crate::stores::skew::ClockOffset;
use crate::stores::timely::{Calls, PendingCall};
use crate::voice::Voice;

/// The health of a store, as its worker sees it.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) store: Arc<str>,
    pub(crate) voice: Arc<Voice>,
    failing: Mutex<Option<Failing>>,
    errors: StoreErrors,
    renewed: Notify,
    calls: Arc<Calls>,
    offset: Mutex<Option<ClockOffset>>,
    server_clock: Mutex<Option<TimeDelta>>,
    /// The microseconds by which the server's clock was ahead when that was told.
    told_clock: AtomicI64,
    pub(crate) pulse: Pulse,
}

#[derive(Debug, Clone)]
struct Failing {
    failures: u32,
    last: String,
}

/// The health of a store. See [`Scheduler::health`](crate::Scheduler::health).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The alias of the store.
    pub store: String,
    /// The number of calls that have failed since the last one that worked.
    pub failures: u32,
    /// The reason why the last call failed.
    pub error: Option<String>,
    /// The calls that the store has not answered yet, the oldest first. A call that is not answered
    /// in time counts as failed. The time depends on the call:
    ///
    /// - A renewal has 2 seconds.
    /// - Settling a dead node has 4 seconds.
    /// - The other calls of the scheduler itself have 10 seconds.
    /// - The calls of handles have 30 seconds.
    /// - Calls that may touch all rows have 300 seconds.
    pub calls: Vec<PendingCall>,
    /// The node whose clock differs most from the clock of this one, if a difference of more than a
    /// few seconds has lasted for 40 seconds.
    pub clock: Option<ClockOffset>,
    /// The time by which the clock of the store's server is ahead of that of this machine, or, if it is
    /// negative, behind. Jobs go by the server's clock. `None` if the store has no clock of its own,
    /// or the scheduler goes by that of another store.
    pub server_clock: Option<TimeDelta>,
    /// The reason for which a crash of the store's server or machine may lose changes that were
    /// answered, if it may. On PostgreSQL that is a `synchronous_commit` of `off`.
    pub may_lose: Option<String>,
}

impl StoreHealth {
    /// Returns true if the last call worked.
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
            server_clock: Mutex::default(),
            told_clock: AtomicI64::new(0),
            pulse: Pulse::default(),
        }
    }

    pub(crate) fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.calls)
    }

    pub(crate) fn works(&self) {
        let failing = self.failing.lock().take();
        if let Some(failing) = failing {
            tracing::info!(store = %self.store, failures = failing.failures, "the store works again");
        }
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failing.lock().is_some()
    }

    /// Lets the recorder of the program count failures from now on, since the scheduler has been
    /// started.
    pub(crate) fn count_errors(&self) {
        self.errors.take_handle();
    }

    pub(crate) fn clocks_differ(&self, offset: Option<ClockOffset>) {
        *self.offset.lock() = offset;
    }

    /// Notes by how many microseconds the server's clock is ahead of that of this machine. Returns true
    /// if that is news, which it is if it has changed by more than `told` since it was news.
    pub(crate) fn server_clock(&self, ahead: i64, told: i64) -> bool {
        *self.server_clock.lock() = Some(TimeDelta::microseconds(ahead));
        let before = self.told_clock.load(Ordering::SeqCst);
        let is_news = ahead.saturating_sub(before).saturating_abs() > told;
        if is_news {
            self.told_clock.store(ahead, Ordering::SeqCst);
        }
        is_news
    }

    /// Returns true if the clock of another node differs from the clock of this one.
    pub(crate) fn clock_differs(&self) -> bool {
        self.offset.lock().is_some()
    }

    /// Notes that a renewal came through. A worker that waits to try again need not wait any
    /// longer.
    pub(crate) fn renews(&self) {
        self.works();
        self.renewed.notify_waiters();
    }

    /// Waits before the next try, for at most `most`.
    pub(crate) async fn wait(&self, most: Duration) {
        // The next try follows in either case.
        let _ = timeout(most, self.renewed.notified()).await;
    }

    pub(crate) fn fails(&self, error: &punctual_store::Error) {
        self.errors.add();
        let mut state = self.failing.lock();
        let failures = state.as_ref().map_or(0, |failing| failing.failures);
        let failures = failures.saturating_add(1);
        // There are thousands of failures through a long outage.
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
        let state = self.failing.lock().clone();
        StoreHealth {
            store: self.store.to_string(),
            failures: state.as_ref().map_or(0, |failing| failing.failures),
            error: state.map(|failing| failing.last),
            calls: self.calls.pending(),
            clock: self.offset.lock().clone(),
            server_clock: *self.server_clock.lock(),
            may_lose: None,
        }
    }
}
