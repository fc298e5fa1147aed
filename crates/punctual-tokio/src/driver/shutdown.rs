//! The end: refuse new work, wait, cancel, abort, give up; each with its deadline.

use std::time::Duration;

use futures::future::{OptionFuture, join, join_all};
use punctual_core::{CancelReason, Outcome, Run, RunId, RunState, Timeout};
use punctual_store::{JobStore, RunFilter};
use tokio::time::{Instant, timeout};

use super::{Alarm, Driver};
use crate::command::{Answer, RunningRun, Shutdown, ShutdownReport};
use crate::event::EventKind;
use crate::handler::Finish;
use crate::partition::Partition;
use crate::timer::AlarmKey;

/// How long aborted runs may take to be dropped, and stores to record the last ends.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// How long a store may take to say what waits, and to forget this node.
const LEAVING: Duration = Duration::from_secs(1);

/// How many open runs of a store are looked at for the report.
const REPORTED: usize = 1_000;

/// How far the shutdown has come.
pub(super) enum Stage {
    Running,
    /// No new runs; those under way may end by themselves.
    Waiting(Ending),
    /// They were told to end.
    Cancelling(Ending),
    /// They were aborted.
    Aborting(Ending),
    /// They are given up; the stores may still record what is known.
    Recording(Ending),
    /// Nothing more to wait for.
    Over(Ending),
}

/// Who waits for the end, and what they will be told.
pub(super) struct Ending {
    answers: Vec<Answer<ShutdownReport>>,
    /// When the next stage begins.
    time: Time,
    cancelled: Vec<RunId>,
    abandoned: Vec<RunningRun>,
}

/// How long a stage lasts: as the scheduler's clock goes, or as tokio's does, whichever is first. A test
/// that moves the first by hand may wait for the shutdown, and a program has to end.
struct Time {
    alarm: AlarmKey,
    limit: Option<Instant>,
}

impl Stage {
    /// When tokio's clock ends it.
    pub(super) fn limit(&self) -> Option<Instant> {
        match self {
            Self::Running | Self::Over(_) => None,
            Self::Waiting(ending)
            | Self::Cancelling(ending)
            | Self::Aborting(ending)
            | Self::Recording(ending) => ending.time.limit,
        }
    }

    pub(super) fn starts_runs(&self) -> bool {
        matches!(self, Self::Running)
    }

    /// Whether all that is under way was told to end.
    pub(super) fn ends_runs(&self) -> bool {
        !matches!(self, Self::Running | Self::Waiting(_))
    }

    pub(super) fn takes_commands(&self) -> bool {
        !matches!(self, Self::Over(_))
    }
}

impl Driver {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    pub(super) fn begin_shutdown(&mut self, shutdown: Shutdown) {
        let time = self.give(shutdown.wait);
        match &mut self.stage {
            Stage::Running => {
                let ending = Ending {
                    answers: vec![shutdown.answer],
                    time,
                    cancelled: Vec::new(),
                    abandoned: Vec::new(),
                };
                self.begin_waiting(ending);
            }
            // A second request waits for the same end, and may bring it forward.
            Stage::Waiting(ending) => {
                ending.answers.push(shutdown.answer);
                let sooner = ending.time.alarm.min(time.alarm);
                let later = ending.time.alarm.max(time.alarm);
                let limits = [ending.time.limit, time.limit];
                ending.time = Time {
                    alarm: sooner,
                    limit: limits.into_iter().flatten().min(),
                };
                self.timer.cancel(later);
            }
            Stage::Cancelling(ending)
            | Stage::Aborting(ending)
            | Stage::Recording(ending)
            | Stage::Over(ending) => {
                ending.answers.push(shutdown.answer);
                self.timer.cancel(time.alarm);
            }
        }
    }

    /// Sets the end of a stage that begins now.
    fn give(&mut self, span: Duration) -> Time {
        Time {
            alarm: self.timer.after(span, 0, Alarm::Shutdown),
            limit: Instant::now().checked_add(span),
        }
    }

    /// What waits for an instance, or for its next attempt, stays in its store.
    fn begin_waiting(&mut self, ending: Ending) {
        for partition in self.partitions.values_mut() {
            partition.waits.clear();
        }
        self.stage = Stage::Waiting(ending);
    }

