//! Settles the runs of a dead node.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use punctual_core::{OnLost, RunId};
use punctual_store::batch::{Batch, Fate};
use punctual_store::{Error, Lease, RecoverRequest, Recovered};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, get};
use super::batch_read::Asked;
use super::nodes::ALIVE;
use crate::limits::PAGE;
use crate::rows::{HeldJob, HeldRun};

impl Inner {
    pub(super) async fn recover(&self, request: &RecoverRequest) -> Result<Recovered, Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        if !at.bury(request).await? {
            return Ok(Recovered::default());
        }
        let (runs, has_more) = at.some_of(&request.dead, request.limit.max(1)).await?;
        let recovered = at.settle(&request.dead.node, runs, request.now).await?;
        if !has_more {
            at.forget(&request.dead).await?;
        }
        line.commit().await?;
        Ok(recovered.has_more(has_more))
    }
}

impl At<'_> {
    /// Ends the epoch of a node that stood still. Returns `false` if it is alive after all, or
    /// never had that epoch.
    ///
    /// Both nodes are locked in the order of their names, so that two nodes that take each other
    /// for dead do not wait for each other. A claim of the dead node has ended by then, or begins
    /// later. Claims of the node that recovers go on.
    async fn bury(&mut self, request: &RecoverRequest) -> Result<bool, Error> {
        let (by, dead) = (&request.by, &request.dead);
        let rows = self.both(&by.node, &dead.node).await?;
        let mut is_admitted = false;
        let mut found = None;
        for row in rows {
            let (name, state): (&str, &str) = (get(&row, 0)?, get(&row, 3)?);
            let epoch = get::<i64>(&row, 1)?.unsigned_abs();
            is_admitted |= *name == *by.node && epoch == by.epoch && state == ALIVE;
            if *name == *dead.node {
                found = Some((epoch, get::<i64>(&row, 2)?.unsigned_abs()));
            }
        }
        if !is_admitted {
            return Err(Error::fenced(&by.node));
        }
        let Some((epoch, beats)) = found else {
            return Ok(false);
        };
        if epoch < dead.epoch || epoch == dead.epoch && beats != request.beats {
            return Ok(false);
        }
        if epoch == dead.epoch {
            let statement = "UPDATE {nodes} SET state = 'dead' WHERE name = $1 AND epoch = $2";
            self.on_node(statement, dead).await?;
        }
        Ok(true)
    }

    /// Locks a node that recovers the runs of another, and that other one.
    async fn both(&mut self, by: &str, dead: &str) -> Result<Vec<PgRow>, Error> {
        let mut locks = vec![(dead, "UPDATE")];
        if by != dead {
            locks.push((by, "KEY SHARE"));
        }
        locks.sort_unstable();
        let mut rows = Vec::new();
        for (name, lock) in locks {
            let statement = format!(
                "SELECT name, epoch, beats, state FROM {{nodes}} WHERE name = $1 FOR {lock}"
            );
            let query = self.query(&statement).bind(name);
            rows.extend(self.first(query).await?);
        }
        Ok(rows)
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

    /// Returns the births of those of these jobs whose runs would begin again and that cannot be
    /// decoded. No node can begin their runs.
    async fn damaged(&mut self, jobs: &[HeldJob]) -> Result<Vec<u64>, Error> {
        let begins_again = |job: &&HeldJob| {
            let policies = job.policies.as_ref();
            policies.is_some_and(|policies| policies.on_lost() != OnLost::Record)
        };
        let jobs = jobs.iter().filter(begins_again);
        let mut births: Vec<_> = jobs.map(|job| job.state.birth).collect();
        let readable = self.readable(&births).await?;
        births.retain(|birth| !readable.contains(birth));
        Ok(births)
    }

    /// Settles runs of a node whose epoch was ended. Only a request to cancel a run still changes its
    /// row, and that request locks the row of the job.
    async fn settle(
        &mut self,
        node: &str,
        runs: Vec<HeldRun>,
        now: i64,
    ) -> Result<Recovered, Error> {
        let births: BTreeSet<_> = runs.iter().map(|run| run.view.birth).collect();
        let births: Vec<_> = births.into_iter().collect();
        self.lock_jobs(&births, &[]).await?;
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        self.lock_runs(&ids).await?;
        let asked = Asked {
            births,
            ending: ids.clone(),
            ..Asked::default()
        };
        let mut found = self.found(&asked).await?;
        for birth in self.damaged(&found.held.jobs).await? {
            found.held.mark_unreadable(birth);
        }
        let runs = std::mem::take(&mut found.ending);
        let before = runs.iter().filter_map(|run| Some((run.id, run.told()?)));
        let mut before: HashMap<_, _> = before.collect();
        runs.into_iter().for_each(|run| found.held.with_run(run));
        let at = DateTime::from_timestamp_micros(now).unwrap_or_default();
        let settled = Batch::new(&mut found.held, at).settle(node, &ids);
        let removed = self.leaving(&mut found.held).await?;
        let mut recovered = Recovered::default().removed(removed);
        let mut waiting = BTreeSet::new();
        for (instance, fate) in settled {
            let runs = instance.iter().filter_map(|id| before.remove(id));
            match fate {
                Fate::Lost => recovered.lost.extend(runs),
                Fate::Waits => waiting.extend(runs.map(|run| run.birth)),
            }
        }
        self.saved(&found.held).await?;
        let waiting: Vec<_> = waiting.into_iter().collect();
        recovered.waiting = self.named(&waiting, now).await?;
        Ok(recovered)
    }
}
