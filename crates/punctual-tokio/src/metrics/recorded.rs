//! The names, units and handles of metrics. All handles are made once, when the scheduler is first
//! started. A run costs an addition and two histogram entries, and never a look-up.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use metrics::{
    Counter, Gauge, Histogram, IntoF64, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram,
};
use punctual_core::{FireRange, Outcome};
use punctual_machine::Counted;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::census::{self, Counts, STATES};
use super::labels::labels;

const RUNS: &str = "punctual_runs_total";
const UNDER_WAY: &str = "punctual_runs_under_way";
const LATENESS: &str = "punctual_run_lateness_seconds";
const DURATION: &str = "punctual_run_duration_seconds";
const JOBS: &str = "punctual_jobs";
const STORE_ERRORS: &str = "punctual_store_errors_total";

/// The handles by which a scheduler counts. There are none before the first start, since a program
/// may build its scheduler first and install its recorder then.
pub(crate) struct Metrics {
    handles: OnceLock<Handles>,
    changed: Arc<Notify>,
}

struct Handles {
    runs: [Counter; Outcome::ALL.len()],
    under_way: Gauge,
    lateness: Histogram,
    duration: Histogram,
    jobs: [Gauge; STATES.len()],
}

/// Counts the failures of one store.
pub(crate) struct StoreErrors {
    store: String,
    counter: OnceLock<Counter>,
}

/// The tokio task that counts jobs. It ends when this is dropped.
pub(crate) struct Census(AbortHandle);

impl Handles {
    fn of_the_recorder() -> Self {
        describe();
        let handles = Self {
            runs: Outcome::ALL.map(runs),
            under_way: gauge!(UNDER_WAY),
            lateness: histogram!(LATENESS),
            duration: histogram!(DURATION),
            jobs: STATES.map(|(_, state)| gauge!(JOBS, "state" => state)),
        };
        // A recorder may leave out some of the figures.
        if !is_recorded(&handles.under_way) && !handles.jobs.iter().any(is_recorded) {
            tracing::warn!(
                "the feature `metrics` is on, but no recorder seems to have been installed before the first start, so nothing is counted; install one first, or leave out the feature"
            );
        }
        handles
    }
}

/// Returns `true` if a figure of this gauge goes to a recorder.
///
/// A gauge without a recorder does not ask a value for its number. The number 0 changes nothing.
fn is_recorded(gauge: &Gauge) -> bool {
    struct Asked<'a>(&'a Cell<bool>);
    impl IntoF64 for Asked<'_> {
        fn into_f64(self) -> f64 {
            self.0.set(true);
            0.0
        }
    }
    let is_asked = Cell::new(false);
    gauge.increment(Asked(&is_asked));
    is_asked.get()
}

/// Returns the counter of an outcome.
fn runs(outcome: Outcome) -> Counter {
    let (outcome, reason) = labels(outcome);
    counter!(RUNS, "outcome" => outcome, "reason" => reason)
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            handles: OnceLock::new(),
            changed: Arc::default(),
        }
    }

    /// Counts a run that has ended or will not begin. A run that was late before its job was added
    /// has no fire time from which its lateness could be counted.
    pub(crate) fn ended(&self, end: &Counted) {
        self.count(end.outcome, 1);
        let (Some(handles), Some(started)) = (self.handles.get(), end.started) else {
            return;
        };
        if let Some(fire_time) = end.late_since {
            let late = started - fire_time.timestamp_micros();
            handles.lateness.record(seconds(late));
        }
        handles.duration.record(seconds(end.finished - started));
    }

    /// Counts fire times that share an outcome.
    pub(crate) fn decided(&self, range: FireRange, outcome: Outcome) {
        self.count(outcome, range.count.number());
    }

    fn count(&self, outcome: Outcome, fire_times: u64) {
        match self.handles.get() {
            Some(handles) => handles.runs[outcome.place()].increment(fire_times),
            // The edit comes from a scheduler that has not been started.
            None => runs(outcome).increment(fire_times),
        }
    }

    /// Sets the number of runs that are under way on this node.
    pub(crate) fn under_way(&self, runs: usize) {
        if let Some(handles) = self.handles.get() {
            handles.under_way.set(runs as f64);
        }
    }

    /// Notes that jobs were added, changed or removed, or that this node's knowledge of them has
    /// changed.
    pub(crate) fn jobs_changed(&self) {
        self.changed.notify_one();
    }

    /// Makes the handles, if this is the first start. Counts jobs now, and again whenever they
    /// change.
    pub(crate) fn take_census<F: Future<Output = Option<Counts>> + Send + 'static>(
        &self,
        count: impl Fn() -> F + Send + 'static,
        runtime: &Handle,
    ) -> Census {
        let handles = self.handles.get_or_init(Handles::of_the_recorder);
        let counting = census::run(count, handles.jobs.clone(), Arc::clone(&self.changed));
        Census(runtime.spawn(counting).abort_handle())
    }
}

impl StoreErrors {
    pub(crate) fn of(alias: &str) -> Self {
        Self {
            store: alias.to_owned(),
            counter: OnceLock::new(),
        }
    }

    fn new_counter(&self) -> Counter {
        counter!(STORE_ERRORS, "store" => self.store.clone())
    }

    /// Makes the handle for good, since the scheduler has been started.
    pub(crate) fn take_handle(&self) {
        self.counter.get_or_init(|| self.new_counter());
    }

    pub(crate) fn add(&self) {
        match self.counter.get() {
            Some(counter) => counter.increment(1),
            None => self.new_counter().increment(1),
        }
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl std::fmt::Debug for StoreErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreErrors")
    }
}

fn describe() {
    describe_counter!(RUNS, Unit::Count, "Fire times by what became of them");
    describe_gauge!(UNDER_WAY, Unit::Count, "Runs under way on this node");
    describe_histogram!(
        LATENESS,
        Unit::Seconds,
        "From the fire time of a run to the begin of its first attempt"
    );
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "From the begin of a run's first attempt to its end"
    );
    describe_gauge!(JOBS, Unit::Count, "Jobs in all stores by how they stand");
    describe_counter!(
        STORE_ERRORS,
        Unit::Count,
        "Failed calls of the scheduler task to a store"
    );
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use metrics::{
        GaugeFn, Key, KeyName, Metadata, NoopRecorder, Recorder, SharedString, with_local_recorder,
    };

    use super::*;

    /// A recorder without a size, which keeps its figures elsewhere.
    struct Elsewhere;

    impl GaugeFn for Elsewhere {
        fn increment(&self, _: f64) {}
        fn decrement(&self, _: f64) {}
        fn set(&self, _: f64) {}
    }

    impl Recorder for Elsewhere {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::noop()
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(Arc::new(Self))
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn a_recorder_is_known_by_what_it_does_with_figures() {
        let asked = || is_recorded(&gauge!(UNDER_WAY));
        assert!(!asked());
        assert!(with_local_recorder(&Elsewhere, asked));
        // A boxed recorder has a size, and this one forgets everything.
        let forgetful: Box<dyn Recorder> = Box::new(NoopRecorder);
        assert!(!with_local_recorder(&forgetful, asked));
    }
}
