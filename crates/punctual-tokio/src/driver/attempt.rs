//! Begins attempts as tokio tasks, tells them to end, and drops them as the machine decides.

use std::sync::Arc;

use punctual_core::{Outcome, SkipReason};
use punctual_machine::{Active, ActiveKey, AttemptEnd, AttemptKey, Finish};
use tokio::task::AbortHandle;

use super::Driver;
use super::gate::{Full, Gate, Permit};
use super::surroundings::Surroundings;
use crate::executor::Code;
use crate::handler::reports::Told;
use crate::handler::{RunInfo, RunOf};
use crate::time::timer::AlarmKey;

/// The state that the driver keeps of an instance that is under way.
#[derive(Default)]
pub(super) struct Kept {
    /// The place of the instance among the instances of the job.
    pub(super) place: Place,
    pub(super) attempt: Option<Attempt>,
    /// The alarm for the end of the attempt's time, or for its abort.
    pub(super) alarm: Option<AlarmKey>,
}

impl Kept {
    /// Returns the time at which the body of the attempt began, if it has begun.
    pub(super) fn begun(&self) -> Option<i64> {
        self.attempt.as_ref()?.info.standing.begun()
    }
}

/// The place of an instance among those of its job, if it has one.
#[derive(Default)]
pub(super) enum Place {
    /// No attempt of the instance has begun so far.
    #[default]
    Unasked,
    Taken(
        #[cfg_attr(
            not(feature = "testing"),
            expect(dead_code, reason = "it is given back when this is dropped")
        )]
        Permit,
    ),
    /// There was no place.
    Refused,
}

/// An attempt that is under way.
pub(super) struct Attempt {
    info: Arc<RunInfo>,
    handle: AbortHandle,
    /// The time at which the attempt began, for a test clock that waits for the attempt.
    #[cfg(feature = "testing")]
    pub(super) began: tokio::time::Instant,
}

impl Driver {
    /// Gives an instance its place. The permit keeps the limit, even if the machine and the store
    /// should have counted wrongly.
    fn enter((active, gate): (&mut Active<Surroundings>, &mut Option<Gate>)) {
        active.own.place = match Gate::enter(gate, active.job.policies().max_instances()) {
            Ok(permit) => Place::Taken(permit),
            // The store may have admitted the instance under a wider limit.
            Err(Full) if active.was_admitted => Place::Taken(None),
            Err(Full) => Place::Refused,
        };
    }

    pub(super) fn begin(&mut self, key: ActiveKey, latest: Option<i64>) {
        let Some((active, gate)) = self.machine.active_and_gate(key) else {
            return;
        };
        if matches!(active.own.place, Place::Unasked) {
            Self::enter((&mut *active, gate));
        }
        if matches!(active.own.place, Place::Refused) {
            let skipped = Outcome::Skipped(SkipReason::MaxInstances);
            return self.report_unbegun(key, Some(Finish::plain(skipped)));
        }
        let info = Arc::new(RunInfo::new(
            Arc::clone(&self.host),
            Arc::clone(&active.job),
            RunOf {
                run: active.run,
                token: active.token,
                fire_time: active.fire_time,
                attempt: active.attempts,
                latest,
            },
        ));
        let Code { task, place } = &active.code;
        let handle = place.begin(task, &self.runtime, Arc::clone(&info), key);
        active.own.attempt = Some(Attempt {
            info,
            handle,
            #[cfg(feature = "testing")]
            began: tokio::time::Instant::now(),
        });
    }

    /// Tells an attempt to end. An attempt that has not begun is over immediately.
    pub(super) fn stop(&mut self, key: ActiveKey) {
        let active = self.machine.active_mut(key);
        let Some(attempt) = active.and_then(|active| active.own.attempt.as_ref()) else {
            return;
        };
        attempt.info.cancel();
        if attempt.info.standing.take_back() {
            // The attempt leaves its place in the line, and its reporter will not tell of it.
            attempt.handle.abort();
            self.report_unbegun(key, None);
        }
    }

    /// Drops the future of an attempt, wherever the future stands. A blocking attempt goes on.
    pub(super) fn abort(&mut self, key: ActiveKey) {
        let active = self.machine.active_mut(key);
        if let Some(attempt) = active.and_then(|active| active.own.attempt.as_ref()) {
            attempt.handle.abort();
        }
    }

    /// Ends the time of an attempt. The time counts from when the attempt's body began.
    pub(super) fn time_is_over(&mut self, key: AttemptKey) {
        let active = self.machine.active_mut(key.run);
        let active = active.filter(|active| active.turn == key.turn && !active.is_told_to_end());
        let Some(attempt) = active.and_then(|active| active.own.attempt.as_ref()) else {
            return;
        };
        let began = attempt.info.standing.begun_or_awaited();
        self.machine.timed_out(key, began);
    }

    pub(super) fn take_reports(&mut self) {
        let mut reports = std::mem::take(&mut self.reports);
        self.host.reports.take(&mut reports);
        for told in reports.drain(..) {
            match told {
                Told::Begun(key) => self.machine.attempt_begun(key),
                Told::Ended(end) => self.machine.attempt_ended(end),
            }
        }
        self.reports = reports;
    }

    fn report_unbegun(&self, key: ActiveKey, finish: Option<Finish>) {
        self.host.reports.push(Told::Ended(AttemptEnd {
            key,
            started: None,
            finished: self.shared.clock.micros(),
            finish,
        }));
    }
}
