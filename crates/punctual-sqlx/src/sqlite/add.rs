//! Adds jobs.

use std::collections::HashSet;

use punctual_store::{Error, Insert, OnConflict, StoredJob};

use super::Inner;
use super::at::{At, json, with_rows};
use super::error::failed;
use super::store::SIDE_BY_SIDE;
use crate::limits::JOBS_A_STATEMENT;
use crate::row::Written;
use crate::rows::{Defined, added, not_tried, piece_of};

/// The number of jobs in one statement from which on births are given out in blocks. Fewer jobs
/// would leave a small fleet with too few blocks.
const MANY: usize = JOBS_A_STATEMENT;

/// The numbers of one transaction.
struct Numbers {
    incarnation: u64,
    /// The distance between the births of two jobs. It is 1, or a whole block if the nodes are to
    /// deal each job by itself.
    step: u64,
    edit: u64,
    /// The greatest token of all removed jobs.
    token: u64,
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
            let piece = piece_of(rest);
            let (some, others) = rest.split_at(piece.len());
            match self.add_some(some, piece).await {
                Ok(added) => answers.extend(added),
                Err(error) if answers.is_empty() => return Err(error),
                Err(error) => {
                    answers.extend(rest.iter().map(|_| Err(not_tried(&error))));
                    break;
                }
            }
            rest = others;
        }
        Ok(answers)
    }

    async fn add_some(
        &self,
        jobs: &[Insert],
        piece: Vec<Defined<'_>>,
    ) -> Result<Vec<Added>, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let block = SIDE_BY_SIDE.get();
        let step = if jobs.len() < MANY { block } else { 1 };
        // The numbers begin with the next block.
        let count = jobs.len() as u64 * step + block;
        let before = at.count_up("incarnation", count).await? - count;
        let mut numbers = Numbers {
            incarnation: (before + 1).next_multiple_of(block),
            step,
            edit: at.count_up("edit", 1).await?,
            token: at.counter("token").await?,
        };
        let answers = at.add(jobs, piece, &mut numbers).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(numbers.edit);
        Ok(answers)
    }
}

impl At<'_> {
    async fn add(
        &mut self,
        jobs: &[Insert],
        piece: Vec<Defined<'_>>,
        numbers: &mut Numbers,
    ) -> Result<Vec<Added>, Error> {
        let ids: Vec<&str> = jobs.iter().map(|insert| insert.job.id().as_str()).collect();
        let mut there = self.there(&ids).await?;
        let mut new = Vec::new();
        let mut answers = Vec::with_capacity(jobs.len());
        for (insert, defined) in jobs.iter().zip(piece) {
            let id = insert.job.id();
            let incarnation = numbers.incarnation;
            numbers.incarnation += numbers.step;
            let answer = if !there.contains(id.as_str()) {
                added(insert, defined, incarnation, numbers.token).map(|(stored, row)| {
                    new.push(row);
                    there.insert(id.as_str().to_owned());
                    stored
                })
            } else if insert.on_conflict == OnConflict::Refuse {
                Err(Error::conflict(id))
            } else {
                // The job to replace may be one of the same request.
                self.insert(&std::mem::take(&mut new), numbers.edit).await?;
                self.replace(insert, defined, incarnation, numbers.edit)
                    .await?
            };
            answers.push(answer);
        }
        self.insert(&new, numbers.edit).await?;
        let added = ids.into_iter().zip(&answers);
        let added = added.filter_map(|(id, answer)| answer.is_ok().then_some(id));
        self.come_back(added).await?;
        Ok(answers)
    }

    /// Returns those of these ids that jobs have. The jobs themselves are read one by one when they
    /// are replaced.
    async fn there(&mut self, ids: &[&str]) -> Result<HashSet<String>, Error> {
        let statement = "SELECT value FROM json_each(?1) WHERE value IN (SELECT id FROM {p}jobs)";
        let there: Vec<String> = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(json(ids)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(there.into_iter().collect())
    }

    async fn insert(&mut self, new: &[Written<'_>], edit: u64) -> Result<(), Error> {
        if new.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "INSERT INTO {p}jobs (birth, id, version, name, task, args_json, trigger_json, \
             tags_json, executor, policies_json, declared_json, next_run_time, anchor, \
             incarnation, revision, token, paused, finished, search_limit, absence, edit, \
             entries) SELECT row ->> 'incarnation', row ->> 'id', row ->> 'version', \
             row ->> 'name', row ->> 'task', row ->> 'args', row ->> 'trigger', row ->> 'tags', \
             row ->> 'executor', row ->> 'policies', row ->> 'declared', \
             row ->> 'next_run_time', row ->> 'anchor', row ->> 'incarnation', \
             row ->> 'revision', row ->> 'token', row ->> 'paused', row ->> 'finished', \
             row ->> 'search_limit', row ->> 'absence', ?2, coalesce((SELECT nth FROM {p}runs \
             WHERE job = (row ->> 'id') ORDER BY id DESC LIMIT 1), 0) FROM rows"
        );
        sqlx::query(self.prefix.sql(statement))
            .bind(json(new)?)
            .bind(edit as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn replace(
        &mut self,
        insert: &Insert,
        defined: Defined<'_>,
        incarnation: u64,
        edit: u64,
    ) -> Result<Added, Error> {
        let id = insert.job.id();
        let old = match self.job(id.as_str()).await? {
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
        let row = match defined {
            Ok(definition) => Written::of(id, definition, &state),
            Err(error) => return Ok(Err(error)),
        };
        self.record(state.birth, replaced.decided, insert.now)
            .await?;
        self.rewrite(&row, edit).await?;
        Ok(Ok(StoredJob::new(insert.job.clone(), state)))
    }

    /// Writes a job anew, except its counts and tokens.
    pub(super) async fn rewrite(&mut self, row: &Written<'_>, edit: u64) -> Result<(), Error> {
        let statement = with_rows!(
            "UPDATE {p}jobs SET version = row ->> 'version', \
             name = row ->> 'name', task = row ->> 'task', \
             args_json = row ->> 'args', trigger_json = row ->> 'trigger', \
             tags_json = row ->> 'tags', executor = row ->> 'executor', \
             policies_json = row ->> 'policies', declared_json = row ->> 'declared', \
             next_run_time = row ->> 'next_run_time', anchor = row ->> 'anchor', \
             incarnation = row ->> 'incarnation', revision = row ->> 'revision', \
             paused = row ->> 'paused', finished = row ->> 'finished', \
             search_limit = row ->> 'search_limit', absence = row ->> 'absence', \
             edit = ?2 FROM rows WHERE {p}jobs.id = (row ->> 'id')"
        );
        sqlx::query(self.prefix.sql(statement))
            .bind(json([row])?)
            .bind(edit as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }
}
