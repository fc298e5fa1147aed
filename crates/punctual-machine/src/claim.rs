//! Turns the decision of the core about a job into a claim.

use chrono::{DateTime, Utc};
use punctual_core::MissReason;
use punctual_core::plan::{Absence, JobView, Plan, manual, plan};
use punctual_store::{Claim, ClaimKind, RunOverrides};

use crate::entry::Entry;
use crate::node::Node;

impl<N: Node> Entry<N> {
    pub(crate) fn claim(&mut self, now: DateTime<Utc>, absent: Absence) -> Claim {
        self.is_urgent = false;
        let plan = self.plan(now, absent);
        self.claim_of(ClaimKind::Advance {
            revision: self.stored.state.revision,
            plan,
        })
    }

    fn plan(&mut self, now: DateTime<Utc>, absent: Absence) -> Plan {
        let state = &self.stored.state;
        if state.absence == MissReason::Past {
            self.past = state.next_run_time;
        }
        let own = self.absent;
        let view = self.view().after_absence(own, absent);
        plan(&view, now)
    }

    pub(crate) fn claim_manual(
        &mut self,
        fire_time: DateTime<Utc>,
        overrides: RunOverrides,
    ) -> Claim {
        let mut view = self.view();
        let overlap = overrides.overlap.unwrap_or(view.policies.overlap());
        let policies = view.policies.with_overlap(overlap);
        view.policies = &policies;
        let plan = manual(&view, fire_time);
        self.claim_of(ClaimKind::Manual {
            incarnation: self.stored.state.incarnation,
            plan,
            overrides,
        })
    }

    pub(crate) fn claim_of(&self, kind: ClaimKind) -> Claim {
        Claim::new(self.stored.job.id().clone(), self.stored.state.birth, kind)
            .wants_job(self.is_head)
    }

    /// Returns the job with the number of its runs. If the store knew of more runs when it refused
    /// a claim, its number counts.
    fn view(&mut self) -> JobView<'_> {
        let (running, queued) = self.limit_seen.take().unwrap_or_default();
        JobView {
            running: running.max(self.instances),
            queued,
            ..self.stored.job.view(&self.stored.state)
        }
    }
}
