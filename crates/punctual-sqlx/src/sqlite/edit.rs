//! Changes jobs.

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Origin, Outcome, RunKey};
use punctual_store::batch::{Batch, Rows};
use punctual_store::{Error, StoredJob, Update};

use super::Inner;
use super::at::At;
use super::batch_write::KeyUsed;
use super::error::failed;
use crate::row::Written;
use crate::rows::HeldRows;

/// A range of fire times with its outcome.
pub(super) type DecidedRange = (FireRange, Outcome);

impl Inner {
    pub(super) async fn update(&self, update: Update) -> Result<StoredJob, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let id = update.job.id();
        let found = at.job(id.as_str()).await?;
        let old = found.ok_or_else(|| Error::no_job(id))?;
        let old = old.map_err(|reason| Error::unreadable(id, &reason))?.state;
        let seen = &update.state;
        if old.revision != seen.revision || old.incarnation != seen.incarnation {
            return Err(Error::stale(id));
        }
        let mut state = update.state;
        state.running = old.running;
        state.queued = old.queued;
        state.token = old.token;
        state.birth = old.birth;
        state.revision += 1;
        if update.new_incarnation {
            state.incarnation = at.count_up("incarnation", 1).await?;
        }
        let row = Written::new(&update.job, &state)?;
        at.record(old.birth, update.decided, update.now).await?;
        let edit = at.count_up("edit", 1).await?;
        at.rewrite(&row, edit).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(edit);
        Ok(StoredJob::new(update.job.clone(), state))
    }
}

impl At<'_> {
    /// Records the fire times that an edit of a job decides.
    pub(super) async fn record(
        &mut self,
        birth: u64,
        decided: Option<DecidedRange>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(decided) = decided else {
            return Ok(());
        };
        let mut held = HeldRows::new(self.counter("run").await?);
        let jobs = self.held(&[birth]).await?;
        jobs.into_iter().for_each(|job| held.with_job(job));
        self.decide(&mut held, &[(birth, decided)], now).await?;
        self.saved(&held).await
    }

    /// Decides ranges of fire times of held jobs, except those that were decided before.
    pub(super) async fn decide(
        &mut self,
        held: &mut HeldRows,
        decided: &[(u64, DecidedRange)],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let keys = decided.iter().filter_map(|(birth, decided)| {
            let incarnation = held.job(*birth)?.state.incarnation;
            Some(key(incarnation, decided))
        });
        let keys: Vec<_> = keys.collect();
        let used = self.used(&keys).await?;
        used.into_iter().for_each(|key| held.with_used(key));
        for (birth, (range, outcome)) in decided {
            if let Some(row) = held.of_birth(*birth) {
                Batch::new(held, now).record_decided(row, *range, *outcome);
            }
        }
        Ok(())
    }

    /// Writes the changed rows when no key can have been used before.
    pub(super) async fn saved(&mut self, held: &HeldRows) -> Result<(), Error> {
        let saved = self.save(held, None).await?;
        saved.map_err(|KeyUsed| Error::refused("a fire time was decided twice"))
    }
}

fn key(incarnation: u64, (range, _): &DecidedRange) -> RunKey {
    RunKey {
        incarnation,
        origin: Origin::Scheduled,
        fire_time: range.first,
    }
}
