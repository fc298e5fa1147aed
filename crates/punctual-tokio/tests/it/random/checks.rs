//! What has to be true of a ledger when a life is over.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use punctual_core::{JobState, MissReason, Origin, Outcome, Run, RunId, RunState};
use punctual_store::checker::{Checker, History, Period, Violation};
use punctual_store::{JobStore, RunFilter, Statistics, StoredJob};

use super::life::{Known, Life, row_of};

/// The clock jumps by hours, and again: what it showed tells nothing about before and after.
const JUMPS: TimeDelta = TimeDelta::days(365);

/// What a life came to.
pub(super) struct Sum {
    turns: u64,
    jobs: usize,
    entries: usize,
    fire_times: u64,
    begun: usize,
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} turns, {} jobs, {} fire times in {} entries, {} attempts begun",
            self.turns, self.jobs, self.fire_times, self.entries, self.begun
        )
    }
}

impl Known {
    /// The history of a job, with what is known of its end.
    fn ended(&self, history: History, mut last: StoredJob, left: Option<StoredJob>) -> History {
        if self.is_removed {
            return history;
        }
        if let Some(row) = left {
            return history.stands(&row);
        }
        // It has left by itself: with nothing to come.
        last.state.next_run_time = None;
        history.removed(&last, DateTime::UNIX_EPOCH)
    }
}

impl Life {
    /// Returns the counts of a job, which may have left before any of its fire times was decided.
    async fn statistics(&self, id: &str) -> Statistics {
        match self.scheduler.statistics(id).await {
            Err(error) if error.is_not_found() => Statistics::default(),
            statistics => statistics.unwrap(),
        }
    }

    /// Shuts down and checks everything.
    pub(super) async fn end(mut self) -> Sum {
        self.settle().await;
        self.shut_down(Duration::from_secs(60)).await;
        let runs = self.store.runs(RunFilter::default()).await.unwrap();
        let executions = self.world.executions();
        let mut faults = self.world.faults();
        let sum = Sum {
            turns: self.turns,
            jobs: self.jobs.len(),
            entries: runs.len(),
            fire_times: runs.iter().map(fire_times).sum(),
            begun: executions.len(),
        };
        let names: BTreeSet<&str> = runs.iter().filter_map(|run| run.node.as_deref()).collect();
        let of_each = |span: &Period| {
            let span = *span;
            names.iter().map(move |name| ((*name).to_owned(), span))
        };
        let mut checker = Checker::new()
            .skew(JUMPS)
            .patience(JUMPS)
            .cancels(self.cancels.iter().cloned())
            .shutdowns(self.shutdowns.iter().flat_map(of_each))
            .executions(executions)
            .shut_down();
        for rest in &self.rests {
            checker = checker.paused(*rest);
        }
        for (id, known) in &self.jobs {
            let entries: Vec<&Run> = runs.iter().filter(|run| run.job.as_str() == id).collect();
            let mut wrong = Vec::new();
            let left = self.snapshot(id).await.map(row_of);
            check_rows(&entries, left.as_ref().map(|row| row.state), &mut wrong);
            check_by_hand(&entries, known, &mut wrong);
            let statistics = self.statistics(id).await;
            let counted =
                statistics.runs() + statistics.missed + statistics.skipped + statistics.coalesced;
            let ended = entries.iter().filter(|run| run.state.outcome().is_some());
            let written: u64 = ended.map(|run| fire_times(run)).sum();
            if counted != written {
                wrong.push(format!("counted {counted}, written {written}"));
            }
            if known.is_removed && left.is_some() {
                wrong.push("it was removed and is there".into());
            }
            let history = known.history.clone();
            let history = history.map(|(history, last)| {
                let history = known.ended(history, last, left).without_task([]);
                if known.is_extra {
                    let away = self.without_extra.iter().copied();
                    history.may_wait().without_executor(away)
                } else {
                    history.without_executor([])
                }
            });
            checker = history.into_iter().fold(checker, Checker::history);
            faults.extend(wrong.into_iter().map(|wrong| format!("{id}: {wrong}")));
        }
        let violations = checker.check(&runs, self.world.clock.now());
        faults.extend(violations.iter().map(Violation::to_string));
        let seed = self.world.seed();
        assert!(
            faults.is_empty(),
            "PUNCTUAL_SEED={seed}: {} faults, the first: {:#?}",
            faults.len(),
            &faults[..faults.len().min(12)]
        );
        sum
    }
}

fn fire_times(run: &Run) -> u64 {
    run.range.map_or(1, |range| range.count.number())
}

/// A row that nothing is under way of, and decisions that were not made ahead of their time.
fn check_rows(entries: &[&Run], left: Option<JobState>, wrong: &mut Vec<String>) {
    for run in entries {
        if let (Some(Outcome::Missed(reason)), Some(range), Some(decided)) =
            (run.state.outcome(), run.range, run.finished)
            && reason != MissReason::Paused
            && decided < range.last
        {
            wrong.push(format!("missed before it was due: {run:?}"));
        }
    }
    let open = entries.iter().filter(|run| run.state.outcome().is_none());
    let open: Vec<_> = open.map(|run| run.state).collect();
    if open.contains(&RunState::Running) {
        wrong.push("a run is under way though all was shut down".into());
    }
    if let Some(state) = left
        && open.is_empty() != ((state.running, state.queued) == (0, 0))
    {
        let (running, queued) = (state.running, state.queued);
        wrong.push(format!(
            "{running} run and {queued} wait, and {open:?} are open"
        ));
    }
}

fn check_by_hand(entries: &[&Run], known: &Known, wrong: &mut Vec<String>) {
    let by_hand = entries
        .iter()
        .filter(|run| run.key.origin == Origin::Manual);
    let (refused, ran): (Vec<&Run>, Vec<&Run>) = by_hand.partition(|run| {
        matches!(run.state.outcome(), Some(Outcome::Skipped(_))) && run.range.is_some()
    });
    if refused.len() as u64 != known.refused {
        wrong.push(format!(
            "{} requests refused, {} recorded",
            known.refused,
            refused.len()
        ));
    }
    let ran: BTreeSet<RunId> = ran.iter().map(|run| run.id).collect();
    let asked: BTreeSet<RunId> = known.by_hand.iter().copied().collect();
    if ran != asked {
        wrong.push(format!("runs by hand {asked:?}, recorded {ran:?}"));
    }
}
