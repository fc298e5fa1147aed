//! Changes jobs.

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Origin, Outcome, RunKey};
use punctual_store::batch::{Batch, Rows};
use punctual_store::{Error, StoredJob, Update};

use super::Inner;
use super::at::{At, is_text, number};
use super::batch_read::Asked;
use crate::row::Written;
use crate::rows::HeldRows;

/// A range of fire times with its outcome.
pub(super) type DecidedRange = (FireRange, Outcome);

impl Inner {
    pub(super) async fn update(&self, update: &Update) -> Result<StoredJob, Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
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
        if update.new_incarnation {
            state.incarnation = at.next_birth().await?;
        }
        let row = Written::new(&update.job, &state)?;
        check_texts(&row)?;
        at.record(old.birth, update.decided, update.now).await?;
        at.rewrite(&row).await?;
        line.commit().await?;
        self.tell().await;
        Ok(StoredJob::new(update.job.clone(), state))
    }
}

impl At<'_> {
    pub(super) async fn next_birth(&mut self) -> Result<u64, Error> {
        Ok(self.births(1).await?.pop().unwrap_or_default())
    }

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
        let statement = "UPDATE {jobs} SET version = $2, name = $3, task = $4, args_json = $5, \
             trigger_json = $6, tags_json = $7, executor = $8, policies_json = $9, \
             declared_json = $10, next_run_time = $11, anchor = $12, incarnation = $13, \
             revision = $14, paused = $15, finished = $16, search_limit = $17, absence = $18, \
             edit = pg_current_xact_id()::text::bigint WHERE id = $1";
        let definition = &row.definition;
        let query = self
            .query(statement)
            .bind(row.id)
            .bind(definition.version as i32)
            .bind(definition.name)
            .bind(definition.task)
            .bind(definition.args)
            .bind(&definition.trigger)
            .bind(&definition.tags)
            .bind(definition.executor)
            .bind(&definition.policies)
            .bind(&definition.declared)
            .bind(row.next_run_time)
            .bind(row.anchor)
            .bind(number(row.incarnation))
            .bind(number(row.revision))
            .bind(row.paused)
            .bind(row.finished)
            .bind(row.search_limit)
            .bind(row.absence);
        self.execute(query).await.map(drop)
    }
}

fn key(incarnation: u64, (range, _): &DecidedRange) -> RunKey {
    RunKey {
        incarnation,
        origin: Origin::Scheduled,
        fire_time: range.first,
    }
}

/// Refuses a job with a text that the server does not take.
pub(super) fn check_texts(row: &Written<'_>) -> Result<(), Error> {
    let definition = &row.definition;
    let texts = [
        ("name", definition.name),
        ("task", Some(definition.task)),
        ("executor", definition.executor),
    ];
    let is_odd = |(_, text): &&(&str, Option<&str>)| text.is_some_and(|text| !is_text(text));
    let Some((field, _)) = texts.iter().find(is_odd) else {
        return Ok(());
    };
    Err(Error::refused(format!(
        "job `{}`: `{field}` holds a NUL character, which PostgreSQL does not take; leave it out",
        row.id
    )))
}
