//! A claim request.
//!
//! One round trip begins the transaction, locks the rows and reads them. The batch decides, and one more
//! round trip writes and commits. Of runs that end, the jobs have to be looked up before. Locks are held
//! from the first of the two until the second is carried out.

use std::collections::BTreeSet;

use punctual_store::batch::keys;
use punctual_store::{ClaimReply, ClaimRequest, Error};

use super::Inner;
use super::at::At;
use super::batch_read::{Asked, Found};
use super::batch_write::KeyUsed;
use crate::rows::{Definitions, HeldRows, decide, reply, shown, whole};

impl Inner {
    pub(super) async fn claim(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        // Keys are looked up only if one may have been used, which is if the request is repeated or
        // if the rows of new runs were refused.
        let first = if request.is_repeated {
            None
        } else {
            self.try_claim(request, false).await?
        };
        if let Some(reply) = first {
            return Ok(reply);
        }
        let second = self.try_claim(request, true).await?;
        second.ok_or_else(|| Error::refused("two claims of one request use the same key"))
    }

    async fn try_claim(
        &self,
        request: &ClaimRequest,
        looks_up_keys: bool,
    ) -> Result<Option<ClaimReply>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let ending: Vec<_> = request.ends.iter().map(|end| end.run).collect();
        let claimed = request.claims.iter().map(|claim| claim.birth);
        // Each fire time and each range of a plan becomes one row at most.
        let numbers = request.claims.iter().map(|claim| keys(claim, 0).len());
        let asked = Asked {
            by: Some(&request.lease),
            births: at.births_with(claimed, &ending).await?,
            ending,
            numbers: numbers.sum(),
        };
        at.line.begin();
        let mut found = at.found(&asked).await?;
        if !found.is_leased {
            return Err(Error::fenced(&request.lease.node));
        }
        let mut definitions = Definitions::new();
        at.hold(request, &mut found, &mut definitions).await?;
        if looks_up_keys {
            at.hold_keys(request, &mut found.held).await?;
        }
        let decided = decide(request, &mut found.held);
        let shown = shown(&found.held, &decided);
        at.define(shown.into_iter(), &mut definitions).await?;
        let held = &mut found.held;
        held.keep_unless(|birth| definitions.contains_key(&birth));
        let args = at.args_of(&held.lacking_args(decided.handed())).await?;
        held.with_args(args);
        let turn = at.taken.turn;
        if !held.has_changes() {
            line.rollback().await?;
        } else {
            match at.save(held, Some(&request.lease), Some("COMMIT")).await? {
                Ok(()) => line.has_ended(),
                Err(KeyUsed) => {
                    line.rollback().await?;
                    return Ok(None);
                }
            }
            drop(line);
            self.tidy(turn).await;
        }
        Ok(Some(reply(request, decided, held, &definitions)))
    }
}

impl At<'_> {
    /// Adds the other rows that a request is about.
    async fn hold(
        &mut self,
        request: &ClaimRequest,
        found: &mut Found,
        definitions: &mut Definitions,
    ) -> Result<(), Error> {
        let by = Some(&request.lease);
        self.hold_by_id(request, found).await?;
        for run in std::mem::take(&mut found.ending) {
            found.held.with_run(run);
        }
        let held = &mut found.held;
        let whole = whole(request, held);
        let own = whole.iter();
        let own: Vec<_> = own
            .filter_map(|birth| Some((held.id_of(*birth)?, *birth)))
            .collect();
        let runs = self.open_of_jobs(&own, by).await?;
        runs.into_iter().for_each(|run| held.with_run(run));
        // The answer has to hold the jobs that start here or were not read as a whole. A job that
        // cannot be decoded does not start.
        let wanted = request.claims.iter().filter(|claim| claim.wants_job);
        let told: BTreeSet<_> = whole
            .into_iter()
            .chain(wanted.map(|claim| claim.birth))
            .collect();
        self.define(told.iter().copied(), definitions).await?;
        for birth in told {
            if !definitions.contains_key(&birth) {
                held.mark_unreadable(birth);
            }
        }
        Ok(())
    }

    /// Adds the jobs that have taken the ids of removed ones, which the answer holds.
    async fn hold_by_id(&mut self, request: &ClaimRequest, found: &mut Found) -> Result<(), Error> {
        let missing = request.claims.iter();
        let missing = missing.filter(|claim| found.held.job(claim.birth).is_none());
        let ids: Vec<_> = missing.map(|claim| claim.id.as_str()).collect();
        self.hold_ids(&ids, found).await
    }

    async fn hold_keys(
        &mut self,
        request: &ClaimRequest,
        held: &mut HeldRows,
    ) -> Result<(), Error> {
        let claims = request.claims.iter();
        let keys: Vec<_> = claims
            .filter_map(|claim| Some((claim, held.job(claim.birth)?.state.incarnation)))
            .flat_map(|(claim, incarnation)| keys(claim, incarnation))
            .collect();
        let used = self.used(&keys).await?;
        used.into_iter().for_each(|key| held.with_used(key));
        Ok(())
    }
}
