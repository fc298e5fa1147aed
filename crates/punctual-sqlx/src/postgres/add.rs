//! Adds jobs.

use std::collections::{HashMap, HashSet};

use punctual_core::JobState;
use punctual_store::{Error, Insert, OnConflict, StoredJob};

use super::at::{At, get, number, numbers};
use super::edit::check_texts;
use super::values::{Columns, Draft};
use super::{Inner, retried};
use crate::row::Written;
use crate::rows::{Defined, added, not_tried, piece_of};

type Added = Result<StoredJob, Error>;

impl Inner {
    /// Adds jobs in several transactions, so that other calls get their turn.
    ///
    /// If a transaction fails after others were committed, its jobs and all later ones are answered
    /// with the error.
    pub(super) async fn add(&self, jobs: Vec<Insert>) -> Result<Vec<Added>, Error> {
        let mut answers = Vec::with_capacity(jobs.len());
        let mut rest = &jobs[..];
        while !rest.is_empty() {
            let count = piece_of(rest).len();
            let (some, others) = rest.split_at(count);
            match retried!(self.add_some(some)) {
                Ok(added) => answers.extend(added),
                Err(error) if answers.is_empty() => return Err(error),
                Err(error) => {
                    answers.extend(rest.iter().map(|_| Err(not_tried(&error))));
                    break;
                }
            }
            rest = others;
        }
        self.tell().await;
        Ok(answers)
    }

    async fn add_some(&self, jobs: &[Insert]) -> Result<Vec<Added>, Error> {
        let mut line = self.begin().await?;
        let answers = self.at(&mut line).add(jobs).await?;
        line.commit().await?;
        Ok(answers)
    }
}

