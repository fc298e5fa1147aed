//! The reports of an attempt to the scheduler task.

use std::sync::Arc;

use punctual_core::{MissReason, Outcome};
use punctual_machine::{ActiveKey, AttemptEnd};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::begun::Turn;
use super::{Finish, RunInfo};
use crate::handler::reports::Told;

/// Reports the end of an attempt, also if its future is dropped.
pub(crate) struct Reporter {
    info: Arc<RunInfo>,
    key: ActiveKey,
    started: Option<i64>,
    finish: Option<Finish>,
    /// The scheduler task has taken the attempt back, so its end is not reported.
    is_taken_back: bool,
}

impl Reporter {
    pub(crate) fn new(info: Arc<RunInfo>, key: ActiveKey) -> Self {
        Self {
            info,
            key,
            started: None,
            finish: None,
            is_taken_back: false,
        }
    }

    /// Returns `true` if the body may begin, now that its executor has a permit for it. It may not
    /// if its run was taken back, or if its grace time has passed.
    #[must_use]
    pub(crate) fn begin(&mut self) -> bool {
        let now = self.info.host.clock.micros();
        match self.info.standing.begin(now) {
            Turn::TakenBack => {
                self.is_taken_back = true;
                return false;
            }
            Turn::IsAwaited => self.info.host.reports.push(Told::Begun(self.key)),
            Turn::Begins => {}
        }
        if self.info.latest.is_some_and(|latest| now > latest) {
            self.finish = Some(Finish::plain(Outcome::Missed(MissReason::Grace)));
            return false;
        }
        self.started = Some(now);
        true
    }

    pub(crate) fn end(&mut self, finish: Finish) {
        self.finish = Some(finish);
    }

    /// Notes that the body has ended or has panicked.
    pub(super) fn end_of(&mut self, body: std::thread::Result<Option<Finish>>) {
        self.finish = body.unwrap_or_else(|panic| Some(Finish::panicked(panic)));
    }

    /// Reports an attempt that was over before it could be spawned.
    pub(crate) fn ended(mut self, runtime: &Handle, finish: Finish) -> AbortHandle {
        if self.begin() {
            self.end(finish);
        }
        runtime.spawn(async move { drop(self) }).abort_handle()
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let finished = self.info.host.clock.micros();
        let is_dropped = self.started.is_none() && self.finish.is_none();
        if is_dropped && !self.is_taken_back {
            // From here on this reporter reports the end, and the scheduler task cannot take the
            // attempt back.
            self.is_taken_back = self.info.standing.begin(finished) == Turn::TakenBack;
        }
        if self.is_taken_back {
            return;
        }
        self.info.host.reports.push(Told::Ended(AttemptEnd {
            key: self.key,
            started: self.started,
            finished,
            finish: self.finish.take().map(Into::into),
        }));
    }
}
