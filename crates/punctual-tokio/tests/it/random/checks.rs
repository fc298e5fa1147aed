//! What has to be true of a ledger when a life is over.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{Count, MissReason, Origin, Outcome, Run, RunId};
use punctual_store::{JobStore, RunFilter};

use super::life::{End, Known, Life, Stretch};

/// What a life came to.
#[derive(Default)]
pub(super) struct Sum {
    turns: u64,
    jobs: usize,
    stretches: usize,
    entries: usize,
    fire_times: u64,
    begun: usize,
    most: u32,
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} turns, {} jobs, {} stretches, {} fire times in {} entries, {} runs begun, at most {} at once",
            self.turns,
            self.jobs,
            self.stretches,
            self.fire_times,
            self.entries,
            self.begun,
            self.most
        )
    }
}

impl Life {
    /// Shuts down and checks everything.
    pub(super) async fn end(self) -> Sum {
        self.settle().await;
        self.shut_down(Duration::from_secs(60)).await;
        let runs = self.store.runs(RunFilter::default()).await.unwrap();
        let mut faults = self.world.faults();
        let mut sum = Sum {
            turns: self.turns,
            jobs: self.jobs.len(),
            most: self.world.most(),
            entries: runs.len(),
            ..Sum::default()
        };
        check_bodies(&runs, &self.world.begun(), &mut faults);
        sum.begun = self.world.begun().len();
        for (id, known) in &self.jobs {
            let mut entries: Vec<&Run> = runs.iter().filter(|run| run.job.as_str() == id).collect();
            entries.sort_by_key(|run| (run.fire_time(), run.id));
            let mut wrong = Vec::new();
            sum.stretches += known.stretches.len();
            sum.fire_times += entries.iter().map(|run| fire_times(run)).sum::<u64>();
            let left = self.snapshot(id).await.map(|job| job.state);
            check_counts(&entries, left, &mut wrong);
            check_by_hand(&entries, known, &mut wrong);
            let statistics = self.scheduler.statistics(id.as_str()).await.unwrap();
            let counted =
                statistics.runs() + statistics.missed + statistics.skipped + statistics.coalesced;
            let written: u64 = entries.iter().map(|run| fire_times(run)).sum();
            if counted != written {
                wrong.push(format!("counted {counted}, written {written}"));
            }
            for stretch in &known.stretches {
                let end = match stretch.end {
                    End::Before(end) => end,
                    End::Open => left.and_then(|state| state.next_run_time),
                };
                check_stretch(stretch, end, &entries, &mut wrong);
            }
            if known
                .stretches
                .last()
                .is_some_and(|stretch| stretch.end == End::Open)
                && left.is_none()
                && known.is_removed
            {
                wrong.push("it was removed and its stretch goes on".into());
            }
            faults.extend(wrong.into_iter().map(|wrong| format!("{id}: {wrong}")));
        }
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

/// The code ran where the ledger says so, and nowhere else.
fn check_bodies(runs: &[Run], begun: &BTreeSet<RunId>, faults: &mut Vec<String>) {
    let has_ended_itself = |run: &&Run| {
        let outcome = run.state.outcome();
        matches!(
            outcome,
            Some(Outcome::Succeeded | Outcome::Failed | Outcome::Panicked)
        )
    };
    for run in runs.iter().filter(has_ended_itself) {
        if !begun.contains(&run.id) {
            faults.push(format!("run {} has an outcome and never began", run.id));
        }
    }
    let could = runs
        .iter()
        .filter(|run| run.state.outcome().is_none_or(Outcome::has_run));
    let could: BTreeSet<RunId> = could.map(|run| run.id).collect();
    for run in begun.difference(&could) {
        faults.push(format!("run {run} began and the ledger does not know"));
    }
    let ids: BTreeSet<RunId> = runs.iter().map(|run| run.id).collect();
    if ids.len() != runs.len() {
        faults.push("a number was given twice".into());
    }
}

fn check_counts(entries: &[&Run], left: Option<punctual_core::JobState>, wrong: &mut Vec<String>) {
    for run in entries {
        let Some(outcome) = run.state.outcome() else {
            wrong.push(format!("run {} has no outcome: {:?}", run.id, run.state));
            continue;
        };
        let is_manual = run.key.origin == Origin::Manual;
        if let (Outcome::Missed(reason), Some(range), Some(decided)) =
            (outcome, run.range, run.finished)
            && reason != MissReason::Paused
            && decided < range.last
        {
            wrong.push(format!("missed before it was due: {run:?}"));
        }
        if is_manual && matches!(outcome, Outcome::Missed(_) | Outcome::Coalesced) {
            wrong.push(format!("a run by hand is {outcome}"));
        }
        if run.finished < run.started {
            wrong.push(format!("run {} ended before it began", run.id));
        }
    }
    if let Some(state) = left
        && (state.running, state.queued) != (0, 0)
    {
        wrong.push(format!("{} run and {} wait", state.running, state.queued));
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

/// Every member of the trigger from the first to the last has one entry, in a gapless row.
fn check_stretch(
    stretch: &Stretch,
    end: Option<DateTime<Utc>>,
    entries: &[&Run],
    wrong: &mut Vec<String>,
) {
    let own = |run: &&&Run| {
        run.key.incarnation == stretch.incarnation && run.key.origin == Origin::Scheduled
    };
    let mut cursor = Some(stretch.first);
    for run in entries.iter().filter(own) {
        let (first, last) = run
            .range
            .map_or((run.fire_time(), run.fire_time()), |range| {
                (range.first, range.last)
            });
        if cursor != Some(first) {
            wrong.push(format!(
                "expected {cursor:?}, found {first} ({:?})",
                run.state
            ));
            return;
        }
        let mut count = 1;
        let mut at = first;
        while at < last {
            let Some(next) = stretch.trigger.after(at) else {
                break;
            };
            at = next;
            count += 1;
        }
        if at != last {
            wrong.push(format!(
                "the range from {first} ends at {last}, which is no fire time"
            ));
            return;
        }
        match run.range.map(|range| range.count) {
            Some(Count::Exact(exact)) if exact != count => {
                wrong.push(format!(
                    "{exact} fire times from {first} to {last}; there are {count}"
                ));
            }
            Some(Count::AtLeast(least)) if least > count => {
                wrong.push(format!(
                    "at least {least} from {first} to {last}; there are {count}"
                ));
            }
            _ => {}
        }
        cursor = stretch.trigger.after(last);
    }
    if cursor != end {
        wrong.push(format!(
            "of incarnation {} all is decided before {cursor:?}, but its row says {end:?}",
            stretch.incarnation
        ));
    }
}
