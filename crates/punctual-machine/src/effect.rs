//! What the machine wants to be done.

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

/// One thing that the driver is to do. They are carried out in their order.
pub enum Effect<N: Node> {
    /// Sends a request to a store, which has none of this kind to answer.
    Claim {
        /// The store.
        store: u32,
        /// What it is asked for and told.
        request: Box<ClaimRequest>,
    },
    /// Reads from a store. It has at most one of each kind to answer.
    Read {
        /// The store.
        store: u32,
        /// What is read.
        read: Read,
    },
    /// Arms an alarm for a wall time.
    ArmAt {
        /// In microseconds since 1970.
        at: i64,
        /// Decides between equal times: the smaller comes first.
        order: u64,
        /// The alarm.
        alarm: Alarm,
    },
    /// Takes an alarm for a wall time out.
    DisarmAt {
        /// What it was armed for.
        at: i64,
        /// The alarm.
        alarm: Alarm,
    },
    /// Arms an alarm for when a span of time has passed, however the clock is set meanwhile. An
    /// attempt has one at most: a new one takes the place of the one before.
    ArmAfter {
        /// From now on.
        span: Duration,
        /// The alarm.
        alarm: Alarm,
    },
    /// Begins the next attempt of a run.
    Begin {
        /// The run.
        run: ActiveKey,
        /// The latest time for its body to begin, in microseconds, if it may have to wait.
        latest: Option<i64>,
    },
    /// Tells an attempt to end. If its body has not begun, it has ended.
    Stop(ActiveKey),
    /// Drops the future of an attempt.
    Abort(ActiveKey),
    /// An instance is over here. Its place is free, and its alarm is not needed any more.
    Over {
        /// What named it.
        key: ActiveKey,
        /// What the driver has kept of it.
        run: N::Run,
    },
    /// A stage of the shutdown begins, and lasts so long.
    StageLasts(Duration),
    /// The stage of the shutdown ends no later than after this time.
    StageEndsWithin(Duration),
    /// A store that was removed has recorded all.
    Gone {
        /// The store.
        store: u32,
    },
    /// Answers a request for a run by hand.
    Answer {
        /// What the request was given.
        ticket: u64,
        /// The number of the run, or the refusal.
        answer: Result<RunId, Refusal>,
    },
    /// Counts a run that is over, of which nothing else is told.
    Count(Counted),
    /// Tells the log, the listeners and the metrics. Most runs are only counted, and most effects are
    /// small by that.
    Tell(Box<Tell>),
}

/// What a store is only read for.
#[derive(Debug)]
pub enum Read {
    /// What is due soon.
    Due(DueRequest),
    /// Jobs that were left to other nodes, and that none has claimed.
    Left(DueRequest),
    /// The jobs of open runs of this node that it does not know.
    Adopt(Vec<OpenRun>),
}

/// Effects that wait to be carried out.
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
