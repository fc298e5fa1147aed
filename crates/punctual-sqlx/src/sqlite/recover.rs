//! Settles the runs of a dead node.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use punctual_core::{OnLost, RunId};
use punctual_store::batch::{Batch, Fate};
use punctual_store::{Error, Lease, RecoverRequest, Recovered};
use sqlx::Row;

use super::Inner;
use super::at::At;
use super::error::failed;
use crate::limits::PAGE;
use crate::rows::{HeldJob, HeldRows, HeldRun};

impl Inner {
    pub(super) async fn recover(&self, request: RecoverRequest) -> Result<Recovered, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        at.admit(&request.by).await?;
        if !at.bury(&request.dead, request.beats).await? {
            return Ok(Recovered::default());
        }
        let (runs, has_more) = at.some_of(&request.dead, request.limit.max(1)).await?;
        let recovered = at.settle(&request.dead.node, runs, request.now).await?;
        if !has_more {
            at.forget(&request.dead).await?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(recovered.has_more(has_more))
    }
}

impl At<'_> {
    /// Ends the epoch of a node that stood still. Returns `false` if it is alive after all, or
    /// never had that epoch.
    async fn bury(&mut self, dead: &Lease, beats: u64) -> Result<bool, Error> {
        let statement = "SELECT epoch, beats FROM {p}nodes WHERE name = ?1";
        let found = sqlx::query(self.prefix.sql(statement))
            .bind(&*dead.node)
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(failed)?;
        let Some(node) = found else {
            return Ok(false);
        };
        let epoch = node.try_get::<i64, _>(0).map_err(failed)?.unsigned_abs();
        let own_beats: i64 = node.try_get(1).map_err(failed)?;
        if epoch < dead.epoch {
            return Ok(false);
        }
        if epoch == dead.epoch {
            if own_beats.unsigned_abs() != beats {
                return Ok(false);
            }
            let statement = "UPDATE {p}nodes SET state = 'dead' WHERE name = ?1 AND epoch = ?2";
            self.on_node(statement, dead).await?;
        }
        Ok(true)
    }

    /// Returns some open runs of a node, with the last instance complete, and whether there are
    /// more.
    ///
    /// Runs that cannot be decoded are skipped, and keep their node listed.
    async fn some_of(&mut self, dead: &Lease, limit: usize) -> Result<(Vec<HeldRun>, bool), Error> {
        let mut some: Vec<HeldRun> = Vec::new();
        let mut place = (i64::MIN, i64::MIN);
        loop {
            let page = self.open_through_epoch(dead, place, PAGE).await?;
            place = page.last;
            for run in page.runs {
                let is_whole = some.last().is_none_or(|last| last.view.ends_instance);
                if some.len() >= limit && is_whole {
                    return Ok((some, true));
                }
                some.push(run);
            }
            if page.count < PAGE {
                return Ok((some, false));
            }
        }
    }

    /// Marks the jobs that cannot be decoded among those whose runs would begin again. No node can
    /// begin them.
    async fn mark_unreadable(&mut self, held: &mut HeldRows) -> Result<(), Error> {
        let begins_again = |job: &&HeldJob| {
            let policies = job.policies.as_ref();
            policies.is_some_and(|policies| policies.on_lost() != OnLost::Record)
        };
        let jobs = held.jobs.iter().filter(begins_again);
        let births: Vec<_> = jobs.map(|job| job.state.birth).collect();
        let readable = self.readable(&births).await?;
        let damaged = births.iter().filter(|birth| !readable.contains(birth));
        damaged.for_each(|birth| held.mark_unreadable(*birth));
        Ok(())
    }

    async fn settle(
        &mut self,
        node: &str,
        runs: Vec<HeldRun>,
        now: i64,
    ) -> Result<Recovered, Error> {
        let births: BTreeSet<_> = runs.iter().map(|run| run.view.birth).collect();
        let births: Vec<_> = births.into_iter().collect();
        let mut held = HeldRows::new(0);
        let jobs = self.held(&births).await?;
        jobs.into_iter().for_each(|job| held.with_job(job));
        self.mark_unreadable(&mut held).await?;
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        let before = runs.iter().filter_map(|run| Some((run.id, run.told()?)));
        let mut before: HashMap<_, _> = before.collect();
        runs.into_iter().for_each(|run| held.with_run(run));
        let at = DateTime::from_timestamp_micros(now).unwrap_or_default();
        let settled = Batch::new(&mut held, at).settle(node, &ids);
        let mut recovered = Recovered::default().removed(self.leaving(&mut held).await?);
        let mut waiting = BTreeSet::new();
        for (instance, fate) in settled {
            let runs = instance.iter().filter_map(|id| before.remove(id));
            match fate {
                Fate::Lost => recovered.lost.extend(runs),
                Fate::Waits => waiting.extend(runs.map(|run| run.birth)),
            }
        }
        self.saved(&held).await?;
        let waiting: Vec<_> = waiting.into_iter().collect();
        recovered.waiting = self.named(&waiting, now).await?;
        Ok(recovered)
    }
}
