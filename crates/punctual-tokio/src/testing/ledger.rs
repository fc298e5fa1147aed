//! The outcomes of fire times, in a form that tests compare.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use punctual_core::{IntoWhen, JobId, Outcome, Run, RunState};
use punctual_store::Statistics;
use serde_json::Value;

use super::moment;
use crate::error::Error;
use crate::scheduler::{Runs, Scheduler};

/// The outcomes of fire times, the oldest first. `Display` writes a line for each [`Entry`].
///
/// It holds what the store still remembers. A [`MemoryStore`](punctual_store::MemoryStore) keeps
/// the newest 1,000 entries of a job, unless
/// [`with_ledger`](punctual_store::MemoryStore::with_ledger) says otherwise. Assertions fail if the
/// store has forgotten any fire time.
///
/// ```
/// use punctual_core::Outcome;
/// use punctual_tokio::Scheduler;
/// use punctual_tokio::testing::{Ledger, TestClock};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let clock = TestClock::at("2026-03-01T00:00:00Z");
/// let scheduler = Scheduler::builder().clock(clock.clone()).build()?;
/// scheduler.add_job(async || {}, "0 9 * * *").id("report").timezone("UTC").await?;
/// scheduler.start().await?;
/// clock.advance("2 days").await;
///
/// let ledger = Ledger::of(&scheduler, "report").await?;
/// ledger.assert_succeeded_at(["2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z"]);
/// ledger.assert_all_succeeded();
/// assert_eq!(ledger.count(Outcome::Succeeded), 2);
/// assert_eq!((ledger.entries().len(), ledger.forgotten()), (2, 0));
/// # scheduler.shutdown().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    entries: Vec<Entry>,
    forgotten: u64,
}

/// A fire time, or a range of fire times that had no run. `Display` writes
/// `2026-03-28T01:30:00Z succeeded: 42`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The job.
    pub job: JobId,
    /// The fire time, or the first one of a range.
    pub fire_time: DateTime<Utc>,
    /// The outcome, or `None` while the run waits or is under way.
    pub outcome: Option<Outcome>,
    /// The number of fire times.
    pub count: u64,
    /// The number of attempts that were begun.
    pub attempts: u32,
    /// The time at which the first attempt started.
    pub started: Option<DateTime<Utc>>,
    /// The time at which the run ended.
    pub finished: Option<DateTime<Utc>>,
    /// The result of the run.
    pub result: Option<Value>,
    /// The error of the run.
    pub error: Option<String>,
}

impl Ledger {
    /// Reads the ledger of one job.
    ///
    /// # Errors
    ///
    /// Returns an error if the id is not valid, if no store holds a job of this id or remembers a
    /// run of one, or if a store cannot be reached.
    pub async fn of(scheduler: &Scheduler, job: impl AsRef<str>) -> Result<Self, Error> {
        let job = JobId::new(job)?;
        // Tells a job that is unknown from one that has not run.
        scheduler.statistics(&job).await?;
        let runs = scheduler.runs().job(&job);
        Self::read(scheduler, runs, [job]).await
    }

