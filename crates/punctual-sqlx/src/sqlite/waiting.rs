//! Reads the jobs whose waiting runs may start. No run of a paused job may.

use std::borrow::Cow;
use std::collections::BTreeMap;

use punctual_store::{Error, KnownTasks, WaitingJob};
use serde::Deserialize;

use super::Inner;
use super::at::{At, json, parsed};
use super::due::names;
use crate::limits::{MAX_WAITING, PAGE};
use crate::row::{has_room, waiting_job};

/// Jobs with runs that wait for room.
const QUEUED: &str = "SELECT json_group_array(json_array(birth, id, task, policies_json, running)) \
     FROM (SELECT * FROM {p}jobs INDEXED BY {p}jobs_waiting WHERE queued > 0 AND paused = 0 \
     AND (?1 IS NULL OR task IN (SELECT value FROM json_each(?1))) \
     AND (task, birth) > (?2, ?3) ORDER BY task, birth LIMIT ?4)";

/// Attempts that are due, the earliest first.
const RETRYING: &str = "SELECT json_group_array(json_array(birth, id, task, due, run)) \
     FROM (SELECT j.birth, j.id, j.task, r.due, r.id AS run FROM {p}runs AS r \
     INDEXED BY {p}runs_due CROSS JOIN {p}jobs AS j ON j.birth = r.birth \
     WHERE r.state = 'retrying' AND r.due <= ?2 AND (r.due, r.id) > (?3, ?4) AND j.paused = 0 \
     AND (?1 IS NULL OR j.task IN (SELECT value FROM json_each(?1))) \
     ORDER BY r.due, r.id LIMIT ?5)";

#[derive(Deserialize)]
struct Queued<'r>(
    i64,
    #[serde(borrow)] Cow<'r, str>,
    Cow<'r, str>,
    Option<Cow<'r, str>>,
    i64,
);

#[derive(Deserialize)]
struct Retrying<'r>(i64, #[serde(borrow)] Cow<'r, str>, Cow<'r, str>, i64, i64);

#[derive(Deserialize)]
struct Named<'r>(i64, #[serde(borrow)] Cow<'r, str>, Cow<'r, str>, i64);

/// Jobs by their birth, up to [`MAX_WAITING`].
type Waiting = BTreeMap<u64, WaitingJob>;

impl Inner {
    /// Returns some of the jobs with runs that may start through this time. Jobs that cannot be
    /// decoded are skipped and do not hide the rest.
    pub(super) async fn waiting(
        &self,
        tasks: Option<&KnownTasks>,
        through: i64,
    ) -> Result<Vec<WaitingJob>, Error> {
        let tasks = tasks.map(names).transpose()?;
        let mut connection = self.reader().await?;
        let mut at = self.at(&mut connection);
        let mut waiting = Waiting::new();
        at.retrying(tasks.as_deref(), through, &mut waiting).await?;
        at.queued(tasks.as_deref(), &mut waiting).await?;
        Ok(waiting.into_values().collect())
    }
}

impl At<'_> {
    async fn retrying(
        &mut self,
        tasks: Option<&str>,
        through: i64,
        waiting: &mut Waiting,
    ) -> Result<(), Error> {
        let mut place = (i64::MIN, i64::MIN);
        while waiting.len() < MAX_WAITING {
            let query = sqlx::query(self.prefix.sql(RETRYING))
                .bind(tasks)
                .bind(through)
                .bind(place.0)
                .bind(place.1)
                .bind(PAGE as i64);
            let rows = self.as_one(query).await?;
            let rows: Vec<Retrying<'_>> = parsed(&rows)?;
            let found = rows.iter().filter_map(|Retrying(birth, id, task, due, _)| {
                waiting_job(*birth, id, task, *due)
            });
            self.keep_readable(found.collect(), waiting).await?;
            match rows.last().filter(|_| rows.len() == PAGE) {
                Some(Retrying(.., due, run)) => place = (*due, *run),
                None => break,
            }
        }
        Ok(())
    }

    async fn queued(&mut self, tasks: Option<&str>, waiting: &mut Waiting) -> Result<(), Error> {
        let mut place = (String::new(), 0);
        while waiting.len() < MAX_WAITING {
            let query = sqlx::query(self.prefix.sql(QUEUED))
                .bind(tasks)
                .bind(&place.0)
                .bind(place.1)
                .bind(PAGE as i64);
            let rows = self.as_one(query).await?;
            let rows: Vec<Queued<'_>> = parsed(&rows)?;
            let with_room = rows
                .iter()
                .filter(|Queued(.., policies, running)| has_room(policies.as_deref(), *running));
            // Runs that wait for room come before all attempts.
            let found = with_room
                .filter_map(|Queued(birth, id, task, ..)| waiting_job(*birth, id, task, 0));
            self.keep_readable(found.collect(), waiting).await?;
            match rows.last().filter(|_| rows.len() == PAGE) {
                Some(Queued(birth, _, task, ..)) => place = (task.to_string(), *birth),
                None => break,
            }
        }
        Ok(())
    }

    /// Adds the jobs that can be decoded, each with the earliest of its times.
    async fn keep_readable(
        &mut self,
        found: Vec<WaitingJob>,
        waiting: &mut Waiting,
    ) -> Result<(), Error> {
        let births: Vec<_> = found.iter().map(|job| job.birth).collect();
        let readable = self.readable(&births).await?;
        for job in found {
            if let Some(known) = waiting.get_mut(&job.birth) {
                known.due = known.due.min(job.due);
            } else if waiting.len() < MAX_WAITING && readable.contains(&job.birth) {
                waiting.insert(job.birth, job);
            }
        }
        Ok(())
    }

    /// Returns the jobs of these births, whose runs wait since now.
    pub(super) async fn named(
        &mut self,
        births: &[u64],
        now: i64,
    ) -> Result<Vec<WaitingJob>, Error> {
        let statement = "SELECT json_group_array(json_array(birth, id, task, ?2)) \
             FROM {p}jobs WHERE paused = 0 AND birth IN (SELECT value FROM json_each(?1))";
        let query = sqlx::query(self.prefix.sql(statement)).bind(json(births)?);
        let rows = self.as_one(query.bind(now)).await?;
        let rows: Vec<Named<'_>> = parsed(&rows)?;
        let jobs = rows.iter();
        let jobs =
            jobs.filter_map(|Named(birth, id, task, due)| waiting_job(*birth, id, task, *due));
        Ok(jobs.collect())
    }
}
