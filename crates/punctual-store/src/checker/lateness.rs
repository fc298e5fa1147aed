//! Checks the time for which fire times waited while a node was there to decide them.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{OnLost, Origin, Outcome, Overlap, Policies, Run, RunState};

use super::bodies::Bodies;
use super::busy::Load;
use super::cancelled::grace;
use super::coverage::span_of;
use super::period::presence;
use super::{Case, Ending, Execution, LONGEST, Period, Rule, Violation};

/// The causes, besides its fire time, for which a run may wait.
#[derive(Default)]
struct Excuses {
    /// The time at which the run was free to start, if that is not its fire time.
    ready: Option<DateTime<Utc>>,
    /// The times in which there was no instance for it.
    full: Vec<Period>,
    /// The time that another run may take to end after it was told to.
    grace: TimeDelta,
}

impl Case<'_> {
    pub(super) fn check_lateness(&self, found: &mut Vec<Violation>) {
        let load = self.load();
        let scheduled = |run: &&&Run| run.key.origin == Origin::Scheduled;
        for run in self.runs.iter().filter(scheduled) {
            let RunState::Ended(outcome) = run.state else {
                continue;
            };
            if run.range.is_some() {
                let decided = run.finished.filter(|_| !outcome.has_run());
                let decided = decided.or(run.started);
                let excuses = Excuses::default();
                if let Some(decided) = decided {
                    self.check_waited(run, decided, &excuses, found);
                }
            } else if let Some((decided, excuses)) = self.decidable(run, outcome, &load) {
                self.check_waited(run, decided, &excuses, found);
                if outcome.has_run() {
                    self.check_grace(run, decided, &excuses, found);
                }
            }
        }
    }

    /// Checks the time from the fire time until the decision, less the time in which no node could
    /// decide.
    fn check_waited(
        &self,
        run: &Run,
        decided: DateTime<Utc>,
        excuses: &Excuses,
        found: &mut Vec<Violation>,
    ) {
        // In a range without runs the oldest fire time waited longest. A range that is skipped or
        // missed in time, while its job is resumed, did not wait at all.
        let stretch = self.history.stretch(run.key.incarnation);
        let since = stretch.map(|stretch| stretch.since);
        let due = Some(span_of(run).0).max(since).max(excuses.ready);
        let due = due.unwrap_or_default();
        if decided <= due {
            return;
        }
        let mut away = self.absences_in(due, decided);
        away.extend(&excuses.full);
        let waited = presence(due, decided, away) - self.longest_jitter() - excuses.grace;
        // The clock of one node may tell the fire time, and that of another the decision.
        if waited > self.checker.patience_in(due, decided) {
            let seen = format!("it waited for {waited} while a node was there");
            found.push(Violation::of(run, Rule::Late, seen));
        }
    }

    /// Checks that a run started within its grace time, less the time in which it waited for other
    /// runs.
    ///
    /// A run that a store let wait in time is not missed, even if no node is there to begin it.
    fn check_grace(
        &self,
        run: &Run,
        started: DateTime<Utc>,
        excuses: &Excuses,
        found: &mut Vec<Violation>,
    ) {
        let due = Some(run.fire_time()).max(excuses.ready).unwrap_or_default();
        let slack = self.checker.patience_in(due, started) + self.longest_jitter();
        let beyond =
            |away: Vec<Period>| presence(due, started.max(due), away) - excuses.grace - slack;
        let mut unmanned = excuses.full.clone();
        unmanned.extend(self.absences_in(run.opened, started));
        let (waited, in_queue) = (beyond(excuses.full.clone()), beyond(unmanned));
        let is_late = |policies: &Policies| {
            let grace = policies.misfire_grace_time();
            let grace = grace.and_then(|grace| TimeDelta::from_std(grace).ok());
            grace.is_some_and(|grace| {
                let may_wait = policies.overlap() != Overlap::Skip;
                let was_in_time = run.opened - due - slack <= grace;
                let waited = if may_wait && was_in_time {
                    in_queue
                } else {
                    waited
                };
                waited > grace
            })
        };
        if self.policies_of(run).all(is_late) {
            let seen = format!("it started at {started}, beyond its grace time");
            found.push(Violation::of(run, Rule::Late, seen));
        }
    }

    /// Returns the time of the decision, and the causes for which the run may have waited. Returns
    /// `None` if they cannot be told.
    fn decidable(
        &self,
        run: &Run,
        outcome: Outcome,
        load: &Load,
    ) -> Option<(DateTime<Utc>, Excuses)> {
        let decided = if outcome.has_run() {
            run.started
        } else {
            run.finished
        }?;
        let policies = self.policies_of(run);
        let mut waits = policies.clone().map(|its| its.overlap());
        let is_plain = waits.clone().all(|overlap| overlap == Overlap::Skip);
        let is_rerun = policies.clone().any(|its| its.on_lost() != OnLost::Record);
        let is_unknown = outcome == Outcome::Lost
            || self.history.waits
            || is_rerun && !self.began_once(run)
            // The run waited for an instance and then did not start.
            || !outcome.has_run() && !is_plain;
        if is_unknown {
            return None;
        }
        let mut excuses = Excuses {
            ready: self.follows(run),
            ..Excuses::default()
        };
        let replaces = waits.all(|overlap| overlap == Overlap::CancelRunning);
        if replaces {
            excuses.grace = grace();
        } else if !is_plain {
            let limit = policies.filter_map(|its| its.max_instances()).min();
            let limit = limit.unwrap_or(u32::MAX);
            // A run that counts early does not have to wait for the instance that it holds itself.
            let limit = limit.saturating_add(self.counts_early(run).into());
            excuses.full = load.full(limit, run.fire_time().min(decided), decided);
        }
        excuses.full.extend(self.unheard(run, decided));
        if replaces || is_rerun {
            // The node that holds an instance may have died, and so may the one that waits for it.
            let away = self.without_a_node(run.fire_time(), decided);
            excuses.full.extend(away);
        }
        Some((decided, excuses))
    }

    /// Returns the times in which the node could not hear that it got the run, or that it is not
    /// taken for dead. No other node may begin the run in these times.
    fn unheard(&self, run: &Run, decided: DateTime<Utc>) -> Vec<Period> {
        let cut_off = self.checker.cut_off.iter();
        let its = cut_off.filter(|(name, _)| run.node.as_deref() == Some(name));
        let skew = self.checker.skew;
        let held_up = its.filter(|(_, away)| run.opened.max(away.from) <= decided.min(away.until));
        held_up
            .map(|(_, away)| away.bounded(run.opened, decided).widened(skew))
            .collect()
    }

    /// Returns true if a run that may be rerun was not, so that no node died with one of its
    /// attempts.
    fn began_once(&self, run: &Run) -> bool {
        let of_bodies = |bodies: &Bodies<'_>| {
            let its = bodies.of_run(run.id);
            let attempts = u32::try_from(its.len()).unwrap_or(u32::MAX);
            let mut before = its.iter().rev().skip(1);
            let has_died = before.any(|body: &&Execution| {
                body.ending == Ending::Unknown || self.may_have_died(run, body)
            });
            attempts == run.attempts && !has_died
        };
        run.attempts <= 1 || self.bodies.is_some_and(of_bodies)
    }

    /// Returns the time in which a node was there and the job was not paused.
    pub(super) fn waited(&self, due: DateTime<Utc>, decided: DateTime<Utc>) -> TimeDelta {
        presence(due, decided, self.absences_in(due, decided))
    }

    /// Returns the times in which no node could decide about the job, or it was paused.
    pub(super) fn absences_in(&self, due: DateTime<Utc>, decided: DateTime<Utc>) -> Vec<Period> {
        let absences = self.checker.absences.iter().chain(&self.checker.rests);
        let absences = absences.chain(&self.history.absences);
        let mut all: Vec<_> = absences.copied().chain(self.history.pauses()).collect();
        all.retain(|absence| absence.until >= due && absence.from <= decided);
        let skew = self.checker.skew;
        let all = all
            .into_iter()
            .map(|absence| absence.bounded(due, decided).widened(skew));
        all.collect()
    }

    pub(super) fn longest_jitter(&self) -> TimeDelta {
        let jitters = self.history.policies.iter();
        let longest = jitters.filter_map(|(_, policies)| policies.jitter());
        longest
            .filter_map(|longest| TimeDelta::from_std(longest).ok())
            .max()
            .unwrap_or_default()
            .min(LONGEST)
    }

    /// Returns the policies by which a run may have been decided.
    pub(super) fn policies_of(&self, run: &Run) -> impl Iterator<Item = &Policies> + Clone {
        let until = run.started.or(run.finished).unwrap_or(self.now);
        self.history
            .policies_in(run.fire_time().min(until), until, self.checker.skew)
    }
}
