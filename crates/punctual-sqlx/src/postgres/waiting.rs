//! Reads the jobs whose waiting runs may start. No run of a paused job may.

use std::collections::BTreeMap;

use punctual_store::{Error, KnownTasks, WaitingJob};

use super::at::{At, get, numbers};
use super::due::names;
use crate::limits::{MAX_WAITING, PAGE};
use crate::row::{has_room, waiting_job};

/// Jobs with runs that wait for room.
pub(super) const QUEUED: &str = "SELECT birth, id, task, policies_json, running FROM {jobs} \
     WHERE queued > 0 AND NOT paused AND ($1::text[] IS NULL OR task = ANY ($1)) \
     AND (task, birth) > ($2, $3) ORDER BY task, birth LIMIT $4";

/// Attempts that are due, the earliest first.
pub(super) const RETRYING: &str = "SELECT j.birth, j.id, j.task, r.due, r.id FROM {runs} AS r \
     JOIN {jobs} AS j ON j.birth = r.birth WHERE r.state = 'retrying' AND r.due <= $2 \
     AND (r.due, r.id) > ($3, $4) AND NOT j.paused AND ($1::text[] IS NULL OR j.task = ANY ($1)) \
     ORDER BY r.due, r.id LIMIT $5";

/// Jobs by their birth, up to [`MAX_WAITING`].
type Waiting = BTreeMap<u64, WaitingJob>;

impl At<'_> {
    /// Returns some of the jobs with runs that may start through this time. Jobs that cannot be
    /// decoded are skipped and do not hide the rest.
    pub(super) async fn waiting(
        &mut self,
        tasks: Option<&KnownTasks>,
        through: i64,
    ) -> Result<Vec<WaitingJob>, Error> {
        let tasks = tasks.map(names);
        let mut waiting = Waiting::new();
        self.retrying(tasks.as_deref(), through, &mut waiting)
            .await?;
        self.queued(tasks.as_deref(), &mut waiting).await?;
        Ok(waiting.into_values().collect())
    }

    async fn retrying(
        &mut self,
        tasks: Option<&[&str]>,
        through: i64,
        waiting: &mut Waiting,
    ) -> Result<(), Error> {
        let mut place = (i64::MIN, i64::MIN);
        while waiting.len() < MAX_WAITING {
            let query = self
                .query(RETRYING)
                .bind(tasks)
                .bind(through)
                .bind(place.0)
                .bind(place.1)
                .bind(PAGE as i64);
            let rows = self.all(query).await?;
            let mut found = Vec::new();
            for row in &rows {
                let due = get(row, 3)?;
                found.extend(waiting_job(get(row, 0)?, get(row, 1)?, get(row, 2)?, due));
                place = (due, get(row, 4)?);
            }
            self.keep_readable(found, waiting).await?;
            if rows.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    async fn queued(&mut self, tasks: Option<&[&str]>, waiting: &mut Waiting) -> Result<(), Error> {
        let mut place = (String::new(), 0_i64);
        while waiting.len() < MAX_WAITING {
            let query = self
                .query(QUEUED)
                .bind(tasks)
                .bind(&place.0)
                .bind(place.1)
                .bind(PAGE as i64);
            let rows = self.all(query).await?;
            let mut found = Vec::new();
            for row in &rows {
                let (birth, task): (i64, &str) = (get(row, 0)?, get(row, 2)?);
                // Runs that wait for room come before all attempts.
                if has_room(get(row, 3)?, get(row, 4)?) {
                    found.extend(waiting_job(birth, get(row, 1)?, task, 0));
                }
            }
            if let Some(row) = rows.last() {
                place = (get(row, 2)?, get(row, 0)?);
            }
            self.keep_readable(found, waiting).await?;
            if rows.len() < PAGE {
                break;
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
        if births.is_empty() {
            return Ok(Vec::new());
        }
        let statement = "SELECT birth, id, task FROM {jobs} WHERE NOT paused AND birth = ANY ($1) ORDER BY birth";
        let query = self.query(statement);
        let query = query.bind(numbers(births.iter().copied()));
        let mut jobs = Vec::new();
        for row in self.all(query).await? {
            jobs.extend(waiting_job(
                get(&row, 0)?,
                get(&row, 1)?,
                get(&row, 2)?,
                now,
            ));
        }
        Ok(jobs)
    }
}
