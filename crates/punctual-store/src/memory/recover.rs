//! Runs and the nodes that they belong to: leases, cancel requests, and what becomes of the runs of
//! a dead node.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual_core::{OnLost, Outcome, RunId};

use super::open::Open;
use super::rows::Row;
use super::state::State;
use crate::{
    Error, Lease, OpenRun, Peer, RecoverRequest, Recovered, Renewal, RunEnd, StoredJob, TakenRun,
};

impl State {
    pub(super) fn renew(&mut self, lease: &Lease) -> Result<Renewal, Error> {
        let node = self.nodes.check(lease)?;
        self.nodes.beat(node);
        let its = |open: &Open| open.node == node && open.epoch == lease.epoch;
        let cancels = self.open.iter();
        let cancels = cancels.filter(|(_, open)| open.is_unwanted && its(open));
        Ok(Renewal {
            cancels: cancels.map(|(id, _)| *id).collect(),
            peers: self.peers(),
        })
    }

    /// All nodes, and the earlier epochs of theirs that have open runs.
    pub(super) fn peers(&self) -> Vec<Peer> {
        let owners: BTreeSet<_> = self
            .open
            .values()
            .map(|open| (open.node, open.epoch))
            .collect();
        let past = owners.into_iter();
        let past = past.filter_map(|(node, epoch)| self.nodes.past(node, epoch));
        self.nodes.peers().into_iter().chain(past).collect()
    }

    pub(super) fn leave(&mut self, lease: &Lease) {
        if let Ok(node) = self.nodes.check(lease)
            && self.ids_of(node, lease.epoch).is_empty()
        {
            self.nodes.forget(node, lease.epoch);
        }
    }

    pub(super) fn open_runs(&self, of: &Lease) -> Vec<OpenRun> {
        let Some(node) = self.nodes.find(&of.node) else {
            return Vec::new();
        };
        let is_its = |open: &&Open| open.node == node && open.epoch == of.epoch;
        let its = self.open.iter().filter(|(_, open)| is_its(open));
        its.filter_map(|(id, open)| self.open_run(*id, open))
            .collect()
    }

    fn open_run(&self, id: RunId, open: &Open) -> Option<OpenRun> {
        Some(OpenRun {
            id,
            job: self.ledger.job(open.history)?.clone(),
            key: open.key(),
            is_queued: open.is_queued,
            ends_instance: open.holds,
            reruns: open.reruns,
        })
    }

    pub(super) fn request_cancel(&mut self, run: RunId) -> bool {
        let open = self.open.get_mut(&run);
        open.map(|open| open.is_unwanted = true).is_some()
    }

    /// The open runs of a node, of this epoch and those before it.
    fn ids_of(&self, node: u32, epoch: u64) -> Vec<RunId> {
        let its = |open: &Open| open.node == node && open.epoch <= epoch;
        let its = self.open.iter().filter(|(_, open)| its(open));
        its.map(|(id, _)| *id).collect()
    }

    /// The same, run by run as they belong together.
    fn instances_of(&self, node: u32, epoch: u64) -> Vec<Vec<RunId>> {
        let ids = self.ids_of(node, epoch);
        let goes_on = |id: &RunId, _: &RunId| self.open.get(id).is_some_and(|open| !open.holds);
        ids.chunk_by(goes_on).map(<[_]>::to_vec).collect()
    }

    pub(super) fn recover(&mut self, request: &RecoverRequest) -> Result<Recovered, Error> {
        let by = self.nodes.check(&request.by)?;
        let mut recovered = Recovered::default();
        let Some(dead) = self.nodes.bury(&request.dead) else {
            return Ok(recovered);
        };
        for instance in self.instances_of(dead, request.dead.epoch) {
            self.settle(&instance, by, request, &mut recovered);
        }
        if self.ids_of(dead, request.dead.epoch).is_empty() {
            self.nodes.forget(dead, request.dead.epoch);
        }
        Ok(recovered)
    }

    /// Decides about the runs of one instance, which share their fate.
    fn settle(
        &mut self,
        instance: &[RunId],
        by: u32,
        request: &RecoverRequest,
        recovered: &mut Recovered,
    ) {
        match self.fate(instance, &request.tasks) {
            Fate::Lost => {
                for id in instance {
                    recovered
                        .lost
                        .extend(self.lose(*id, request.now, &mut recovered.removed));
                }
            }
            Fate::Rerun(job) => {
                for id in instance {
                    recovered
                        .taken
                        .extend(self.take(*id, by, request.by.epoch, &job));
                }
            }
            Fate::Waits => {}
        }
    }

    fn fate(&mut self, instance: &[RunId], tasks: &[Arc<str>]) -> Fate {
        let runs = || instance.iter().filter_map(|id| self.open.get(id));
        let birth = runs().next().map(|open| open.birth);
        let Some((_, row)) = birth.and_then(|birth| self.rows.born(birth)) else {
            return Fate::Lost;
        };
        let job = Row::stored(row);
        let OnLost::Rerun { at_most } = job.job.policies().on_lost else {
            return Fate::Lost;
        };
        if runs().any(|open| open.is_unwanted || open.reruns >= at_most) {
            return Fate::Lost;
        }
        if tasks.iter().any(|task| **task == **job.job.task()) {
            Fate::Rerun(job)
        } else {
            Fate::Waits
        }
    }

    fn lose(&mut self, id: RunId, now: i64, removed: &mut Vec<StoredJob>) -> Option<OpenRun> {
        let lost = self.open_run(id, self.open.get(&id)?)?;
        let end = RunEnd {
            run: id,
            outcome: Outcome::Lost,
            started: None,
            finished: now,
            attempts: 0,
            text: None,
        };
        self.end(&end, removed);
        Some(lost)
    }

    fn take(&mut self, id: RunId, by: u32, epoch: u64, job: &StoredJob) -> Option<TakenRun> {
        let open = self.open.remove(&id)?;
        let open = Open {
            node: by,
            epoch,
            reruns: open.reruns + 1,
            ..open
        };
        let id = RunId(self.next_run);
        self.next_run += 1;
        let taken = TakenRun {
            run: self.open_run(id, &open)?,
            job: job.clone(),
        };
        self.open.insert(id, open);
        Some(taken)
    }
}

/// What becomes of an instance of a dead node.
enum Fate {
    Lost,
    Rerun(StoredJob),
    /// For a node that knows the task.
    Waits,
}
