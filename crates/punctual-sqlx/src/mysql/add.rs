//! Adds jobs.

use std::collections::{BTreeSet, HashMap, HashSet};

use punctual_core::JobState;
use punctual_store::{Error, Insert, OnConflict, StoredJob};

use super::at::{At, get, number};
use super::batch_read::numbers;
use super::edit::check_texts;
use super::values::Value;
use super::{Inner, retried};
use crate::row::Written;
use crate::rows::{Defined, added, not_tried, piece_of};

const INSERT: &str = "INSERT INTO {jobs} (birth, id, version, name, task, args_json, trigger_json, \
     tags_json, executor, policies_json, declared_json, next_run_time, anchor, incarnation, revision, \
     token, paused, finished, search_limit, absence, edit, entries) VALUES ";

fn columns<'r>(row: &'r Written<'_>, edit: u64, entries: i64) -> Vec<Value<'r>> {
    let definition = &row.definition;
    vec![
        row.incarnation.into(),
        row.id.into(),
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
        row.token.into(),
        row.paused.into(),
        row.finished.into(),
        row.search_limit.into(),
        row.absence.into(),
        edit.into(),
        entries.into(),
    ]
}

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
        self.tell();
        Ok(answers)
    }

    async fn add_some(&self, jobs: &[Insert]) -> Result<Vec<Added>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let first = at.count_up("birth", jobs.len()).await?;
        at.line.begin();
        let answers = at.add(jobs, first).await?;
        line.commit().await?;
        Ok(answers)
    }
}

impl At<'_> {
    /// Adds jobs. Those that replace others are written one by one, after those that are new.
    ///
    /// A job of this request may replace an earlier one of it. It is then treated as one that
    /// replaces a job of the store.
    async fn add(&mut self, jobs: &[Insert], first: u64) -> Result<Vec<Added>, Error> {
        let births: Vec<_> = (first..).take(jobs.len()).collect();
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
        // Rows are locked in the order of births, as everywhere.
        let statement = "SELECT birth FROM {jobs} FORCE INDEX (jobs_id) WHERE id IN (?)";
        let ids: BTreeSet<&str> = ids.iter().copied().collect();
        let ids: Vec<_> = ids.into_iter().map(Value::from).collect();
        let births = self.all_in(statement, &ids).await?;
        let births = births.iter().map(|row| get::<i64>(row, 0));
        let births: BTreeSet<_> = births.collect::<Result<_, _>>()?;
        let births: Vec<_> = births.into_iter().map(Value::from).collect();
        let statement = "SELECT id FROM {jobs} FORCE INDEX (PRIMARY) WHERE birth IN (?) \
             ORDER BY birth FOR UPDATE";
        let rows = self.all_in(statement, &births).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Inserts jobs, and returns which of them came in. One whose id another job has taken since is
    /// passed over.
    async fn insert(&mut self, new: &[(usize, Written<'_>)]) -> Result<Vec<bool>, Error> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let edit = self.edit().await?;
        let ids: Vec<_> = new.iter().map(|(_, row)| row.id.into()).collect();
        // Which entry of its job is the last one, of those that had the ids before.
        let last =
            "SELECT job, MAX(nth) FROM {runs} FORCE INDEX (runs_job) WHERE job IN (?) GROUP BY job";
        let mut entries = HashMap::new();
        for row in self.all_in(last, &ids).await? {
            entries.insert(get::<String>(&row, 0)?, get::<i64>(&row, 1)?);
        }
        let rows = new.iter().map(|(_, row)| {
            let entries = entries.get(row.id).copied().unwrap_or(0);
            columns(row, edit, entries)
        });
        let ends = (INSERT, " ON DUPLICATE KEY UPDATE birth = birth");
        let statements = self.text_of_rows(ends, rows);
        self.run(statements).await?;
        let births = new.iter().map(|(_, row)| row.incarnation.into());
        let births: Vec<_> = births.collect();
        let came = "SELECT birth FROM {jobs} FORCE INDEX (PRIMARY) WHERE birth IN (?)";
        let came = self.all_in(came, &births).await?;
        let births = came.iter().map(|row| get::<i64>(row, 0));
        let births: HashSet<_> = births.collect::<Result<_, _>>()?;
        let came = new.iter();
        let came = came.map(|(_, row)| births.contains(&number(row.incarnation)));
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
        let token = number(self.counter("token").await?);
        let low = "SELECT birth FROM {jobs} FORCE INDEX (PRIMARY) WHERE birth IN (?)";
        let low = format!("{low} AND token < {token}");
        let mut raised = HashMap::new();
        for row in self.all_in(&low, &births).await? {
            raised.insert(get::<i64>(&row, 0)?, token);
        }
        let births: Vec<_> = raised.keys().copied().map(Value::from).collect();
        let raise = format!("UPDATE {{jobs}} SET token = {token} WHERE birth IN (?)");
        self.all_in(&raise, &births).await?;
        for stored in answers.iter_mut().flatten() {
            if let Some(token) = raised.get(&number(stored.state.birth)) {
                stored.state.token = token.unsigned_abs();
            }
        }
        Ok(answers)
    }
}
