//! What a story came to.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Outcome, Run};
use punctual_store::RunFilter;
use punctual_store::checker::{Checker, History, Period, Violation};

use super::database::Logged;
use super::simulation::{STEP, Simulation};

/// How late things may be when nothing is wrong: two renewals, and what a good line takes.
pub(crate) const PATIENCE: TimeDelta = TimeDelta::seconds(5);

/// How late things may be near a fault, without an absence: nobody notices for 8 seconds and the
/// time between two renewals that a node is dead, and a store that was away is asked again after 10.
const NEAR_FAULTS: TimeDelta = TimeDelta::seconds(30);

/// So many violations are shown.
const SHOWN: usize = 12;

pub(crate) struct Verdict {
    pub(crate) ledger: Vec<Run>,
    pub(crate) violations: Vec<String>,
    pub(crate) fire_times: u64,
    nodes: usize,
    started: u64,
    deeds: u64,
    jobs: usize,
    bodies: usize,
    skew: TimeDelta,
    /// How long nothing was wrong, and how often all was looked at meanwhile.
    quiet: TimeDelta,
    looks: u64,
}

impl Simulation {
    pub(crate) fn judge(self) -> Verdict {
        let mut ledger = self.database.runs(RunFilter::default()).unwrap();
        ledger.sort_unstable_by_key(|run| run.id);
        let executions = self.world.executions();
        let logged = self.database.logged();
        let jobs = logged.len();
        let checker = self.checker().executions(executions.iter().cloned());
        let histories = logged.into_iter().map(|job| self.history(job));
        let checker = histories.fold(checker, Checker::history);
        let violations = checker.check(&ledger, self.world.now());
        let violations = violations.iter().map(Violation::to_string);
        let violations = violations.chain(self.leftovers());
        let violations = violations.chain(self.wrong_args(&ledger));
        let wrong = self.invariants.wrong().chain(self.abandoned.wrong());
        let violations = wrong.chain(violations).collect();
        // What a node is called that lost its lease is made up anew each time.
        for run in &mut ledger {
            let name = run.node.as_deref().and_then(|name| name.split('~').next());
            run.node = name.map(str::to_owned);
            run.error = run.error.as_deref().map(without_epithets);
        }
        Verdict {
            fire_times: ledger.iter().map(fire_times).sum(),
            ledger,
            violations,
            nodes: self.nodes.len(),
            started: self.started,
            deeds: self.deeds,
            jobs,
            bodies: executions.len(),
            skew: self.skew,
            quiet: self.trouble.quiet(),
            looks: self.invariants.looks(),
        }
    }

    /// Knows what befell the nodes.
    fn checker(&self) -> Checker {
        let names = self.database.names();
        let named = |(node, away): &(usize, Period)| {
            let (node, away) = (*node, *away);
            let its = names.iter().filter(move |(_, of)| *of == node);
            its.map(move |(name, _)| (name.clone(), away))
        };
        let until_now = |(node, from, until): &(usize, DateTime<Utc>, Option<DateTime<Utc>>)| {
            let until = until.unwrap_or(self.world.now());
            (*node, Period::new(*from, until))
        };
        let shutdowns: Vec<_> = self.shutdowns.iter().map(until_now).collect();
        let checker = Checker::new()
            .skew(self.skew + STEP)
            .patience(PATIENCE)
            .near_faults(self.trouble.all(), NEAR_FAULTS)
            // What a body writes down is never earlier than what others did in the same step.
            .grain(STEP)
            .deaths(self.deaths.iter().flat_map(named))
            .cut_off(self.cut_off.iter().flat_map(named))
            .cancels(self.world.cancelled())
            .shutdowns(shutdowns.iter().flat_map(named));
        let sets = self.clock_sets.iter();
        sets.fold(checker, |checker, (before, after)| {
            checker.clock_set(*before, *after)
        })
    }

    /// A job's history, with the time in which no node could run it.
    fn history(&self, job: Logged) -> History {
        let tasks = job.tasks.iter();
        let unknown = tasks.clone().flat_map(|task| self.presence.unknown(task));
        let history = job.history.without_executor([]).without_task(unknown);
        let absences = tasks.flat_map(|task| self.presence.absences(task));
        absences.fold(history, History::absence)
    }

    /// Returns the runs whose bodies had other arguments than the ledger says. No job has any.
    fn wrong_args(&self, ledger: &[Run]) -> Vec<String> {
        let noted = self.world.args();
        let wrong = ledger.iter().filter_map(|run| {
            let own = run.args.as_ref().map(ToString::to_string);
            let wanted = own.as_deref().unwrap_or("null");
            let had = noted.get(&run.id)?.iter().find(|had| *had != wanted)?;
            Some(format!(
                "{}: run {} had {had} instead of {wanted}",
                run.job, run.id
            ))
        });
        wrong.collect()
    }

    /// What is left in the rows when nothing is under way. What waits of a paused job goes on waiting.
    fn leftovers(&self) -> impl Iterator<Item = String> {
        let rows = self.database.rows().into_iter();
        let rows = rows.filter(|row| !row.state.paused);
        rows.filter_map(|row| {
            let (id, running, queued) = (row.job.id(), row.state.running, row.state.queued);
            (running + queued > 0)
                .then(|| format!("{id}: its row says that {running} run and {queued} wait"))
        })
    }
}

/// Leaves out what is behind the `~` of a name, up to the end of the name.
fn without_epithets(error: &str) -> String {
    let mut parts = error.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    text
}

fn fire_times(run: &Run) -> u64 {
    run.range.map_or(1, |range| range.count.number())
}

impl Verdict {
    /// The first violations, if there are any.
    pub(crate) fn complaint(&self, seed: u64) -> Option<String> {
        let shown = self.violations.iter().take(SHOWN);
        let shown: Vec<_> = shown.map(|violation| format!("    {violation}")).collect();
        (!shown.is_empty()).then(|| {
            let count = self.violations.len();
            format!(
                "PUNCTUAL_SEED={seed}: {count} violations\n{}",
                shown.join("\n")
            )
        })
    }

    fn count(&self, is_it: fn(Outcome) -> bool) -> u64 {
        let its = self
            .ledger
            .iter()
            .filter(|run| run.state.outcome().is_some_and(is_it));
        its.map(fire_times).sum()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.count(|outcome| outcome == Outcome::Lost);
        let not_run = self.count(|outcome| !outcome.has_run());
        write!(
            f,
            "{} nodes in {} processes, clocks {} ms apart, {} deeds, {} jobs: {} fire times, {not_run} not run, \
             {lost} lost, {} bodies, quiet for {} s, {} looks, {} violations",
            self.nodes,
            self.started,
            self.skew.num_milliseconds(),
            self.deeds,
            self.jobs,
            self.fire_times,
            self.bodies,
            self.quiet.num_seconds(),
            self.looks,
            self.violations.len()
        )
    }
}
