//! The effects that the driver carries out.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use punctual_core::RunId;
use punctual_store::{ClaimRequest, DueRequest, OpenRun};

use crate::alarm::Alarm;
use crate::key::ActiveKey;
use crate::node::Node;
use crate::refusal::Refusal;
use crate::tell::{Counted, Tell};

/// One thing that the machine wants done. The driver carries out effects in their order.
pub enum Effect<N: Node> {
    /// Sends a claim request to a store. The store has no other claim request to answer.
    Claim {
        /// The store.
        store: u32,
        /// The request.
        request: Box<ClaimRequest>,
    },
    /// Reads from a store, which has at most one read of each kind to answer.
    Read {
        /// The store.
        store: u32,
        /// The kind of the read.
        read: Read,
    },
    /// Arms an alarm for a wall time.
    ArmAt {
        /// The time, in microseconds since 1970.
        at: i64,
        /// The order of alarms with equal times. The smallest comes first.
        order: u64,
        /// The alarm.
        alarm: Alarm,
    },
    /// Disarms an alarm for a wall time.
    DisarmAt {
        /// The time that it was armed for.
        at: i64,
        /// The alarm.
        alarm: Alarm,
    },
    /// Arms an alarm for the end of a span of time, however the clock is set in between.
    ///
    /// An attempt has at most one such alarm. A new one replaces the one before.
    ArmAfter {
        /// The span from now on.
        span: Duration,
        /// The alarm.
        alarm: Alarm,
    },
    /// Begins the next attempt of a run.
    Begin {
        /// The key of the instance.
        run: ActiveKey,
        /// The latest time for its body to begin, in microseconds, if it may have to wait.
        latest: Option<i64>,
    },
    /// Tells an attempt to end. If its body has not begun, the attempt has ended.
    Stop(ActiveKey),
    /// Drops the future of an attempt.
    Abort(ActiveKey),
    /// Ends an instance on this node. Its place is free, and its alarm is not needed any more.
    Over {
        /// The key that named the instance.
        key: ActiveKey,
        /// The driver's own data about the instance.
        run: N::Run,
    },
    /// Begins a stage of the shutdown that lasts for this time.
    StageLasts(Duration),
    /// Ends the stage of the shutdown after this time at the latest.
    StageEndsWithin(Duration),
    /// Drops a removed store, which has recorded all ends.
    Gone {
        /// The store.
        store: u32,
    },
    /// Answers a request for a run by hand.
    Answer {
        /// The ticket of the request.
        ticket: u64,
        /// The number of the run, or the refusal.
        answer: Result<RunId, Refusal>,
    },
    /// Counts a run that is over and is not reported otherwise.
    Count(Counted),
    /// Reports to the log, the listeners and the metrics. It is boxed, since most runs are only
    /// counted and most effects stay small by that.
    Tell(Box<Tell>),
}

/// The kinds of reads from a store.
#[derive(Debug)]
pub enum Read {
    /// Reads the jobs that are due soon.
    Due(DueRequest),
    /// Reads the jobs that were left to other nodes and that none has claimed.
    Left(DueRequest),
    /// Reads the jobs of open runs of this node that it does not know.
    Adopt(Vec<OpenRun>),
}

/// The effects that wait to be carried out.
pub(crate) struct Effects<N: Node>(VecDeque<Effect<N>>);

impl<N: Node> Default for Effects<N> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<N: Node> Effects<N> {
    pub(crate) fn push(&mut self, effect: Effect<N>) {
        self.0.push_back(effect);
    }

    pub(crate) fn pop(&mut self) -> Option<Effect<N>> {
        self.0.pop_front()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn tell(&mut self, tell: Tell) {
        self.push(Effect::Tell(Box::new(tell)));
    }

    pub(crate) fn at(&mut self, at: i64, order: u64, alarm: Alarm) {
        self.push(Effect::ArmAt { at, order, alarm });
    }

    pub(crate) fn cancel_at(&mut self, at: i64, alarm: Alarm) {
        self.push(Effect::DisarmAt { at, alarm });
    }

    pub(crate) fn after(&mut self, span: Duration, alarm: Alarm) {
        self.push(Effect::ArmAfter { span, alarm });
    }
}

impl<N: Node> fmt::Debug for Effect<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim { store, request } => {
                f.debug_tuple("Claim").field(store).field(request).finish()
            }
            Self::Read { store, read } => f.debug_tuple("Read").field(store).field(read).finish(),
            Self::ArmAt { at, alarm, .. } => f.debug_tuple("ArmAt").field(at).field(alarm).finish(),
            Self::DisarmAt { at, alarm } => {
                f.debug_tuple("DisarmAt").field(at).field(alarm).finish()
            }
            Self::ArmAfter { span, alarm } => {
                f.debug_tuple("ArmAfter").field(span).field(alarm).finish()
            }
            Self::Begin { run, latest } => f.debug_tuple("Begin").field(run).field(latest).finish(),
            Self::Stop(run) => f.debug_tuple("Stop").field(run).finish(),
            Self::Abort(run) => f.debug_tuple("Abort").field(run).finish(),
            Self::Over { key, .. } => f.debug_tuple("Over").field(key).finish(),
            Self::StageLasts(span) => f.debug_tuple("StageLasts").field(span).finish(),
            Self::StageEndsWithin(span) => f.debug_tuple("StageEndsWithin").field(span).finish(),
            Self::Gone { store } => f.debug_tuple("Gone").field(store).finish(),
            Self::Answer { ticket, answer } => {
                f.debug_tuple("Answer").field(ticket).field(answer).finish()
            }
            Self::Count(counted) => f.debug_tuple("Count").field(counted).finish(),
            Self::Tell(tell) => f.debug_tuple("Tell").field(tell).finish(),
        }
    }
}
