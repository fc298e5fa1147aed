//! Changes jobs.

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Origin, Outcome, RunKey};
use punctual_store::batch::{Batch, Rows};
use punctual_store::{Error, StoredJob, Update};

use super::Inner;
use super::at::At;
use super::batch_read::Asked;
use crate::row::Written;
use crate::rows::HeldRows;

/// A range of fire times with its outcome.
pub(super) type DecidedRange = (FireRange, Outcome);

/// The most characters in the name of a task, by which jobs are looked for.
const TASK: usize = 512;

impl Inner {
    pub(super) async fn update(&self, update: &Update) -> Result<StoredJob, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let incarnation = match update.new_incarnation {
            true => Some(at.count_up("birth", 1).await?),
            false => None,
        };
        at.line.begin();
        let id = update.job.id();
        let found = at.job(id.as_str(), true).await?;
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
        state.incarnation = incarnation.unwrap_or(state.incarnation);
        let row = Written::new(&update.job, &state)?;
        check_texts(&row)?;
        at.record(old.birth, update.decided, update.now).await?;
        at.rewrite(&row).await?;
        line.commit().await?;
        self.tell();
        Ok(StoredJob::new(update.job.clone(), state))
    }
}

impl At<'_> {
    /// Records the fire times that an edit of a locked job decides.
    pub(super) async fn record(
        &mut self,
        birth: u64,
        decided: Option<DecidedRange>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(decided) = decided else {
            return Ok(());
        };
        let asked = Asked {
            births: vec![birth],
            numbers: 1,
            ..Asked::default()
        };
        let mut held = self.found(&asked).await?.held;
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

    /// Writes a job anew, except its counts and tokens.
    pub(super) async fn rewrite(&mut self, row: &Written<'_>) -> Result<(), Error> {
        let statement = "UPDATE {jobs} SET version = ?, name = ?, task = ?, args_json = ?, \
             trigger_json = ?, tags_json = ?, executor = ?, policies_json = ?, \
             declared_json = ?, next_run_time = ?, anchor = ?, incarnation = ?, \
             revision = ?, paused = ?, finished = ?, search_limit = ?, absence = ?, \
             edit = ? WHERE id = ?";
        let edit = self.edit().await?;
        let definition = &row.definition;
        let values = [
            definition.version.into(),
            definition.name.into(),
            definition.task.into(),
            definition.args.into(),
            definition.trigger.as_str().into(),
            definition.tags.as_deref().into(),
            definition.executor.into(),
            definition.policies.as_deref().into(),
            definition.declared.as_deref().into(),
            row.next_run_time.into(),
            row.anchor.into(),
            row.incarnation.into(),
            row.revision.into(),
            row.paused.into(),
            row.finished.into(),
            row.search_limit.into(),
            row.absence.into(),
            edit.into(),
            row.id.into(),
        ];
        self.execute(statement, &values).await.map(drop)
    }
}

fn key(incarnation: u64, (range, _): &DecidedRange) -> RunKey {
    RunKey {
        incarnation,
        origin: Origin::Scheduled,
        fire_time: range.first,
    }
}

/// Refuses a job with a text that its column does not take.
pub(super) fn check_texts(row: &Written<'_>) -> Result<(), Error> {
    if row.definition.task.chars().count() <= TASK {
        return Ok(());
    }
    Err(Error::refused(format!(
        "job `{}`: `task` has more than {TASK} characters; write less",
        row.id
    )))
}
