//! The faults that a test has set, and the counts of calls.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::mem::take;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

use super::{Fault, Refusal, StoreCall};
use crate::lock::Mutex;
use crate::{ClaimReply, DueJobs};

pub(super) type Rewrite<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// The fault that a call has met, and the turn of its kind at that time.
pub(super) type Met = Option<(Fault, u64)>;

/// The state that a store shares with its faults.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    calls: BTreeMap<StoreCall, Kind>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) damaged: BTreeSet<String>,
    pub(super) rewrites_windows: Option<Rewrite<DueJobs>>,
    pub(super) rewrites_replies: Option<Rewrite<ClaimReply>>,
    /// The window that was read last, from the first job on.
    pub(super) window: Option<DueJobs>,
    pub(super) is_frozen: bool,
    pub(super) swallows_adds: bool,
}

/// The faults and counts of one kind of call.
#[derive(Default)]
pub(super) struct Kind {
    /// The fault in force until it is mended.
    pub(super) standing: Option<Fault>,
    /// The faults of the next calls, one each.
    pub(super) next: VecDeque<Fault>,
    /// The number of times that the kind was set or mended. A held call waits for the next time.
    turn: u64,
    pub(super) begun: u64,
    pub(super) struck: u64,
    pub(super) in_flight: u64,
    /// The held calls.
    held: Vec<Waker>,
    /// The tests that wait for calls.
    expecting: Vec<Waker>,
}

impl State {
    fn kind(&mut self, call: StoreCall) -> &mut Kind {
        self.calls.entry(call).or_default()
    }

    pub(super) fn frozen_window(&self) -> Option<DueJobs> {
        self.window.clone().filter(|_| self.is_frozen)
    }
}

impl Kind {
    fn begin(&mut self) -> Met {
        self.begun += 1;
        self.in_flight += 1;
        let met = self.meet();
        self.struck += u64::from(met.is_some());
        met
    }

    pub(super) fn meet(&mut self) -> Met {
        let fault = self.next.pop_front().or_else(|| self.standing.clone())?;
        Some((fault, self.turn))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state())
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state())
    }

    pub(super) fn kind<T>(&self, call: StoreCall, change: impl FnOnce(&mut Kind) -> T) -> T {
        self.change(|state| change(state.kind(call)))
    }

    /// Counts a call and returns its fault.
    pub(super) fn begin(&self, call: StoreCall) -> Met {
        let (met, expecting) = self.kind(call, |kind| {
            let met = kind.begin();
            (met, take(&mut kind.expecting))
        });
        expecting.into_iter().for_each(Waker::wake);
        met
    }

    /// Changes the faults of a kind of call, and lets held calls go on.
    pub(super) fn turn(&self, call: StoreCall, change: impl FnOnce(&mut Kind)) {
        let held = self.kind(call, |kind| {
            change(kind);
            kind.turn += 1;
            take(&mut kind.held)
        });
        held.into_iter().for_each(Waker::wake);
    }

    /// Waits for the turn after this one.
    pub(super) async fn turned(&self, call: StoreCall, turn: u64) {
        let poll = |context: &mut Context<'_>| {
            self.kind(call, |kind| {
                let is_over = kind.turn > turn;
                ready_or_wait(is_over, &mut kind.held, context.waker())
            })
        };
        poll_fn(poll).await;
    }

    /// Waits until the counts of a kind of call satisfy `is_so`.
    pub(super) async fn counted(&self, call: StoreCall, is_so: impl Fn(&Kind) -> bool) {
        let poll = |context: &mut Context<'_>| {
            self.kind(call, |kind| {
                let is_so = is_so(kind);
                ready_or_wait(is_so, &mut kind.expecting, context.waker())
            })
        };
        poll_fn(poll).await;
    }
}

fn ready_or_wait(is_over: bool, waiting: &mut Vec<Waker>, waker: &Waker) -> Poll<()> {
    if is_over {
        return Poll::Ready(());
    }
    if !waiting.iter().any(|known| known.will_wake(waker)) {
        waiting.push(waker.clone());
    }
    Poll::Pending
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let standing = state.calls.iter().filter_map(|(call, kind)| {
            let fault = kind.standing.as_ref()?;
            Some((call, fault))
        });
        f.debug_map().entries(standing).finish()
    }
}