impl At<'_> {
    /// Adds jobs. Those that replace others are written one by one, after those that are new.
    ///
    /// A job of this request may replace an earlier one of it. It is then treated as one that
    /// replaces a job of the store.
    async fn add(&mut self, jobs: &[Insert]) -> Result<Vec<Added>, Error> {
        let births = self.births(jobs.len()).await?;
        let token = self.counter("token").await?;
        let ids: Vec<&str> = jobs.iter().map(|insert| insert.job.id().as_str()).collect();
        let mut there = self.there(&ids).await?;
        let mut answers: Vec<Option<Added>> = Vec::with_capacity(jobs.len());
        let mut new: Vec<(usize, Written<'_>)> = Vec::new();
        for (place, (insert, birth)) in jobs.iter().zip(&births).enumerate() {
            let id = insert.job.id().as_str();
            if there.contains(id) {
                answers.push(None);
                continue;
            }
            let defined = crate::row::Definition::of(&insert.job);
            let answer = added(insert, defined, *birth, token).and_then(|(stored, row)| {
                check_texts(&row)?;
                new.push((place, row));
                there.insert(id.to_owned());
                Ok(stored)
            });
            answers.push(Some(answer));
        }
        // The ids in one order, so that two requests with the same ones do not wait for each other.
        new.sort_by_key(|(_, row)| row.id);
        for (place, came) in self.insert(&new).await?.into_iter().enumerate() {
            if !came {
                // Another request has added a job of the id since.
                answers[new[place].0] = None;
            }
        }
        let mut all = Vec::with_capacity(jobs.len());
        for ((insert, birth), answer) in jobs.iter().zip(&births).zip(answers) {
            all.push(match answer {
                Some(answer) => answer,
                None if insert.on_conflict == OnConflict::Refuse => {
                    Err(Error::conflict(insert.job.id()))
                }
                None => {
                    let defined = crate::row::Definition::of(&insert.job);
                    self.replace(insert, defined, *birth).await?
                }
            });
        }
        let came = ids.into_iter().zip(&all);
        let came: Vec<_> = came.filter(|(_, answer)| answer.is_ok()).collect();
        self.come_back(came.iter().map(|(id, _)| *id)).await?;
        self.raise_tokens(all).await
    }

    /// Locks the jobs that have these ids, and returns the ids.
    async fn there(&mut self, ids: &[&str]) -> Result<HashSet<String>, Error> {
        let statement = "SELECT id FROM {jobs} WHERE id = ANY ($1) ORDER BY birth FOR UPDATE";
        let query = self.query(statement).bind(ids);
        let rows = self.all(query).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Inserts jobs, and returns which of them came in.
    async fn insert(&mut self, new: &[(usize, Written<'_>)]) -> Result<Vec<bool>, Error> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let (mut draft, mut columns) = (Draft::default(), Columns::default());
        let c = &mut columns;
        let rows = || new.iter().map(|(_, row)| row);
        macro_rules! column {
            ($name:ident: $kind:literal = $value:expr) => {
                let values = rows().map($value).collect::<Vec<_>>();
                c.add(&mut draft, (stringify!($name), $kind), values)?;
            };
        }
        column!(birth: "bigint" = |row| number(row.incarnation));
        column!(id: "text" = |row| row.id);
        column!(version: "integer" = |row| row.definition.version as i32);
        column!(name: "text" = |row| row.definition.name);
        column!(task: "text" = |row| row.definition.task);
        column!(args: "text" = |row| row.definition.args);
        column!(trigger: "text" = |row| row.definition.trigger.as_str());
        column!(tags: "text" = |row| row.definition.tags.as_deref());
        column!(executor: "text" = |row| row.definition.executor);
        column!(policies: "text" = |row| row.definition.policies.as_deref());
        column!(declared: "text" = |row| row.definition.declared.as_deref());
        column!(next: "bigint" = |row| row.next_run_time);
        column!(anchor: "bigint" = |row| row.anchor);
        column!(revision: "bigint" = |row| number(row.revision));
        column!(token: "bigint" = |row| number(row.token));
        column!(paused: "boolean" = |row| row.paused);
        column!(finished: "boolean" = |row| row.finished);
        column!(search_limit: "boolean" = |row| row.search_limit);
        column!(absence: "text" = |row| row.absence);
        let table = columns.table("r");
        let last = format!(
            "INSERT INTO {{jobs}} (birth, id, version, name, task, args_json, trigger_json, \
             tags_json, executor, policies_json, declared_json, next_run_time, anchor, \
             incarnation, revision, token, paused, finished, search_limit, absence, edit, \
             entries) SELECT r.birth, r.id, r.version, r.name, r.task, r.args, r.trigger, r.tags, \
             r.executor, r.policies, r.declared, r.next, r.anchor, r.birth, r.revision, r.token, \
             r.paused, r.finished, r.search_limit, r.absence, pg_current_xact_id()::text::bigint, \
             coalesce((SELECT nth FROM {{runs}} AS o WHERE o.job = r.id ORDER BY o.id DESC LIMIT 1), 0) \
             FROM {table} ORDER BY r.place ON CONFLICT (id) DO NOTHING RETURNING birth"
        );
        let query = draft.query(self.tables, &last);
        let came = self.all(query).await?;
        let births = came.iter().map(|row| get::<i64>(row, 0));
        let births: HashSet<_> = births.collect::<Result<_, _>>()?;
        let came = rows().map(|row| births.contains(&number(row.incarnation)));
        Ok(came.collect())
    }

    async fn replace(
        &mut self,
        insert: &Insert,
        defined: Defined<'_>,
        incarnation: u64,
    ) -> Result<Added, Error> {
        let id = insert.job.id();
        let old = match self.job(id.as_str(), true).await? {
            Some(Ok(old)) => old,
            Some(Err(reason)) => return Ok(Err(Error::unreadable(id, &reason))),
            None => return Ok(Err(Error::no_job(id))),
        };
        let replaced = old.replaced_by(insert);
        let mut state = replaced.state;
        if replaced.new_incarnation {
            state.incarnation = incarnation;
        }
        state.revision += 1;
        let row = defined.map(|definition| Written::of(id, definition, &state));
        let row = match row.and_then(|row| check_texts(&row).map(|()| row)) {
            Ok(row) => row,
            Err(error) => return Ok(Err(error)),
        };
        self.record(state.birth, replaced.decided, insert.now)
            .await?;
        self.rewrite(&row).await?;
        Ok(Ok(StoredJob::new(insert.job.clone(), state)))
    }

    /// Lets the tokens of the new jobs begin above those of jobs that left while these came in.
    ///
    /// A job that had the id of a new one before has left by now, and its greatest token is counted.
    async fn raise_tokens(&mut self, mut answers: Vec<Added>) -> Result<Vec<Added>, Error> {
        let is_new = |state: &JobState| state.revision == 1;
        let new = answers.iter().flatten().map(|stored| stored.state);
        let births = numbers(new.filter(is_new).map(|state| state.birth));
        if births.is_empty() {
            return Ok(answers);
        }
        let statement = "UPDATE {jobs} AS j SET token = c.value FROM {counters} AS c \
             WHERE c.name = 'token' AND j.birth = ANY ($1) AND j.token < c.value \
             RETURNING j.birth, j.token";
        let query = self.query(statement).bind(births);
        let mut raised = HashMap::new();
        for row in self.all(query).await? {
            raised.insert(get::<i64>(&row, 0)?, get::<i64>(&row, 1)?);
        }
        for stored in answers.iter_mut().flatten() {
            if let Some(token) = raised.get(&number(stored.state.birth)) {
                stored.state.token = token.unsigned_abs();
            }
        }
        Ok(answers)
    }
}
