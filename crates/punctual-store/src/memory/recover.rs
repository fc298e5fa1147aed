//! Nodes and the runs that belong to them: leases, cancelling, and what becomes of the runs of a
//! dead node.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use punctual_core::RunId;

use super::claim::Asked;
use super::open_runs::{Open, Past};
use super::rows::{JobRow, NONE};
use super::state::State;
use crate::batch::{Batch, Cancelled, Fate};
use crate::{
    CancelAnswer, CancelRequest, Error, KnownTasks, Lease, NodeInfo, OpenRequest, OpenRun,
    OpenState, Peer, RecoverRequest, Recovered, RenewRequest, Renewal, WaitingJob,
};

/// As many waiting jobs are named at a time.
const WAITING: usize = 256;

impl State {
    /// The state as one sees it who is no node.
    pub(super) fn asked(&mut self) -> Asked<'_> {
        Asked {
            state: self,
            node: NONE,
            epoch: 0,
            removed: Vec::new(),
        }
    }

    pub(super) fn register(&mut self, node: NodeInfo) -> Lease {
        let name = self.ledger.names.take(&node.name);
        let (lease, before) = self.nodes.register(node, name);
        self.is_shared |= before.is_some() || self.nodes.len() > 1;
        self.ledger.names.unused(before.unwrap_or(NONE));
        lease
    }

    pub(super) fn renew(&mut self, request: &RenewRequest) -> Result<Renewal, Error> {
        let lease = &request.lease;
        let node = self.nodes.check(lease)?;
        self.nodes.beat(lease, request.now);
        self.seen = Some(request.now);
        let its = |open: &Open| open.node == node && open.epoch == lease.epoch;
        let cancels = self
            .open
            .in_order(|_, open| its(open) && open.cancel.is_some());
        let cancels = cancels.into_iter();
        let cancels = cancels.filter_map(|(id, open)| Some((id, open.cancel?)));
        let past = self.past_epochs().into_iter().map(|peer| crate::Beat {
            node: Lease {
                node: peer.info.name,
                epoch: peer.epoch,
            },
            count: peer.beats,
            clock: None,
        });
        Ok(Renewal {
            cancels: cancels.collect(),
            beats: self.nodes.beats().chain(past).collect(),
            waiting: self.waiting_jobs(request.tasks.as_ref(), request.now.timestamp_micros()),
        })
    }

    /// All nodes, and the earlier epochs of theirs that have open runs.
    pub(super) fn peers(&self) -> Vec<Peer> {
        self.nodes.peers().chain(self.past_epochs()).collect()
    }

    fn past_epochs(&self) -> Vec<Peer> {
        let taken = self.open.iter().filter(|(_, open)| open.node != NONE);
        let owners: BTreeSet<_> = taken.map(|(_, open)| (open.node, open.epoch)).collect();
        let owners = owners.into_iter();
        owners
            .filter_map(|(node, epoch)| self.nodes.past(node, epoch))
            .collect()
    }

    pub(super) fn leave(&mut self, lease: &Lease) {
        if let Ok(node) = self.nodes.check(lease)
            && !self.has_any(node, lease.epoch)
        {
            self.forget(lease);
        }
    }

    fn forget(&mut self, lease: &Lease) {
        let name = self.nodes.forget(lease);
        self.ledger.names.unused(name.unwrap_or(NONE));
    }

    pub(super) fn open_runs(&self, request: &OpenRequest) -> Vec<OpenRun> {
        let Some(node) = self.nodes.name_of(&request.node.node) else {
            return Vec::new();
        };
        let epoch = request.node.epoch;
        let its = self.open.in_order(|id, open| {
            Some(id) > request.after && open.node == node && open.epoch == epoch
        });
        its.into_iter()
            .take(request.limit)
            .filter_map(|(id, open)| self.told(id, open))
            .collect()
    }

    pub(super) fn open_run(&self, id: RunId) -> Option<OpenRun> {
        self.told(id, self.open.get(id)?)
    }

    fn told(&self, id: RunId, open: &Open) -> Option<OpenRun> {
        let job = self.ledger.job(open.history)?.clone();
        let Past {
            reruns,
            attempts,
            started,
            failure,
            ..
        } = open.past.as_deref().cloned().unwrap_or_default();
        Some(OpenRun {
            state: open.state(),
            ends_instance: open.ends_instance,
            reruns,
            attempts,
            started,
            failure,
            cancel: open.cancel,
            ..OpenRun::new(id, open.token, job, open.birth, open.key())
        })
    }

    pub(super) fn cancel(&mut self, request: &CancelRequest) -> CancelAnswer {
        let birth = self.open.get(request.run).map_or(0, |open| open.birth);
        let waiting = self.open.waiting(birth).into_iter();
        let waiting: Vec<_> = waiting.filter_map(|id| self.open_run(id)).collect();
        let mut asked = self.asked();
        let done = Batch::new(&mut asked, request.now).cancel(request.run, request.reason);
        match done {
            Cancelled::NotOpen => CancelAnswer::NotOpen,
            Cancelled::Marked => CancelAnswer::Asked,
            Cancelled::Ended(ids) => CancelAnswer::Ended {
                removed: asked.removed.pop(),
                runs: waiting
                    .into_iter()
                    .filter(|run| ids.contains(&run.id))
                    .collect(),
            },
        }
    }

    /// Whether a node has open runs, of this epoch or those before it.
    fn has_any(&self, node: u32, epoch: u64) -> bool {
        self.open.iter().any(|(_, open)| open.is_of(node, epoch))
    }

    pub(super) fn recover(&mut self, request: &RecoverRequest) -> Result<Recovered, Error> {
        self.nodes.check(&request.by)?;
        let Some(dead) = self.nodes.bury(&request.dead, request.beats) else {
            return Ok(Recovered::default());
        };
        let ids = self.some_of(dead, request.dead.epoch, request.limit);
        let before: Vec<_> = ids.iter().filter_map(|id| self.open_run(*id)).collect();
        let now = DateTime::from_timestamp_micros(request.now).unwrap_or_default();
        let mut asked = self.asked();
        let settled = Batch::new(&mut asked, now).settle(&ids);
        let mut recovered = Recovered {
            removed: asked.removed,
            ..Recovered::default()
        };
        let mut births = BTreeSet::new();
        for (instance, fate) in settled {
            let runs = || before.iter().filter(|run| instance.contains(&run.id));
            match fate {
                Fate::Lost => recovered.lost.extend(runs().cloned()),
                Fate::Waits => births.extend(runs().map(|run| run.birth)),
            }
        }
        recovered.waiting = births
            .into_iter()
            .filter_map(|birth| self.waits(birth, request.now))
            .collect();
        recovered.has_more = self.has_any(dead, request.dead.epoch);
        if !recovered.has_more {
            self.forget(&request.dead);
        }
        Ok(recovered)
    }

    /// Some of the runs of a node, the last instance as a whole.
    fn some_of(&self, node: u32, epoch: u64, limit: usize) -> Vec<RunId> {
        let mut some = Vec::new();
        let mut is_whole = true;
        for (id, open) in self.open.in_order(|_, open| open.is_of(node, epoch)) {
            if some.len() >= limit.max(1) && is_whole {
                break;
            }
            is_whole = open.ends_instance;
            some.push(id);
        }
        some
    }

    /// Jobs whose waiting runs may start by `now`.
    pub(super) fn waiting_jobs(&self, tasks: Option<&KnownTasks>, now: i64) -> Vec<WaitingJob> {
        let knows = |task: &str| tasks.is_none_or(|tasks| tasks.iter().any(|own| &**own == task));
        let mut seen = HashSet::new();
        let queued = self.open.queued().filter(|birth| self.has_room(*birth));
        // The first time of a job is its earliest.
        let dues = queued.map(|birth| (0, birth)).chain(self.open.due(now));
        let jobs = dues
            .filter(|(_, birth)| seen.insert(*birth))
            .filter_map(|(due, birth)| self.waiting_job(birth, due));
        jobs.filter(|job| knows(&job.task)).take(WAITING).collect()
    }

    fn has_room(&self, birth: u64) -> bool {
        let row = self.rows.born(birth).and_then(|slot| self.rows.get(slot));
        row.is_some_and(|row| row.job.policies().max_instances.admits(row.state.running))
    }

    /// Nothing that waits of a paused job may start.
    fn waiting_job(&self, birth: u64, due: i64) -> Option<WaitingJob> {
        let row = self.rows.get(self.rows.born(birth)?)?;
        if row.state.paused {
            return None;
        }
        Some(WaitingJob {
            id: row.job.id().clone(),
            birth,
            task: row.job.task().clone(),
            due: DateTime::from_timestamp_micros(due).unwrap_or_default(),
        })
    }

    /// When the first run is due that waits for its next attempt beyond `through`.
    pub(super) fn next_waiting(&self, through: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.open.due_after(through)?)
    }

    /// A job with a run that waits and may start by `until`.
    fn waits(&self, birth: u64, until: i64) -> Option<WaitingJob> {
        let has_room = self.has_room(birth);
        let runs = self.open.waiting(birth).into_iter();
        let due = runs
            .filter_map(|id| match self.open.get(id)?.state() {
                OpenState::Queued => has_room.then_some(0),
                OpenState::Retrying { due } => (due <= until).then_some(due),
                OpenState::Running => None,
            })
            .min()?;
        self.waiting_job(birth, due)
    }

    pub(super) fn record_decided(
        &mut self,
        slot: u32,
        decided: Option<(punctual_core::FireRange, punctual_core::Outcome)>,
        now: DateTime<Utc>,
    ) {
        if let Some((range, outcome)) = decided {
            let mut asked = self.asked();
            Batch::new(&mut asked, now).record_decided(slot, range, outcome);
        }
    }

    /// Ends what waits of a job that is removed, and decides what is overdue.
    pub(super) fn settle_removed(&mut self, slot: u32, now: DateTime<Utc>) {
        let decided = self.rows.get(slot).map(JobRow::stored);
        let decided = decided.and_then(|stored| stored.passed_over(now));
        self.record_decided(slot, decided, now);
        let mut asked = self.asked();
        Batch::new(&mut asked, now).remove(slot);
    }
}
