//! Checks each entry by itself.

use chrono::{DateTime, Utc};
use punctual_core::{Origin, Outcome, Run, RunState};

use super::coverage::span_of;
use super::saturating::later;
use super::{Case, Rule, Violation};

impl Case<'_> {
    /// Returns true if runs may still be waiting. No run of a paused job begins.
    fn may_wait_on(&self) -> bool {
        let is_paused = || {
            self.history
                .pauses()
                .iter()
                .any(|pause| pause.holds(self.now))
        };
        self.checker.may_wait || is_paused()
    }

    pub(super) fn check_entries(&self, found: &mut Vec<Violation>) {
        for run in &self.runs {
            match run.state {
                RunState::Ended(outcome) => {
                    if let Some(seen) = contradiction(run, outcome) {
                        found.push(Violation::of(run, Rule::Contradictory, seen));
                    }
                }
                RunState::Queued | RunState::Retrying if self.may_wait_on() => {}
                state => {
                    let seen = format!("it has no outcome: {state:?}");
                    found.push(Violation::of(run, Rule::StillOpen, seen));
                }
            }
            self.check_early(run, found);
        }
    }

    fn check_early(&self, run: &Run, found: &mut Vec<Violation>) {
        let due = self.due(run);
        let decided = match run.state.outcome() {
            Some(outcome) if !outcome.has_run() => run.finished,
            _ => run.started,
        };
        let is_early = |decided: DateTime<Utc>| later(decided, self.checker.skew) < due;
        if let Some(decided) = decided.filter(|decided| is_early(*decided))
            && !self.was_set_back_between(decided, due)
        {
            let seen = format!("it was due at {due} and was decided at {decided}");
            found.push(Violation::of(run, Rule::Early, seen));
        }
    }

    /// Returns the time from which a run was allowed to start. For a range it is that of the newest
    /// fire time.
    fn due(&self, run: &Run) -> DateTime<Utc> {
        let newest = span_of(run).1;
        let has_run = run.state.outcome().is_none_or(Outcome::has_run);
        let stretch = self.history.stretch(run.key.incarnation);
        let Some(stretch) = stretch.filter(|_| has_run && run.key.origin == Origin::Scheduled)
        else {
            return newest;
        };
        let next = stretch.trigger.after(newest);
        let starts = self
            .policies_of(run)
            .map(|policies| policies.start_of(&self.history.job, newest, next));
        starts.min().unwrap_or(newest)
    }

    /// Returns true if a clock that showed the earlier time may have shown the later one before.
    fn was_set_back_between(&self, earlier: DateTime<Utc>, later: DateTime<Utc>) -> bool {
        self.checker.set_back.iter().any(|set_back| {
            let set_back = set_back.widened(self.checker.skew + self.checker.longest_patience());
            set_back.holds(earlier) && set_back.holds(later)
        })
    }
}

fn contradiction(run: &Run, outcome: Outcome) -> Option<String> {
    // A run that timed out may have waited for a place on its executor until then.
    let begins_itself = matches!(
        outcome,
        Outcome::Succeeded | Outcome::Failed | Outcome::Panicked
    );
    if run.finished.is_none() {
        Some(format!("it is {outcome} and has no end"))
    } else if run
        .started
        .is_some_and(|started| Some(started) > run.finished)
    {
        Some("it ended before it began".into())
    } else if begins_itself && (run.started.is_none() || run.attempts == 0) {
        Some(format!("it is {outcome} and never began"))
    } else if !outcome.has_run() && run.started.is_some() {
        Some(format!("it is {outcome} and began"))
    } else if outcome.has_run() && run.range.is_some_and(|range| range.first != range.last) {
        Some("a run answers for one fire time, not for a range".into())
    } else if run.key.origin == Origin::Manual
        && (matches!(outcome, Outcome::Missed(_))
            // A newer run may supersede a run that waits.
            || outcome == Outcome::Coalesced && run.range.is_some())
    {
        Some(format!("a run by hand is {outcome}"))
    } else {
        None
    }
}
