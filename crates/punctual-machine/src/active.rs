//! The runs that are under way on this node.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, RunId};
use slab::Slab;

use crate::alarm::Alarm;
use crate::instance::Instance;
use crate::key::{ActiveKey, AttemptKey, JobKey};
use crate::node::Node;
use crate::outcome::Stop;

/// An instance that is under way. It has one run with an attempt under way, and the runs that
/// follow.
pub struct Active<N: Node> {
    /// The key of the job on this node.
    pub key: JobKey,
    /// The job as it was when the instance began.
    pub job: Arc<Job>,
    /// The birth of the job, by which the store finds its waiting runs.
    pub(crate) birth: u64,
    /// The code that executes the job.
    pub code: N::Code,
    /// The number of the run.
    pub run: RunId,
    /// The fencing token of the run.
    pub token: u64,
    /// The fire time of the run.
    pub fire_time: DateTime<Utc>,
    /// The fire times of the same instance that come after this one.
    pub(crate) rest: VecDeque<DateTime<Utc>>,
    /// The number of attempts that began.
    pub attempts: u32,
    /// The number of the attempt within the instance.
    pub turn: u32,
    /// The alarm that is armed for the end of the attempt's time or for its abort.
    pub(crate) alarm: Option<Alarm>,
    /// True if the time was over before the body began. The driver then reports its start.
    pub(crate) is_awaited: bool,
    /// True if the alarm for the end of its time was armed after the body began. The time is over
    /// when the alarm is due, however the clock was set.
    pub(crate) is_measured: bool,
    /// The start of the first attempt.
    pub(crate) started: Option<i64>,
    pub(crate) stop: Option<Stop>,
    /// True if nothing of the instance has begun. The grace time of its job counts until then.
    pub(crate) may_be_late: bool,
    /// True if the fire time had passed when the job was added. Lateness is not counted from such a
    /// time.
    pub(crate) was_past: bool,
    /// True if this node may not record the end.
    pub(crate) is_fenced: bool,
    /// True if the store had admitted the instance before, perhaps under a wider limit.
    pub was_admitted: bool,
    /// The driver's own data about the instance.
    pub own: N::Run,
}

impl<N: Node> fmt::Debug for Active<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("job", self.job.id())
            .field("run", &self.run)
            .field("fire_time", &self.fire_time)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl<N: Node> Active<N> {
    /// Returns the run and the other runs of its instance that are still to come.
    pub(crate) fn runs(&self) -> impl Iterator<Item = RunId> + use<N> {
        (self.run.0..).take(1 + self.rest.len()).map(RunId)
    }

    /// Returns the part of the instance that is not over, which waits in the store. The store has
    /// its arguments.
    pub(crate) fn rest_of_instance(&self) -> Instance {
        let rest = self.rest.iter().copied();
        Instance {
            first: self.run,
            token: self.token,
            fire_times: std::iter::once(self.fire_time).chain(rest).collect(),
            attempts: self.attempts,
            started: self.started,
            failure: None,
            args: None,
            was_admitted: true,
            may_be_late: self.may_be_late,
            past: self.was_past.then_some(self.fire_time),
        }
    }

    /// Returns true if the attempt was told to end.
    #[must_use]
    pub fn is_told_to_end(&self) -> bool {
        self.stop.is_some()
    }

    /// Returns the name of the attempt that is under way.
    #[must_use]
    pub fn attempt_of(&self, run: ActiveKey) -> AttemptKey {
        AttemptKey {
            run,
            turn: self.turn,
        }
    }
}

/// A slab of runs. The key of a run that is over finds nothing, even if its slot is used again.
pub(crate) struct Table<N: Node> {
    runs: Slab<(u32, Active<N>)>,
    /// The number of runs so far, which is the generation of the next one.
    generation: u32,
}

impl<N: Node> Default for Table<N> {
    fn default() -> Self {
        Self {
            runs: Slab::new(),
            generation: 0,
        }
    }
}

impl<N: Node> Table<N> {
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }

    pub(crate) fn insert(&mut self, active: Active<N>) -> ActiveKey {
        let generation = self.generation;
        self.generation = generation.wrapping_add(1);
        let slot = self.runs.insert((generation, active)) as u32;
        ActiveKey { slot, generation }
    }

    pub(crate) fn get_mut(&mut self, key: ActiveKey) -> Option<&mut Active<N>> {
        let (generation, active) = self.runs.get_mut(key.slot as usize)?;
        (*generation == key.generation).then_some(active)
    }

    /// Returns the instance of an attempt, unless a later attempt has begun.
    pub(crate) fn at(&mut self, key: AttemptKey) -> Option<&mut Active<N>> {
        let active = self.get_mut(key.run)?;
        (active.turn == key.turn).then_some(active)
    }

    pub(crate) fn remove(&mut self, key: ActiveKey) -> Option<Active<N>> {
        self.get_mut(key)?;
        self.runs
            .try_remove(key.slot as usize)
            .map(|(_, active)| active)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (ActiveKey, &Active<N>)> {
        self.runs.iter().map(|(slot, (generation, active))| {
            let key = ActiveKey {
                slot: slot as u32,
                generation: *generation,
            };
            (key, active)
        })
    }

    /// Returns the keys of the instances of a store's jobs.
    pub(crate) fn of_store(&self, store: u32) -> Vec<ActiveKey> {
        let its = self.all().filter(|(_, active)| active.key.store == store);
        its.map(|(key, _)| key).collect()
    }

    pub(crate) fn find(&self, store: u32, run: RunId) -> Option<ActiveKey> {
        let is_it =
            |active: &Active<N>| active.key.store == store && active.runs().any(|own| own == run);
        self.all()
            .find(|(_, active)| is_it(active))
            .map(|(key, _)| key)
    }
}
