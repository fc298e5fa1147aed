//! Carries out the stages of a shutdown and their deadlines, and leaves the stores when the machine
//! is done.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{OptionFuture, join, join_all};
use punctual_core::{Run, RunState};
use punctual_machine::{Alarm, Ended};
use punctual_store::{JobStore, RunFilter};
use tokio::time::{Instant, timeout};

use super::Driver;
use super::link::Link;
use crate::events::event::EventKind;
use crate::report::{EndedRun, HandedOnRun, RunningRun, ShutdownReport};
use crate::time::timer::AlarmKey;

/// The number of open runs of a store that are looked at for the report.
const REPORTED: usize = 1_000;

/// The end of a stage, by the scheduler's clock or by tokio's clock, whichever is first. A test
/// that moves the scheduler's clock by hand may wait for the shutdown, and a program has to end.
pub(super) struct StageEnd {
    alarm: AlarmKey,
    pub(super) limit: Option<Instant>,
}

impl Driver {
    /// Begins the next stage, since the time of the stage has passed.
    pub(super) fn next_stage(&mut self) {
        #[cfg(feature = "testing")]
        self.wait_anew();
        self.machine.next_stage();
    }

    pub(super) fn stage_lasts(&mut self, span: Duration) {
        let end = self.end_after(span);
        if let Some(before) = self.stage_end.replace(end) {
            self.timer.cancel(before.alarm);
        }
    }

    pub(super) fn stage_ends_within(&mut self, span: Duration) {
        let end = self.end_after(span);
        let Some(before) = self.stage_end.take() else {
            self.stage_end = Some(end);
            return;
        };
        self.timer.cancel(before.alarm.max(end.alarm));
        let limits = [before.limit, end.limit];
        self.stage_end = Some(StageEnd {
            alarm: before.alarm.min(end.alarm),
            limit: limits.into_iter().flatten().min(),
        });
    }

    fn end_after(&mut self, span: Duration) -> StageEnd {
        StageEnd {
            alarm: self.timer.after(span, 0, Alarm::Shutdown),
            limit: Instant::now().checked_add(span),
        }
    }

    /// Leaves the stores before any caller hears of the end. The process may end right after that,
    /// and other nodes would have to wait until they take this node for dead.
    pub(super) async fn leave_stores(&mut self) {
        let limit = self.leaving;
        let leaving = self.links.values_mut().map(|link| leave(link, limit));
        self.handed_on = join_all(leaving).await.concat();
    }

    /// Tells all callers that wait for the end.
    pub(super) fn finish(self) {
        let left = self.machine.left_behind();
        self.shared.bus.emit(|| EventKind::SchedulerShutdown);
        // From here on the scheduler can be started again.
        drop(self.commands);
        let report = ShutdownReport {
            cancelled: left.cancelled.into_iter().map(EndedRun::from).collect(),
            abandoned: left.abandoned.into_iter().map(RunningRun::from).collect(),
            handed_on: self.handed_on,
            unrecorded: left.unrecorded,
        };
        for answer in self.ending {
            let _ = answer.send(report.clone());
        }
        self.ended.send_replace(Some(report));
    }
}

/// Leaves a store, and returns the runs that wait in it. The store may take as long as `limit` to
/// tell which runs wait, and to forget this node.
async fn leave(link: &mut Link, limit: Duration) -> Vec<HandedOnRun> {
    let keeper = OptionFuture::from(link.close());
    let store = &link.alias;
    let (waiting, left) = join(
        timeout(limit, waiting(&link.alias, &*link.store)),
        timeout(limit, keeper),
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

/// Returns the runs that wait in a store. A store that does not answer has nothing to report.
async fn waiting(alias: &Arc<str>, store: &dyn JobStore) -> Vec<HandedOnRun> {
    let open = RunFilter {
        open: true,
        limit: REPORTED,
        ..RunFilter::default()
    };
    let waits = |run: &Run| matches!(run.state, RunState::Queued | RunState::Retrying);
    let runs = store.runs(open).await.unwrap_or_default().into_iter();
    runs.filter(waits)
        .map(|run| HandedOnRun {
            store: Arc::clone(alias),
            run: run.id,
            fire_time: run.fire_time(),
            job: run.job,
        })
        .collect()
}

impl From<Ended> for EndedRun {
    fn from(own: Ended) -> Self {
        Self {
            job: own.job,
            store: own.store,
            run: own.run,
            fire_time: own.fire_time,
            outcome: own.outcome,
        }
    }
}
