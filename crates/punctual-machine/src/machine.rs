//! The machine, with its state and its inputs and outputs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::active::{Active, Table};
use crate::alarm::Alarm;
use crate::effect::{Effect, Effects};
use crate::entry::Entry;
use crate::key::{ActiveKey, JobKey};
use crate::node::Node;
use crate::reply::Reply;
use crate::stage::{LeftBehind, ShutdownTimes, Stage};
use crate::store::StoreState;

/// Holds the state of a running scheduler and makes its decisions.
///
/// The driver sets the time with [`set_time`](Self::set_time), hands in events, ends the turn with
/// [`end_turn`](Self::end_turn), and carries out what [`next_effect`](Self::next_effect) returns
/// until it returns `None`.
pub struct Machine<N: Node> {
    pub(crate) node: N,
    /// Microseconds since 1970.
    pub(crate) now: i64,
    pub(crate) stores: BTreeMap<u32, StoreState<N>>,
    pub(crate) active: Table<N>,
    pub(crate) effects: Effects<N>,
    pub(crate) is_paused: bool,
    pub(crate) stage: Stage,
    pub(crate) shutdown_times: ShutdownTimes,
    pub(crate) left_behind: LeftBehind,
    /// The last fire time that was given to a run by hand.
    pub(crate) last_manual: i64,
    /// The jobs whose last run on this node has ended.
    pub(crate) settled: Vec<JobKey>,
}

impl<N: Node> Machine<N> {
    /// Returns a machine without stores. `now` is in microseconds since 1970, as all times of the
    /// machine.
    pub fn new(node: N, now: i64, is_paused: bool) -> Self {
        Self {
            node,
            now,
            stores: BTreeMap::new(),
            active: Table::default(),
            effects: Effects::default(),
            is_paused,
            stage: Stage::Running,
            shutdown_times: ShutdownTimes::default(),
            left_behind: LeftBehind::default(),
            last_manual: i64::MIN,
            settled: Vec::new(),
        }
    }

    /// Returns the node that the machine decides for.
    pub fn node_mut(&mut self) -> &mut N {
        &mut self.node
    }

    /// Sets the time.
    pub fn set_time(&mut self, now: i64) {
        self.now = now;
    }

    /// Returns the time in microseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Adds a store, and reads its due jobs.
    pub fn add_store(&mut self, id: u32, alias: Arc<str>) {
        let state = StoreState::new(id, alias, self.now);
        self.stores.insert(id, state);
        self.ask_for_window(id);
    }

    /// Returns true if a removed store has something left to record.
    #[must_use]
    pub fn is_leaving_any(&self) -> bool {
        self.stores.values().any(|own| own.is_leaving)
    }

    /// Handles a reply of a store.
    pub fn replied(&mut self, store: u32, reply: Reply) {
        if let Some(state) = self.stores.get_mut(&store) {
            // Decided once for all runs that this reply begins.
            state.is_doubtful = state.may_be_taken_for_dead(&self.node);
        }
        match reply {
            Reply::Claimed(request, reply, own) => self.take_answers(store, *request, reply, &own),
            Reply::Due(due) => self.take_window(store, due),
            Reply::Left(left) => self.take_left(store, left),
            Reply::Nodes(nodes) => self.deal(store, nodes),
            Reply::Adopted(handed, over) => self.adopted(store, handed, over),
            Reply::Waiting(jobs) => self.jobs_wait(store, jobs),
            Reply::Changed(changed) => self.take_changes(store, changed),
            Reply::Leased(lease) => self.leased(store, lease),
            Reply::Cancel(runs) => {
                for (run, reason) in runs {
                    self.asked_to_end(store, run, reason);
                }
            }
            Reply::Recovered(recovered, node) => self.recovered(store, *recovered, &node),
            Reply::Gone => {
                if let Some(state) = self.stores.get_mut(&store) {
                    state.is_gone = true;
                }
            }
        }
    }

    /// Handles an alarm that is due.
    ///
    /// For [`Alarm::Timeout`] the driver calls [`timed_out`](Self::timed_out), since only the
    /// driver knows when the body began. This method would treat such a body as one that has not
    /// begun.
    pub fn alarm(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Job { key, revision } => self.job_is_due(key, revision),
            Alarm::Refill { store } => self.refill(store),
            Alarm::Left { store } => self.look_for_left(store),
            Alarm::Promote { store, birth } => self.promote(store, birth),
            Alarm::Timeout(attempt) => self.timed_out(attempt, None),
            Alarm::Abort(attempt) => self.abort(attempt),
            Alarm::Shutdown => self.next_stage(),
        }
    }

    /// Handles a change of the wall clock by this number of microseconds.
    pub fn clock_was_set(&mut self, by: i64) {
        self.await_anew();
        for state in self.stores.values_mut() {
            state.clock_was_set(by);
        }
        self.look_again();
    }

    /// Sends what has gathered, after the driver has handed in all events that happened together.
    pub fn end_turn(&mut self) {
        self.flush();
        self.let_stores_go();
        self.advance_shutdown();
    }

    /// Returns the next effect, if there is one.
    pub fn next_effect(&mut self) -> Option<Effect<N>> {
        self.effects.pop()
    }

    /// Returns the number of instances that are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.active.len()
    }

    /// Returns the instances that are under way.
    pub fn active(&self) -> impl Iterator<Item = (ActiveKey, &Active<N>)> {
        self.active.all()
    }

    /// Returns an instance that is under way.
    pub fn active_mut(&mut self, key: ActiveKey) -> Option<&mut Active<N>> {
        self.active.get_mut(key)
    }

    /// Returns an instance, with the driver's own data about its job.
    pub fn active_and_gate(&mut self, key: ActiveKey) -> Option<(&mut Active<N>, &mut N::Gate)> {
        let active = self.active.get_mut(key)?;
        let state = self.stores.get_mut(&active.key.store)?;
        let entry = state.jobs.get_mut(active.key)?;
        Some((active, &mut entry.gate))
    }

    /// Returns the job of a key, if it is still known.
    pub(crate) fn entry(&mut self, key: JobKey) -> Option<&mut Entry<N>> {
        self.stores.get_mut(&key.store)?.jobs.get_mut(key)
    }
}

impl<N: Node> fmt::Debug for Machine<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("now", &self.now)
            .field("stores", &self.stores.len())
            .field("under_way", &self.active.len())
            .field("is_paused", &self.is_paused)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Converts microseconds since 1970 into a time.
pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
