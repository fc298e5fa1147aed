//! The claims and ends that gather for a store and go to it in one request after another.

use chrono::{DateTime, Utc};
use punctual_store::{BatchLimits, Claim, ClaimRequest, Lease, RunEnd};

use crate::effect::{Effect, Effects};
use crate::entry::Phase;
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::store::{Outbox, StoreState};

/// The number of claims in one request. It is large enough to make the cost of a request vanish,
/// and small enough for the first runs of a burst to start while the rest is planned.
const CLAIMS: usize = 512;

impl<N: Node> Machine<N> {
    /// Sends every store what has gathered for it.
    pub(crate) fn flush(&mut self) {
        let now = instant(self.now);
        let may_start = self.begins_runs();
        for state in self.stores.values_mut() {
            let may_start = may_start && !state.is_leaving;
            state.send(now, may_start, &self.node, &mut self.effects);
        }
        self.drop_settled_entries();
    }
}

impl<N: Node> StoreState<N> {
    /// Sends what has gathered, unless the store still has a request to answer.
    fn send(&mut self, now: DateTime<Utc>, may_start: bool, node: &N, effects: &mut Effects<N>) {
        if self.outbox.is_busy {
            return;
        }
        let limits = node.capabilities(self.id).limits;
        let claims = self.next_claims(limits.claims, now, may_start);
        if claims.is_empty() && self.outbox.ends.is_empty() {
            return;
        }
        let unregistered = || Lease::new(std::sync::Arc::clone(&self.alias), 0);
        // The lease under which the runs were opened. The store worker fills in the one that it
        // holds.
        let lease = self.lease.clone().unwrap_or_else(unregistered);
        let request = ClaimRequest::new(lease, now)
            .ends(self.outbox.next_ends(limits))
            .claims(claims)
            .takes_waiting(may_start);
        self.outbox.ends_sent = request.ends.len();
        self.outbox.is_busy = true;
        let (store, request) = (self.id, Box::new(request));
        effects.push(Effect::Claim { store, request });
    }

    /// Returns the claims of the next request.
    ///
    /// Claims that were asked for by hand or for waiting runs get one half of the request while
    /// jobs are due, and due jobs get the other half, so that neither kind holds up the other.
    fn next_claims(&mut self, limit: usize, now: DateTime<Utc>, may_start: bool) -> Vec<Claim> {
        let due = if may_start { self.due.len() } else { 0 };
        let room = CLAIMS.min(limit).min(self.outbox.claims.len() + due);
        let mut claims = Vec::with_capacity(room);
        self.outbox.asked.clear();
        let starts_by = may_start.then_some(now);
        while claims.len() < room {
            let is_for_due = claims.len() % 2 == 1;
            if !self.next_claim(starts_by, is_for_due, &mut claims) {
                break;
            }
        }
        claims
    }

    /// Adds the next claim, of the preferred kind if there is one. Returns `false` if there is no
    /// claim of either kind.
    fn next_claim(
        &mut self,
        starts_by: Option<DateTime<Utc>>,
        is_for_due: bool,
        claims: &mut Vec<Claim>,
    ) -> bool {
        if is_for_due {
            return self.claim_due(starts_by, claims) || self.claim_asked_for(claims);
        }
        self.claim_asked_for(claims) || self.claim_due(starts_by, claims)
    }

    fn claim_asked_for(&mut self, claims: &mut Vec<Claim>) -> bool {
        let Some((key, claim)) = self.outbox.claims.pop_front() else {
            return false;
        };
        self.outbox.asked.push(key);
        claims.push(claim);
        true
    }

    /// Adds the claim of a due job. It is built in the list, since claims are large.
    fn claim_due(&mut self, starts_by: Option<DateTime<Utc>>, claims: &mut Vec<Claim>) -> bool {
        let Some(now) = starts_by else {
            return false;
        };
        let absent = self.absent;
        while let Some(key) = self.due.pop_front() {
            let Some(entry) = self.jobs.get_mut(key) else {
                continue;
            };
            entry.is_listed = false;
            if entry.phase == Phase::Due {
                entry.phase = Phase::Claiming;
                self.outbox.asked.push(Some(key));
                claims.push(entry.claim(now, absent));
                return true;
            }
            if entry.is_idle() {
                self.jobs.remove(key);
            }
        }
        false
    }
}

impl Outbox {
    /// Returns the ends of the next request, as many as the store takes.
    fn next_ends(&mut self, limits: BatchLimits) -> Vec<RunEnd> {
        let mut bytes = 0;
        let is_within = |(index, end): &(usize, &RunEnd)| {
            bytes += end.text.as_ref().map_or(0, |text| text.as_str().len());
            *index == 0 || *index < limits.ends && bytes <= limits.bytes
        };
        let count = self.ends.iter().enumerate().take_while(is_within).count();
        let mut next = std::mem::take(&mut self.spare);
        if count == self.ends.len() {
            std::mem::swap(&mut next, &mut self.ends);
        } else {
            next.extend(self.ends.drain(..count));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::{Outcome, RunId};
    use punctual_store::EndText;

    use super::*;

    fn end(run: u64, bytes: usize) -> RunEnd {
        RunEnd::new(RunId(run), Outcome::Failed, 0, 1)
            .text(Some(EndText::Error("x".repeat(bytes).into())))
    }

    fn outbox(ends: &[(u64, usize)]) -> Outbox {
        Outbox {
            ends: ends.iter().map(|(run, bytes)| end(*run, *bytes)).collect(),
            ..Outbox::default()
        }
    }

    fn runs(ends: &[RunEnd]) -> Vec<u64> {
        ends.iter().map(|end| end.run.0).collect()
    }

    #[test]
    fn a_request_holds_as_many_ends_as_the_store_takes() {
        let of = |ends, bytes| BatchLimits::new(1, ends, bytes);
        for (limits, wanted) in [
            (of(9, 100), vec![1, 2, 3]),
            (of(3, 100), vec![1, 2, 3]),
            (of(2, 100), vec![1, 2]),
            (of(9, 12), vec![1, 2, 3]),
            (of(9, 11), vec![1, 2]),
            (of(9, 8), vec![1, 2]),
            // A single end may hold more.
            (of(9, 3), vec![1]),
        ] {
            let mut outbox = outbox(&[(1, 4), (2, 4), (3, 4)]);
            assert_eq!(runs(&outbox.next_ends(limits)), wanted, "{limits:?}");
            let rest: Vec<u64> = (1..=3).filter(|run| !wanted.contains(run)).collect();
            assert_eq!(runs(&outbox.ends), rest, "{limits:?}");
        }
    }

    #[test]
    fn ends_that_the_store_has_left_out_come_first_the_next_time() {
        let sent = || vec![end(1, 0), end(2, 0), end(3, 0)];
        let mut outbox = outbox(&[(4, 0)]);
        outbox.take_back(sent(), 1);
        assert_eq!(runs(&outbox.ends), [2, 3, 4]);
        outbox.take_back(sent(), 3);
        assert_eq!(runs(&outbox.ends), [2, 3, 4]);
        // The emptied list is used again.
        assert!(outbox.spare.is_empty() && outbox.spare.capacity() > 0);
    }
}
