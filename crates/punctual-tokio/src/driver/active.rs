//! The runs that are under way on this node.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, RunId};
use tokio::task::AbortHandle;

use crate::gate::Permit;
use crate::handler::RunInfo;
use crate::jobs::JobKey;
use crate::partition::{Code, Instance};
use crate::reports::Key;
use crate::timer::AlarmKey;

/// One run: an attempt is under way.
pub(super) struct Active {
    pub(super) key: JobKey,
    pub(super) job: Arc<punctual_core::Job>,
    /// The birth of the job: its waiting runs go by it.
    pub(super) birth: u64,
    pub(super) code: Code,
    pub(super) run: RunId,
    pub(super) token: u64,
    pub(super) fire_time: DateTime<Utc>,
    /// The fire times of the same instance that come after this one.
    pub(super) rest: VecDeque<DateTime<Utc>>,
    pub(super) attempt: Option<Attempt>,
    pub(super) attempts: u32,
    /// Counts the attempts of all fire times of the instance, so that no two are the same.
    pub(super) turn: u32,
    /// What the timer is armed for: the end of the attempt's time, or its abort.
    pub(super) alarm: Option<AlarmKey>,
    /// Its time was over before the attempt began, which will be told.
    pub(super) is_awaited: bool,
    /// When the first attempt began.
    pub(super) started: Option<i64>,
    pub(super) stop: Option<Stop>,
    /// Nothing of the instance has begun, and the grace time of its job counts until it does.
    pub(super) may_be_late: bool,
    /// The fire time had passed when the job was added, so lateness is not counted from it.
    pub(super) was_past: bool,
    /// Whether its end is not this node's to record.
    pub(super) is_fenced: bool,
    /// Its place among the instances of the job.
    pub(super) _permit: Permit,
}

impl Active {
    /// It, and the others of its instance that are still to come.
    pub(super) fn runs(&self) -> impl Iterator<Item = RunId> + use<> {
        (self.run.0..).take(1 + self.rest.len()).map(RunId)
    }

    /// What of the instance is not over, to be begun another time.
    pub(super) fn rest_of_instance(&self) -> Instance {
        let rest = self.rest.iter().copied();
        Instance {
            first: self.run,
            token: self.token,
            fire_times: std::iter::once(self.fire_time).chain(rest).collect(),
            attempts: self.attempts,
            started: self.started,
            failure: None,
            was_admitted: true,
            may_be_late: self.may_be_late,
        }
    }

    #[cfg(feature = "testing")]
    pub(super) fn has_permit(&self) -> bool {
        self._permit.is_some()
    }
}

/// One attempt of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AttemptKey {
    pub(super) run: Key,
    pub(super) turn: u32,
}

/// An attempt that is under way.
pub(super) struct Attempt {
    pub(super) info: Arc<RunInfo>,
    pub(super) handle: AbortHandle,
    /// For who waits for it.
    #[cfg(feature = "testing")]
    pub(super) began: tokio::time::Instant,
}

/// Why an attempt was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    TimedOut,
    Cancel(CancelReason),
    /// Others took this node for dead: the run is theirs to decide about.
    Fenced,
}

impl Stop {
    /// Whether it counts though the attempt was told to end for another reason before. After its time
    /// a run may be tried again, and what ends it must not be lost.
    pub(super) fn outdoes(self, other: Self) -> bool {
        let rank = |stop| match stop {
            Self::TimedOut => 0,
            Self::Cancel(_) => 1,
            Self::Fenced => 2,
        };
        rank(self) > rank(other)
    }
}

/// A slab of runs. A key of a run that is over names nothing, also when its slot is used again.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    active: Option<Active>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, active: Active) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        let place = &mut self.slots[slot as usize];
        place.active = Some(active);
        Key {
            slot,
            generation: place.generation,
        }
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Active> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        slot.active.as_mut()
    }

    /// The run of an attempt, unless it has gone on since.
    pub(super) fn at(&mut self, key: AttemptKey) -> Option<&mut Active> {
        let active = self.get_mut(key.run)?;
        (active.turn == key.turn).then_some(active)
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Active> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let active = slot.active.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(active)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Key, &Active)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let key = Key {
                slot: index as u32,
                generation: slot.generation,
            };
            Some((key, slot.active.as_ref()?))
        })
    }

    /// The runs of a store's jobs.
    pub(super) fn of_store(&self, store: u32) -> Vec<Key> {
        let its = self.all().filter(|(_, active)| active.key.store == store);
        its.map(|(key, _)| key).collect()
    }

    pub(super) fn find(&self, store: u32, run: RunId) -> Option<Key> {
        let is_it =
            |active: &Active| active.key.store == store && active.runs().any(|own| own == run);
        self.all()
            .find(|(_, active)| is_it(active))
            .map(|(key, _)| key)
    }

    /// Drops an attempt's future, wherever it stands. A blocking one goes on.
    pub(super) fn abort(&mut self, key: Key) {
        if let Some(attempt) = self.get_mut(key).and_then(|active| active.attempt.as_ref()) {
            attempt.handle.abort();
        }
    }
}
