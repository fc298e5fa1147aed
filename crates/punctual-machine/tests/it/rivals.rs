//! The other node, which claims jobs, dies, and takes this node for dead.

use chrono::TimeDelta;
use punctual_core::plan::plan;
use punctual_core::{Outcome, RunId};
use punctual_machine::Reply;
use punctual_store::{
    Beat, Claim, ClaimAnswer, ClaimKind, ClaimRequest, DueRequest, JobStore as _, Lease, OpenState,
    RecoverRequest, RenewRequest, RunEnd, StoredJob,
};

use crate::node::TASK;
use crate::world::{World, info, now};

impl World {
    /// Lets another node come, of which all nodes are told.
    pub(crate) fn meet(&mut self) {
        if self.rival.is_none() {
            self.rival = Some(now(self.store.register(info("two"))).unwrap());
        }
        self.report_nodes();
    }

    /// Lets the other node go.
    pub(crate) fn part(&mut self) {
        self.rival_ends();
        if let Some(rival) = self.rival.take() {
            now(self.store.leave(rival)).unwrap();
            self.report_nodes();
        }
    }

    fn report_nodes(&mut self) {
        let peers = now(self.store.nodes()).unwrap();
        self.reply(Reply::Nodes(peers));
    }

    /// Lets the other node take this one for dead, with the runs that the store gives it.
    pub(crate) fn fence(&mut self) {
        let Some(rival) = self.rival.clone() else {
            return;
        };
        let own = self.open_runs();
        if let Some(beats) = self.beats(&rival, &self.lease) {
            let recovered = now(self.store.recover(recover(self, rival, &self.lease, beats)));
            let recovered = recovered.unwrap();
            let its = own.iter().filter(|run| run.state == OpenState::Running);
            self.seen.taken_over(its.map(|run| run.id));
            self.seen.left_elsewhere(&recovered.removed);
        }
    }

    /// Lets the other node die, and this one take over its runs.
    pub(crate) fn rival_dies(&mut self) {
        let own = self.lease.clone();
        let Some(rival) = self.rival.clone() else {
            return;
        };
        if !self.machine.begins_runs_of(crate::world::STORE) {
            return;
        }
        let Some(beats) = self.beats(&own, &rival) else {
            return;
        };
        let recovered = now(self.store.recover(recover(self, own, &rival, beats))).unwrap();
        let name = rival.node;
        (self.rival, self.rival_runs) = (None, Vec::new());
        let lost: Vec<RunId> = recovered.lost.iter().map(|run| run.id).collect();
        self.reply(Reply::Recovered(Box::new(recovered), name));
        let is_told = |run: &RunId| self.told.contains_key(run);
        assert!(lost.iter().all(is_told), "they are lost: {lost:?}");
        self.report_nodes();
    }

    /// Returns the beats of a node as another one sees them, unless that one was taken for dead.
    fn beats(&self, by: &Lease, of: &Lease) -> Option<u64> {
        let request = RenewRequest::new(by.clone(), self.time());
        let beats = now(self.store.renew(request)).ok()?.beats;
        let its = |beat: &&Beat| beat.node == *of;
        beats.iter().find(its).map(|beat| beat.count)
    }

    /// Lets the other node claim due jobs.
    pub(crate) fn rival_claims(&mut self, count: u8) {
        let Some(lease) = self.rival.clone() else {
            return;
        };
        let request =
            DueRequest::through(self.time(), usize::from(count)).tasks(Some([TASK.into()].into()));
        let due = now(self.store.due(request)).unwrap().jobs;
        // Requests of two nodes in the same microsecond cannot be told apart.
        let time = self.time() + TimeDelta::microseconds(1);
        let mut request = ClaimRequest::new(lease, time)
            .claims(due.iter().map(|due| claim_of(&due.stored, time)).collect());
        let reply = now(self.store.claim(&request)).unwrap();
        self.seen.left_elsewhere(&reply.removed);
        let claims = std::mem::take(&mut request.claims);
        for (claim, answer) in claims.iter().zip(reply.answers) {
            let (ClaimAnswer::Won(won), Some(plan)) = (answer, claim.kind.plan()) else {
                continue;
            };
            self.seen.decided_elsewhere(plan.ranges());
            let runs = (0..plan.start.len() as u64).map(|index| RunId(won.first.0 + index));
            self.rival_runs.extend(runs.clone());
            self.seen.theirs.extend(runs);
        }
    }

    /// Lets the runs of the other node succeed.
    pub(crate) fn rival_ends(&mut self) {
        let Some(lease) = self.rival.clone() else {
            return;
        };
        let time = self.timer.now();
        let ends = std::mem::take(&mut self.rival_runs).into_iter();
        let end = |run| RunEnd::new(run, Outcome::Succeeded, time, 1).started(Some(time));
        let request = ClaimRequest::new(lease, self.time()).ends(ends.map(end).collect());
        let reply = now(self.store.claim(&request)).unwrap();
        self.seen.left_elsewhere(&reply.removed);
    }
}

fn recover(world: &World, by: Lease, dead: &Lease, beats: u64) -> RecoverRequest {
    RecoverRequest::new(by, dead.clone(), beats, world.timer.now(), 1_000)
}

/// Returns the claim of the due fire times of a job.
pub(crate) fn claim_of(stored: &StoredJob, now: chrono::DateTime<chrono::Utc>) -> Claim {
    Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Advance {
            revision: stored.state.revision,
            plan: plan(&stored.job.view(&stored.state), now),
        },
    )
}