    /// The time of a stage has passed.
    pub(super) fn next_stage(&mut self) {
        #[cfg(feature = "testing")]
        self.wait_anew();
        let is_idle = self.active.len() == 0;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Running) {
            Stage::Running => Stage::Running,
            // There is nothing to cancel, and only ends that are not recorded yet.
            Stage::Waiting(ending) | Stage::Cancelling(ending) if is_idle => {
                Stage::Recording(self.lasting(ending, LAST_WAIT))
            }
            Stage::Waiting(mut ending) => {
                for (key, run) in self.active_keys() {
                    ending.cancelled.push(run);
                    self.cancel(key, CancelReason::Shutdown);
                }
                Stage::Cancelling(self.lasting(ending, Timeout::GRACE))
            }
            Stage::Cancelling(ending) => {
                for (key, _) in self.active_keys() {
                    self.active.abort(key);
                }
                Stage::Aborting(self.lasting(ending, LAST_WAIT))
            }
            Stage::Aborting(mut ending) => {
                ending.abandoned = self.running();
                self.give_up();
                Stage::Recording(self.lasting(ending, LAST_WAIT))
            }
            Stage::Recording(ending) | Stage::Over(ending) => Stage::Over(ending),
        };
    }

    /// The next stage lasts so long at most.
    fn lasting(&mut self, mut ending: Ending, span: Duration) -> Ending {
        let passed = std::mem::replace(&mut ending.time, self.give(span));
        self.timer.cancel(passed.alarm);
        ending
    }

    fn active_keys(&self) -> Vec<(crate::reports::Key, RunId)> {
        self.active
            .all()
            .map(|(key, active)| (key, active.run))
            .collect()
    }

    /// Records the end of runs that do not end.
    fn give_up(&mut self) {
        let now = self.core.clock.micros();
        for (key, _) in self.active_keys() {
            let outcome = Outcome::Cancelled(CancelReason::Shutdown);
            self.end_run(key, Finish::plain(outcome), now);
        }
    }

    /// Whether there is anything left to wait for.
    pub(super) fn advance_shutdown(&mut self) {
        if matches!(self.stage, Stage::Running | Stage::Over(_)) || self.active.len() > 0 {
            return;
        }
        if self
            .partitions
            .values()
            .all(|partition| partition.is_settled())
        {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Running) {
                Stage::Running => Stage::Running,
                Stage::Waiting(ending)
                | Stage::Cancelling(ending)
                | Stage::Aborting(ending)
                | Stage::Recording(ending)
                | Stage::Over(ending) => Stage::Over(ending),
            };
        }
    }

    /// Leaves the stores before anybody hears of the end: the process may end with it, and others
    /// would have to wait until they take this node for dead.
    pub(super) async fn leave_stores(&mut self) {
        let leaving = self.partitions.values_mut().map(leave);
        self.left_waiting = join_all(leaving).await.concat();
    }

    /// Tells everybody who waits for the end.
    pub(super) fn finish(mut self) {
        let unrecorded = self
            .partitions
            .values()
            .map(|partition| partition.outbox.ends.len() + partition.outbox.ends_sent)
            .sum();
        self.core.bus.emit(|| EventKind::SchedulerShutdown);
        let stage = std::mem::replace(&mut self.stage, Stage::Running);
        // From here on the scheduler can be started again.
        drop(self.commands);
        let Stage::Over(ending) = stage else {
            return;
        };
        let report = ShutdownReport {
            cancelled: ending.cancelled,
            abandoned: ending.abandoned,
            waiting: self.left_waiting,
            unrecorded,
        };
        for answer in ending.answers {
            let _ = answer.send(report.clone());
        }
        self.ended.send_replace(Some(report));
    }
}

/// Leaves a store, and says which runs wait in it.
async fn leave(partition: &mut Partition) -> Vec<RunId> {
    let store = &partition.alias;
    partition.requests = None;
    let keeper = OptionFuture::from(partition.keeper.take());
    let (waiting, left) = join(
        timeout(LEAVING, waiting(&*partition.store)),
        timeout(LEAVING, keeper),
    )
    .await;
    if left.is_err() {
        tracing::warn!(%store, "the store does not answer: others will take this node for dead");
    }
    waiting.unwrap_or_else(|_| {
        tracing::warn!(%store, "the store does not say which runs wait in it: the report leaves them out");
        Vec::new()
    })
}

/// The runs that wait in a store. One that cannot be asked has nothing to report.
async fn waiting(store: &dyn JobStore) -> Vec<RunId> {
    let open = RunFilter {
        open: true,
        limit: REPORTED,
        ..RunFilter::default()
    };
    let waits = |run: &Run| matches!(run.state, RunState::Queued | RunState::Retrying);
    let runs = store.runs(open).await.unwrap_or_default().into_iter();
    runs.filter(waits).map(|run| run.id).collect()
}
