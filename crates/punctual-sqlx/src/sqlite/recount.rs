//! Compares counts with the runs that they count.

use std::borrow::Cow;

use punctual_core::JobId;
use punctual_store::{Drift, Error, RecountRequest, Recounted};
use serde::Deserialize;

use super::Inner;
use super::at::{At, json, parsed, with_rows};
use super::error::failed;
use crate::rows::Definitions;

/// The counts of some jobs, as in their rows and as of their open runs.
const COUNTS: &str = "SELECT json_group_array(json_array(id, birth, token, running, queued, finished, \
     json((SELECT json_array(count(*) FILTER (WHERE state <> 'queued'), \
     count(*) FILTER (WHERE state = 'queued')) FROM {p}runs \
     WHERE job = j.id AND birth = j.birth AND finished IS NULL AND ends_instance)))) \
     FROM (SELECT * FROM {p}jobs WHERE id > ?1 ORDER BY id LIMIT ?2) AS j";

#[derive(Deserialize)]
struct Counts<'r> {
    #[serde(borrow)]
    id: Cow<'r, str>,
    birth: i64,
    token: i64,
    running: i64,
    queued: i64,
    finished: i64,
    open: (u32, u32),
}

impl Counts<'_> {
    fn counted(&self) -> (i64, i64) {
        (self.running, self.queued)
    }

    fn is_wrong(&self) -> bool {
        let (running, queued) = self.open;
        self.counted() != (running.into(), queued.into())
    }

    /// Returns true if the job has nothing left to do.
    fn is_over(&self) -> bool {
        self.finished != 0 && self.open == (0, 0)
    }

    /// Returns the id as a place in the order of ids, unless it is not valid Unicode.
    fn place(&self) -> Option<JobId> {
        let is_whole = !self.id.contains(char::REPLACEMENT_CHARACTER);
        JobId::new(&self.id).ok().filter(|_| is_whole)
    }

    fn drift(&self) -> Option<Drift> {
        // A count below zero is wrong and shown as 0.
        let told = |count: i64| u32::try_from(count.max(0)).unwrap_or(u32::MAX);
        Some(Drift::new(
            self.place()?,
            (told(self.running), told(self.queued)),
            self.open,
        ))
    }
}

impl Inner {
    pub(super) async fn recount(&self, request: RecountRequest) -> Result<Recounted, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let after = request.after.as_ref().map_or("", JobId::as_str);
        let mut limit = request.limit.max(1);
        let (text, next) = loop {
            let text = at.counts(after, limit).await?;
            let rows: Vec<Counts<'_>> = parsed(&text)?;
            let next = rows.iter().rev().find_map(Counts::place);
            if rows.len() < limit {
                break (text, None);
            }
            if next.is_some() {
                break (text, next);
            }
            // None of these ids can serve as the place from which to go on.
            limit = limit.saturating_mul(2);
        };
        let rows: Vec<Counts<'_>> = parsed(&text)?;
        let wrong: Vec<_> = rows.iter().filter(|row| row.is_wrong()).collect();
        let recounted =
            Recounted::new(wrong.iter().filter_map(|row| row.drift()).collect()).next(next);
        if wrong.is_empty() {
            return Ok(recounted);
        }
        let edit = at.mend(&wrong).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(edit);
        Ok(recounted)
    }
}

impl At<'_> {
    async fn counts(&mut self, after: &str, limit: usize) -> Result<String, Error> {
        let query = sqlx::query(self.prefix.sql(COUNTS)).bind(after);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.as_one(query.bind(limit)).await
    }

    async fn mend(&mut self, wrong: &[&Counts<'_>]) -> Result<u64, Error> {
        let edit = self.count_up("edit", 1).await?;
        let rows: Vec<_> = wrong.iter().map(|row| (row.birth, row.open)).collect();
        let statement = with_rows!(
            "UPDATE {p}jobs SET running = row ->> '$[1][0]', queued = row ->> '$[1][1]', \
             edit = ?2 FROM rows WHERE {p}jobs.birth = (row ->> 0)"
        );
        sqlx::query(self.prefix.sql(statement))
            .bind(json(rows)?)
            .bind(edit as i64)
            .execute(&mut *self.connection)
            .await
            .map_err(failed)?;
        // Jobs that only wrong counts have kept leave now, unless they cannot be decoded.
        let over = wrong.iter().filter(|row| row.is_over());
        let mut readable = Definitions::new();
        self.define(
            over.filter_map(|row| u64::try_from(row.birth).ok()),
            &mut readable,
        )
        .await?;
        let births: Vec<_> = readable.into_keys().collect();
        let token = wrong.iter().map(|row| row.token).max();
        self.delete(&births, token.unwrap_or(0).max(0).unsigned_abs())
            .await?;
        Ok(edit)
    }
}
