//! The transaction that moves schedules on.

use std::collections::HashMap;
use std::sync::Arc;

use punctual_core::{Job, JobState, RunId};
use punctual_store::{Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Error, StoredJob};

use super::Inner;
use super::fault::failed;
use super::load::At;
use super::save::Owner;
use crate::batch::{Batch, Verdict, keys, numbers};

impl Inner {
    pub(super) async fn claim(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        // Keys are looked up only if one may have been used: when the request is a repeated one, or
        // when the rows of new runs were refused.
        let first = if request.is_repeated {
            None
        } else {
            self.try_claim(request, false).await?
        };
        if let Some(reply) = first {
            return Ok(reply);
        }
        let second = self.try_claim(request, true).await?;
        second.ok_or_else(|| Error::full("two claims of one request use the same key"))
    }

    async fn try_claim(
        &self,
        request: &ClaimRequest,
        looks_up_keys: bool,
    ) -> Result<Option<ClaimReply>, Error> {
        let mut transaction = self.begin().await?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        at.check(&request.lease).await?;
        let mut batch = at.batch(request, looks_up_keys).await?;
        for end in &request.ends {
            batch.end(end);
        }
        let verdicts: Vec<_> = request.claims.iter().map(|c| batch.decide(c)).collect();
        let definitions = at.definitions(&shown(&batch, &verdicts)).await?;
        batch.keep_unless(|birth| definitions.contains_key(&birth));
        let owner = Owner {
            node: &request.lease.node,
            epoch: request.lease.epoch,
        };
        if at.save(&batch, Some(owner)).await?.is_err() {
            transaction.rollback().await.map_err(failed)?;
            return Ok(None);
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Some(reply(&batch, verdicts, &definitions)))
    }
}

impl At<'_> {
    /// The rows that a request is about.
    async fn batch(&mut self, request: &ClaimRequest, with_keys: bool) -> Result<Batch, Error> {
        let claims = &request.claims;
        let numbers = numbers(claims);
        let last = match numbers {
            0 => 0,
            _ => self.count_up("run", numbers).await?,
        };
        let mut batch = Batch::new(
            request.now.timestamp_micros(),
            (last + 1).saturating_sub(numbers),
        )
        .by(&request.lease);
        let runs = runs_of(request);
        let open = match runs[..] {
            [] => Vec::new(),
            _ => self.open(&runs).await?,
        };
        let ids: Vec<&str> = claims.iter().map(|claim| claim.id.as_str()).collect();
        let births: Vec<i64> = open.iter().map(|run| run.birth).collect();
        open.into_iter().for_each(|run| batch.with_open(run));
        for job in self.counted(&ids, &births).await? {
            batch.with_job(job);
        }
        if with_keys {
            let keys: Vec<_> = claims.iter().flat_map(keys).collect();
            for key in self.used(&keys).await? {
                batch.with_used(key);
            }
        }
        Ok(batch)
    }
}

/// The jobs whose definitions are part of the answer.
fn shown(batch: &Batch, verdicts: &[Verdict]) -> Vec<i64> {
    let answered = verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Lost(Some((birth, _))) | Verdict::AtLimit((birth, _)) => Some(*birth),
        Verdict::Won(_) | Verdict::Lost(None) => None,
    });
    let gone = batch.jobs.iter().filter(|job| job.is_gone);
    answered.chain(gone.map(|job| job.birth)).collect()
}

fn reply(
    batch: &Batch,
    verdicts: Vec<Verdict>,
    definitions: &HashMap<i64, Arc<Job>>,
) -> ClaimReply {
    let stored = |(birth, state): (i64, JobState)| {
        let job = definitions.get(&birth)?.clone();
        Some(StoredJob { job, state })
    };
    let answers = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Won(won) => ClaimAnswer::Won(won),
        Verdict::Lost(seen) => ClaimAnswer::Lost(seen.and_then(stored)),
        Verdict::AtLimit(seen) => {
            stored(seen).map_or(ClaimAnswer::Lost(None), ClaimAnswer::AtLimit)
        }
    });
    let gone = batch.jobs.iter().filter(|job| job.is_gone);
    ClaimReply {
        answers: answers.collect(),
        removed: gone
            .filter_map(|job| stored((job.birth, job.state)))
            .collect(),
    }
}

/// The runs that a request ends or promotes.
fn runs_of(request: &ClaimRequest) -> Vec<RunId> {
    let ends = request.ends.iter().map(|end| end.run);
    let promoted = request.claims.iter().flat_map(|claim: &Claim| {
        let (first, count) = match &claim.kind {
            ClaimKind::Promote { first, count } => (first.0, *count),
            ClaimKind::Advance { .. } | ClaimKind::Manual { .. } => (0, 0),
        };
        (first..).take(count as usize).map(RunId)
    });
    ends.chain(promoted).collect()
}