    /// Reads the ledger of all jobs.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    pub async fn all(scheduler: &Scheduler) -> Result<Self, Error> {
        let jobs = scheduler.get_jobs().await?;
        let jobs = jobs.iter().map(|job| job.id().clone());
        Self::read(scheduler, scheduler.runs(), jobs).await
    }

    /// Reads the counts before the entries, so that fire times that end in between do not look
    /// forgotten.
    async fn read(
        scheduler: &Scheduler,
        runs: Runs,
        jobs: impl IntoIterator<Item = JobId>,
    ) -> Result<Self, Error> {
        let mut counts = BTreeMap::new();
        for job in jobs {
            match scheduler.statistics(&job).await {
                Ok(statistics) => counts.insert(job, ended(&statistics)),
                // The job has left since it was listed, and nothing of it is remembered.
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error),
            };
        }
        let mut ledger = Self::from(runs.await?);
        for entry in ledger
            .entries
            .iter()
            .filter(|entry| entry.outcome.is_some())
        {
            if let Some(missing) = counts.get_mut(&entry.job) {
                *missing = missing.saturating_sub(entry.count);
            }
        }
        ledger.forgotten = counts.into_values().sum();
        Ok(ledger)
    }

    /// Returns the number of fire times that the ledger lacks, since the store has forgotten what
    /// became of them.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    #[track_caller]
    fn assert_whole(&self) {
        assert!(
            self.forgotten == 0,
            "the store has forgotten what became of {} fire times, so the ledger is not whole: keep more \
             entries with `MemoryStore::with_ledger`, or assert after shorter spans",
            self.forgotten
        );
    }

    /// Returns the entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the number of fire times with this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        let matching = self
            .entries
            .iter()
            .filter(|entry| entry.outcome == Some(outcome));
        matching.map(|entry| entry.count).sum()
    }

    /// Asserts all of the ledger, a line for each entry. Results and errors are part of the line,
    /// as in `2026-03-28T01:30:00Z succeeded: 42`. [`assert_outcomes`](Self::assert_outcomes)
    /// leaves them out.
    ///
    /// # Panics
    ///
    /// Panics if the ledger differs. The panic shows all of the ledger.
    #[track_caller]
    pub fn assert_lines(&self, expected: &[&str]) {
        let lines: Vec<_> = self.entries.iter().map(Entry::to_string).collect();
        self.assert_same(&lines, expected);
    }

    /// Asserts all of the ledger without results and errors, a line for each entry, as in
    /// `2026-03-28T01:30:00Z succeeded`.
    ///
    /// # Panics
    ///
    /// Panics if the ledger differs. The panic shows all of the ledger.
    #[track_caller]
    pub fn assert_outcomes(&self, expected: &[&str]) {
        let lines: Vec<_> = self
            .entries
            .iter()
            .map(|entry| Said(entry).to_string())
            .collect();
        self.assert_same(&lines, expected);
    }

    #[track_caller]
    fn assert_same(&self, lines: &[String], expected: &[&str]) {
        self.assert_whole();
        assert!(
            lines == expected,
            "the ledger is not as expected\nexpected:\n{}\nfound:\n{self}",
            indented(expected.iter())
        );
    }

    /// Asserts that exactly these fire times ran and succeeded. The outcomes of the other ones do
    /// not count.
    ///
    /// # Panics
    ///
    /// Panics if the fire times that succeeded differ. The panic shows all of the ledger.
    #[track_caller]
    pub fn assert_succeeded_at(&self, expected: impl IntoIterator<Item: IntoWhen>) {
        self.assert_whole();
        let is_success = |entry: &&Entry| entry.outcome == Some(Outcome::Succeeded);
        let found = self.entries.iter().filter(is_success);
        let found: Vec<_> = found.map(|entry| entry.fire_time).collect();
        let expected: Vec<_> = expected.into_iter().map(moment::of).collect();
        assert!(
            found == expected,
            "other fire times succeeded than expected\nexpected:\n{}\nfound:\n{self}",
            indented(expected.iter().map(|time| shown(*time)))
        );
    }

    /// Asserts that the ledger has an entry, and that all entries succeeded.
    ///
    /// # Panics
    ///
    /// Panics if the ledger is empty, or if an entry did not succeed. The panic shows all of the
    /// ledger.
    #[track_caller]
    pub fn assert_all_succeeded(&self) {
        self.assert_whole();
        assert!(
            !self.entries.is_empty(),
            "the ledger is empty: nothing was due"
        );
        let mut all = self.entries.iter();
        assert!(
            all.all(|entry| entry.outcome == Some(Outcome::Succeeded)),
            "not all succeeded:\n{self}"
        );
    }
}

impl From<Vec<Run>> for Ledger {
    fn from(runs: Vec<Run>) -> Self {
        let mut entries: Vec<_> = runs.into_iter().map(Entry::from).collect();
        entries.sort_by(|a, b| (a.fire_time, &a.job).cmp(&(b.fire_time, &b.job)));
        Self {
            entries,
            forgotten: 0,
        }
    }
}

impl From<Run> for Entry {
    fn from(run: Run) -> Self {
        Self {
            fire_time: run
                .range
                .map_or_else(|| run.fire_time(), |range| range.first),
            outcome: match run.state {
                RunState::Ended(outcome) => Some(outcome),
                _ => None,
            },
            count: run.range.map_or(1, |range| range.count.number()),
            attempts: run.attempts,
            started: run.started,
            finished: run.finished,
            result: run.result,
            error: run.error,
            job: run.job,
        }
    }
}

/// An entry without its result.
struct Said<'e>(&'e Entry);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.0;
        f.write_str(&shown(entry.fire_time))?;
        match entry.outcome {
            Some(outcome) => write!(f, " {outcome}")?,
            None => f.write_str(" under way")?,
        }
        if entry.count > 1 {
            write!(f, ", {} fire times", entry.count)?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Said(self))?;
        match (&self.error, &self.result) {
            (Some(error), _) => write!(f, ": {error}"),
            (None, Some(result)) => write!(f, ": {result}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&indented(self.entries.iter()))
    }
}

/// Returns the number of fire times of a job that have ended.
fn ended(statistics: &Statistics) -> u64 {
    let Statistics {
        succeeded,
        failed,
        panicked,
        timed_out,
        cancelled,
        missed,
        skipped,
        coalesced,
        lost,
        ..
    } = statistics;
    let ran = succeeded + failed + panicked + timed_out + cancelled + lost;
    ran + missed + skipped + coalesced
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn indented(lines: impl Iterator<Item = impl fmt::Display>) -> String {
    let lines: Vec<_> = lines.map(|line| format!("    {line}")).collect();
    if lines.is_empty() {
        return "    (nothing)".to_owned();
    }
    lines.join("\n")
}
