//! A claim request.
//!
//! It reads the rows without locking them, decides, and writes in one statement, which locks the
//! rows of the jobs and writes nothing if one of them has changed since it was read. Then it begins
//! again in a transaction, which locks the rows before it reads them.

use std::collections::BTreeSet;

use punctual_store::batch::keys;
use punctual_store::{ClaimReply, ClaimRequest, Error};

use super::Inner;
use super::at::At;
use super::batch_read::{Asked, Found};
use super::batch_write::{Guard, Saved};
use crate::rows::{Definitions, HeldRows, decide, reply, shown, whole};

/// The way in which a request is tried.
#[derive(Debug, Clone, Copy, Default)]
struct Try {
    /// The rows are locked before they are read.
    locks: bool,
    /// The keys of new runs are looked up. That is needed only if one may have been used, because the
    /// request is repeated or the rows of new runs were refused.
    looks_up_keys: bool,
}

/// The result of a try. Nothing was written unless it is an answer.
enum Tried {
    Answer(ClaimReply),
    Stale,
    KeyUsed,
}

/// The number of times that a request is tried. A try that locks is never stale, and a try that looks up
/// keys finds no other key used.
const TRIES: usize = 6;

impl Inner {
    pub(super) async fn claim(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        // The first request may still be under way. This one waits for its locks, so that it sees what
        // the first has done.
        let mut how = Try {
            locks: request.is_repeated,
            looks_up_keys: request.is_repeated,
        };
        for _ in 0..TRIES {
            match self.try_claim(request, how).await? {
                Tried::Answer(reply) => return Ok(reply),
                Tried::Stale => how.locks = true,
                Tried::KeyUsed => how.looks_up_keys = true,
            }
        }
        Err(Error::unavailable(
            "the rows of the request changed with each try",
        ))
    }

    async fn try_claim(&self, request: &ClaimRequest, how: Try) -> Result<Tried, Error> {
        let mut line = match how.locks {
            true => self.begin().await?,
            false => self.line().await?,
        };
        let mut at = self.at(&mut line);
        let mut asked = asked(request);
        if how.locks {
            at.lock_lease(&request.lease).await?;
            at.lock_jobs(&asked.births, &asked.ending).await?;
        }
        asked.by = Some(&request.lease);
        let mut found = at.found(&asked).await?;
        if !found.is_leased {
            return Err(Error::fenced(&request.lease.node));
        }
        let mut definitions = Definitions::new();
        at.hold(request, &mut found, &mut definitions).await?;
        if how.looks_up_keys {
            at.hold_keys(request, &mut found.held).await?;
        }
        let decided = decide(request, &mut found.held);
        let shown = shown(&found.held, &decided);
        at.define(shown.into_iter(), &mut definitions).await?;
        found
            .held
            .keep_unless(|birth| definitions.contains_key(&birth));
        let args = at
            .args_of(&found.held.lacking_args(decided.handed()))
            .await?;
        found.held.with_args(args);
        let saved = if found.held.has_changes() {
            let guard = Guard {
                by: &request.lease,
                versions: &found.versions,
            };
            at.save(&found.held, Some(&request.lease), Some(guard))
                .await?
        } else {
            Saved::Done
        };
        match saved {
            Saved::Done => line.commit().await?,
            Saved::Fenced => return Err(Error::fenced(&request.lease.node)),
            Saved::Stale | Saved::KeyUsed => line.rollback().await?,
        }
        Ok(match saved {
            Saved::Stale => Tried::Stale,
            Saved::KeyUsed => Tried::KeyUsed,
            Saved::Done | Saved::Fenced => {
                Tried::Answer(reply(request, decided, &found.held, &definitions))
            }
        })
    }
}

/// Returns what a request is about.
fn asked(request: &ClaimRequest) -> Asked<'_> {
    let births: BTreeSet<_> = request.claims.iter().map(|claim| claim.birth).collect();
    // Each fire time and each range of a plan becomes one row at most.
    let numbers = request.claims.iter().map(|claim| keys(claim, 0).len());
    Asked {
        by: None,
        ending: request.ends.iter().map(|end| end.run).collect(),
        births: births.into_iter().collect(),
        numbers: numbers.sum(),
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
        if ids.is_empty() {
            return Ok(());
        }
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
