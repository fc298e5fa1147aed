//! The transaction of a claim request.

use std::collections::BTreeSet;

use punctual_store::batch::keys;
use punctual_store::{ClaimReply, ClaimRequest, Error};

use super::Inner;
use super::at::At;
use super::error::failed;
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
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let mut held = HeldRows::new(at.admit(&request.lease).await?);
        let mut definitions = Definitions::new();
        at.hold(request, &mut held, &mut definitions).await?;
        if looks_up_keys {
            at.hold_keys(request, &mut held).await?;
        }
        let decided = decide(request, &mut held);
        let shown = shown(&held, &decided);
        at.define(shown.into_iter(), &mut definitions).await?;
        held.keep_unless(|birth| definitions.contains_key(&birth));
        let args = at.args_of(&held.lacking_args(decided.handed())).await?;
        held.with_args(args);
        if at.save(&held, Some(&request.lease)).await?.is_err() {
            transaction.rollback().await.map_err(failed)?;
            return Ok(None);
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Some(reply(request, decided, &held, &definitions)))
    }
}

impl At<'_> {
    /// Returns the rows that a request is about.
    async fn hold(
        &mut self,
        request: &ClaimRequest,
        held: &mut HeldRows,
        definitions: &mut Definitions,
    ) -> Result<(), Error> {
        let by = Some(&request.lease);
        let ending: Vec<_> = request.ends.iter().map(|end| end.run).collect();
        let ending = self.open(&ending, by).await?;
        let claimed = request.claims.iter().map(|claim| claim.birth);
        let births: BTreeSet<_> = claimed
            .chain(ending.iter().map(|run| run.view.birth))
            .collect();
        let births: Vec<_> = births.into_iter().collect();
        held.reserve(births.len(), ending.len() + request.claims.len());
        let jobs = self.held(&births).await?;
        jobs.into_iter().for_each(|job| held.with_job(job));
        self.hold_by_id(request, held).await?;
        ending.into_iter().for_each(|run| held.with_run(run));
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

    /// Returns the jobs that have taken the ids of removed ones, which the answer holds.
    async fn hold_by_id(
        &mut self,
        request: &ClaimRequest,
        held: &mut HeldRows,
    ) -> Result<(), Error> {
        let missing = request.claims.iter();
        let missing = missing.filter(|claim| held.job(claim.birth).is_none());
        let ids: Vec<_> = missing.map(|claim| claim.id.as_str()).collect();
        if !ids.is_empty() {
            let jobs = self.held_of_ids(&ids).await?;
            jobs.into_iter().for_each(|job| held.with_job(job));
        }
        Ok(())
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
