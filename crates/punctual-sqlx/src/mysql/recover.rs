//! Settles the runs of a dead node.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use punctual_core::{OnLost, RunId};
use punctual_store::batch::{Batch, Fate};
use punctual_store::{Error, Lease, RecoverRequest, Recovered};
use sqlx::mysql::MySqlRow;

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
    /// later. Claims of the other one go on.
    async fn bury(&mut self, request: &RecoverRequest) -> Result<bool, Error> {
        let (by, dead) = (&request.by, &request.dead);
        let rows = self.both(&by.node, &dead.node).await?;
        let mut is_admitted = false;
        let mut found = None;
        for row in rows {
            let (name, state): (&str, &str) = (get(&row, 0)?, get(&row, 2)?);
            let epoch = get::<i64>(&row, 1)?.unsigned_abs();
            is_admitted |= *name == *by.node && epoch == by.epoch && state == ALIVE;
            if *name == *dead.node {
                found = Some(epoch);
            }
        }
        if !is_admitted {
            return Err(Error::fenced(&by.node));
        }
        let Some(epoch) = found else {
            return Ok(false);
        };
        if epoch != dead.epoch {
            return Ok(epoch > dead.epoch);
        }
        // From here on, the node does not renew its lease.
        let beats = "SELECT beats FROM {beats} WHERE name = ? AND epoch = ? FOR UPDATE";
        let values = [(&*dead.node).into(), dead.epoch.into()];
        let beats = self.first(beats, &values).await?;
        let beats = beats.map(|row| get::<i64>(&row, 0)).transpose()?;
        if beats.map(i64::unsigned_abs) != Some(request.beats) {
            return Ok(false);
        }
        let node = "UPDATE {nodes} SET state = 'dead' WHERE name = ? AND epoch = ?";
        let beat = "UPDATE {beats} SET is_alive = 0 WHERE name = ? AND epoch = ?";
        let statements = vec![self.text(node, &values), self.text(beat, &values)];
        self.run(statements).await?;
        Ok(true)
    }

    /// Locks a node that recovers the runs of another, and that other one.
    async fn both(&mut self, by: &str, dead: &str) -> Result<Vec<MySqlRow>, Error> {
        let mut locks = vec![(dead, "FOR UPDATE")];
        if by != dead {
            locks.push((by, "LOCK IN SHARE MODE"));
        }
        locks.sort_unstable();
        let statements = locks.into_iter().map(|(name, lock)| {
            let statement =
                format!("SELECT name, epoch, state FROM {{nodes}} WHERE name = ? {lock}");
            self.text(&statement, &[name.into()])
        });
        let statements = statements.collect();
        let answers = self.run(statements).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).collect())
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

    /// Settles runs of a buried node. Its rows change no more, but for a request to cancel them,
    /// which has locked the row of the job.
    async fn settle(
        &mut self,
        node: &str,
        runs: Vec<HeldRun>,
        now: i64,
    ) -> Result<Recovered, Error> {
        let births: BTreeSet<_> = runs.iter().map(|run| run.view.birth).collect();
        let births: Vec<_> = births.into_iter().collect();
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        // A request to cancel one of them may have been made since they were read.
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
