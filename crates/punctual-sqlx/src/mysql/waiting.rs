//! Reads the jobs whose waiting runs may start. No run of a paused job may.

use std::collections::BTreeMap;

use punctual_store::{Error, KnownTasks, WaitingJob};

use super::at::{At, get};
use super::batch_read::numbers;
use super::due::names;
use super::values::Value;
use crate::limits::{MAX_WAITING, PAGE};
use crate::row::{has_room, waiting_job};

/// Jobs with runs that wait for room.
const QUEUED: &str = "SELECT birth, id, task, policies_json, running FROM {jobs} FORCE INDEX (jobs_waiting) \
     WHERE waits = 1 AND paused = 0{tasks} AND (task > ? OR (task = ? AND birth > ?)) \
     ORDER BY task, birth LIMIT ?";

/// Attempts that are due, the earliest first.
const RETRYING: &str = "SELECT j.birth, j.id, j.task, r.due, r.id FROM {runs} AS r FORCE INDEX (runs_due) \
     STRAIGHT_JOIN {jobs} AS j ON j.birth = r.birth WHERE r.state = 'retrying' AND r.due <= ? \
     AND (r.due > ? OR (r.due = ? AND r.id > ?)) AND j.paused = 0{tasks} ORDER BY r.due, r.id LIMIT ?";

/// Returns a statement about all tasks or about some, whose list it names first of all.
fn about<'v>(
    statement: &str,
    tasks: Option<&[&'v str]>,
    before: Vec<Value<'v>>,
    after: Vec<Value<'v>>,
) -> (String, Vec<Value<'v>>) {
    let mut values = before;
    let condition = tasks.map_or("", |_| " AND task IN (?)");
    values.extend(tasks.map(|tasks| Value::list(tasks.iter().copied())));
    values.extend(after);
    (statement.replace("{tasks}", condition), values)
}

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
            let (due, run) = place;
            let before = vec![through.into(), due.into(), due.into(), run.into()];
            let (text, values) = about(RETRYING, tasks, before, vec![PAGE.into()]);
            let rows = self.all(&text, &values).await?;
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
            let task = place.0.as_str();
            let after = vec![task.into(), task.into(), place.1.into(), PAGE.into()];
            let (text, values) = about(QUEUED, tasks, Vec::new(), after);
            let rows = self.all(&text, &values).await?;
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
        let statement = "SELECT birth, id, task FROM {jobs} WHERE paused = 0 AND birth IN (?)";
        let mut jobs = Vec::new();
        for row in self
            .all_in(statement, &numbers(births.iter().copied()))
            .await?
        {
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
