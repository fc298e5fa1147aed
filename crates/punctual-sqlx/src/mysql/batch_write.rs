//! Writes the changes of a request after it has decided, in one round trip.
//!
//! All rows are locked. So rows that are there are written as new ones that give way to them (`ON DUPLICATE
//! KEY UPDATE`), which takes one short statement for hundreds of them.

use std::collections::BTreeSet;

use punctual_store::{Error, Lease};

use super::at::At;
use super::batch_read::numbers;
use super::batch_write_runs::texts_of_runs;
use super::error::{failed, is_key_used};
use super::values::Value;
use crate::row::micros;
use crate::row::words;
use crate::rows::{HeldJob, HeldRows};

/// A run has the key of a new one already. The transaction has to be rolled back.
pub(super) struct KeyUsed;

/// The number by which the counter of tokens is ahead of the greatest token of the jobs that are
/// gone. Jobs that begin at the counter and leave after a few runs do not change it again.
const AHEAD: u64 = 1_024;

const COUNTED: (&str, &str) = (
    "INSERT INTO {jobs} (birth, running, queued, token, entries, statistics_json) VALUES ",
    " ON DUPLICATE KEY UPDATE running = VALUES(running), queued = VALUES(queued), \
     token = VALUES(token), entries = VALUES(entries), \
     statistics_json = COALESCE(VALUES(statistics_json), statistics_json)",
);

const MOVED: (&str, &str) = (
    "INSERT INTO {jobs} (birth, running, queued, token, entries, statistics_json, revision, \
     next_run_time, finished, search_limit, absence) VALUES ",
    " ON DUPLICATE KEY UPDATE running = VALUES(running), queued = VALUES(queued), \
     token = VALUES(token), entries = VALUES(entries), \
     statistics_json = COALESCE(VALUES(statistics_json), statistics_json), \
     revision = VALUES(revision), next_run_time = VALUES(next_run_time), finished = VALUES(finished), \
     search_limit = VALUES(search_limit), absence = VALUES(absence)",
);

impl At<'_> {
    /// Writes the changed rows of a request, and then executes `last`, which may commit.
    pub(super) async fn save(
        &mut self,
        held: &HeldRows,
        by: Option<&Lease>,
        last: Option<&str>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        let turn = self.turn().await?;
        let mut statements = texts_of_runs(self, held, by, turn);
        let stays = held.jobs.iter().filter(|job| !job.is_gone);
        let (moved, others): (Vec<&HeldJob>, Vec<_>) = stays.partition(|job| job.has_moved);
        let counted = others.into_iter().filter(|job| job.has_counted);
        statements.extend(self.text_of_rows(MOVED, moved.into_iter().map(of_moved)));
        statements.extend(self.text_of_rows(COUNTED, counted.map(of_counted)));
        let gone = held.gone().map(|job| job.state.birth).collect();
        let token = held.gone().map(|job| job.state.token).max();
        statements.extend(self.texts_of_deletion(&gone, token.unwrap_or(0)));
        statements.extend(last.map(str::to_owned));
        match self.try_run(statements).await {
            Ok(_) => {
                let used = held.opened().count() + held.ranges.len();
                self.taken.numbers += used as u64;
                Ok(Ok(()))
            }
            Err(error) if is_key_used(&error) => Ok(Err(KeyUsed)),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes the changed rows when no key can have been used before.
    pub(super) async fn saved(&mut self, held: &HeldRows) -> Result<(), Error> {
        let saved = self.save(held, None, None).await?;
        saved.map_err(|KeyUsed| Error::refused("a fire time was decided twice"))
    }

    /// Returns statements that delete jobs whose greatest token is `token`. Their ids may be used again,
    /// and tokens then begin above all that these jobs gave out.
    fn texts_of_deletion(&self, births: &BTreeSet<u64>, token: u64) -> Vec<String> {
        if births.is_empty() {
            return Vec::new();
        }
        let births = numbers(births.iter().copied());
        let mut statements = self.texts_in("DELETE FROM {jobs} WHERE birth IN (?)", &births);
        // Another transaction that raises the counter is waited for, so that it never falls.
        let raise = "UPDATE {counters} SET value = ? WHERE name = 'token' AND value < ?";
        statements.push(self.text(raise, &[(token + AHEAD).into(), token.into()]));
        statements
    }

    /// Deletes locked jobs, as a write does.
    pub(super) async fn delete(&mut self, births: &BTreeSet<u64>, token: u64) -> Result<(), Error> {
        let statements = self.texts_of_deletion(births, token);
        if statements.is_empty() {
            return Ok(());
        }
        self.run(statements).await.map(drop)
    }
}

fn of_counted(job: &HeldJob) -> Vec<Value<'_>> {
    let state = &job.state;
    vec![
        state.birth.into(),
        state.running.into(),
        state.queued.into(),
        state.token.into(),
        job.entries.into(),
        job.statistics_text().into(),
    ]
}

fn of_moved(job: &HeldJob) -> Vec<Value<'_>> {
    let state = &job.state;
    let mut row = of_counted(job);
    row.extend([
        state.revision.into(),
        micros(state.next_run_time).into(),
        state.finished.into(),
        state.search_limit.into(),
        words::absence_word(state.absence).into(),
    ]);
    row
}
