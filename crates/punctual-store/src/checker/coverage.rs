//! Checks that each fire time of a stretch has one entry. The entries lie side by side without a
//! gap.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Count, Origin, Run};

use super::history::{Stretch, Until};
use super::saturating::{earlier, later};
use super::{Case, Rule, Violation};

/// The number of fire times of one range that are counted one by one. The trigger's own count
/// serves for the rest.
const WALKED: u64 = 10_000;

impl Case<'_> {
    pub(super) fn check_tiling(&self, found: &mut Vec<Violation>) {
        for stretch in &self.history.stretches {
            let cursor = self.walk(stretch, found);
            self.check_end(stretch, cursor, found);
        }
        self.check_manual(found);
    }

    /// Follows the entries, and returns the first fire time after all of them.
    fn walk(&self, stretch: &Stretch, found: &mut Vec<Violation>) -> Option<DateTime<Utc>> {
        let own = |run: &&&Run| {
            run.key.incarnation == stretch.incarnation && run.key.origin == Origin::Scheduled
        };
        let mut cursor = stretch.first;
        let mut decided = None;
        for run in self.runs.iter().filter(own) {
            let (first, last) = span_of(run);
            let is_first = Some(first) == stretch.first;
            if decided.is_some_and(|decided| first <= decided) {
                found.push(Violation::of(run, Rule::Twice, "it was decided before"));
            } else if cursor != Some(first) {
                if !is_first && !stretch.names(first) {
                    found.push(Violation::of(
                        run,
                        Rule::NotAFireTime,
                        "no trigger names it",
                    ));
                    continue;
                }
                match cursor {
                    Some(cursor) if cursor < first => found.push(self.lost(stretch, cursor, first)),
                    _ => found.push(Violation::of(
                        run,
                        Rule::NotAFireTime,
                        "it is before the first",
                    )),
                }
            }
            if let Some(wrong) = miscounted(stretch, run) {
                found.push(wrong);
            }
            decided = decided.max(Some(last));
            cursor = decided.and_then(|decided| stretch.trigger.after(decided));
        }
        cursor
    }

    fn lost(&self, stretch: &Stretch, from: DateTime<Utc>, until: DateTime<Utc>) -> Violation {
        let count = stretch
            .trigger
            .count(later(from, TICK), earlier(until, TICK))
            .plus(1);
        let seen = format!("{count} without an outcome before {until}");
        Violation::at(&self.history.job, from, Rule::Lost, seen)
    }

    /// Checks that the next fire time is the one in the row, and is not overdue.
    fn check_end(
        &self,
        stretch: &Stretch,
        cursor: Option<DateTime<Utc>>,
        found: &mut Vec<Violation>,
    ) {
        let job = &self.history.job;
        match stretch.until {
            Until::Before(Some(next), at) if cursor.is_none_or(|cursor| cursor >= next) => {
                self.check_passed_over(stretch, next, cursor, at, found);
            }
            Until::Next(next) | Until::Before(next, _) if next != cursor => {
                let (rule, at) = match (cursor, next) {
                    (Some(cursor), Some(next)) if cursor > next => (Rule::NotAFireTime, next),
                    (None, Some(next)) => (Rule::NotAFireTime, next),
                    (cursor, next) => (Rule::Lost, cursor.or(next).unwrap_or_default()),
                };
                let seen = format!("all is decided before {cursor:?}, but the row says {next:?}");
                found.push(Violation::at(job, at, rule, seen));
            }
            Until::Open | Until::Next(_) => self.check_overdue(stretch, cursor, self.now, found),
            Until::Ended(at) => {
                self.check_overdue(stretch, cursor, at.from, found);
                self.check_after_end(stretch, at, found);
            }
            Until::Before(..) => {}
        }
    }

    /// Checks that an edit decided exactly what was due by the clock of its caller.
    fn check_passed_over(
        &self,
        stretch: &Stretch,
        next: DateTime<Utc>,
        cursor: Option<DateTime<Utc>>,
        at: super::Between,
        found: &mut Vec<Violation>,
    ) {
        let job = &self.history.job;
        let slack = self.checker.skew + self.longest_jitter();
        if let Some(cursor) = cursor.filter(|cursor| later(*cursor, slack) < at.from) {
            let seen = format!("it was overdue when its job was edited at {}", at.from);
            found.push(Violation::at(job, cursor, Rule::Lost, seen));
        }
        let own = |run: &&&Run| {
            run.key.incarnation == stretch.incarnation && run.key.origin == Origin::Scheduled
        };
        let early = self.runs.iter().filter(own).filter(|run| {
            let last = span_of(run).1;
            last >= next && last > later(at.until, slack)
        });
        for run in early {
            let seen = format!("it was not due when its job was edited at {}", at.until);
            found.push(Violation::of(run, Rule::NotAFireTime, seen));
        }
    }

    /// Checks that the next fire time has not waited for too long.
    fn check_overdue(
        &self,
        stretch: &Stretch,
        cursor: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
        found: &mut Vec<Violation>,
    ) {
        let Some(cursor) = cursor.filter(|cursor| *cursor < until) else {
            return;
        };
        let waited = self.waited(cursor.max(stretch.since), until) - self.longest_jitter();
        if waited > self.checker.patience_in(cursor, until) {
            let seen =
                format!("without an outcome; it was due for {waited} while a node was there");
            found.push(Violation::at(&self.history.job, cursor, Rule::Lost, seen));
        }
    }

    fn check_after_end(&self, stretch: &Stretch, at: super::Between, found: &mut Vec<Violation>) {
        let latest = later(
            at.until,
            self.checker.skew + self.checker.longest_patience(),
        );
        let late = self.runs.iter().filter(|run| {
            at.is_certain && run.key.incarnation == stretch.incarnation && span_of(run).1 > latest
        });
        for run in late {
            found.push(Violation::of(
                run,
                Rule::NotAFireTime,
                "its job was removed before",
            ));
        }
    }

    /// Checks that no two runs by hand have the same key.
    fn check_manual(&self, found: &mut Vec<Violation>) {
        let mut before = None;
        let by_hand = |run: &&&Run| run.key.origin == Origin::Manual;
        let mut runs: Vec<&Run> = self.runs.iter().filter(by_hand).copied().collect();
        runs.sort_unstable_by_key(|run| run.key);
        for run in runs {
            if before.replace(run.key) == Some(run.key) {
                found.push(Violation::of(
                    run,
                    Rule::Twice,
                    "a run by hand of this key exists",
                ));
            }
        }
    }
}

const TICK: TimeDelta = TimeDelta::microseconds(1);

/// Returns the first and the last fire time that an entry stands for.
pub(super) fn span_of(run: &Run) -> (DateTime<Utc>, DateTime<Utc>) {
    let one = (run.fire_time(), run.fire_time());
    run.range.map_or(one, |range| (range.first, range.last))
}

impl Stretch {
    fn names(&self, t: DateTime<Utc>) -> bool {
        self.trigger.last_at_or_before(t) == Some(t)
    }

    /// Returns the number of fire times from `first` through `last`.
    fn count(&self, first: DateTime<Utc>, last: DateTime<Utc>) -> Count {
        let (mut at, mut count) = (first, 1);
        while at < last && count < WALKED {
            let Some(next) = self.trigger.after(at) else {
                break;
            };
            at = next;
            count += 1;
        }
        if at < last {
            return self.trigger.count(later(at, TICK), last).plus(count);
        }
        Count::Exact(count)
    }
}

fn miscounted(stretch: &Stretch, run: &Run) -> Option<Violation> {
    let range = run.range?;
    let wrong = |rule, seen: String| Some(Violation::of(run, rule, seen));
    if range.last < range.first || range.first != run.fire_time() {
        return wrong(Rule::Contradictory, format!("its range is {range:?}"));
    }
    if range.last != range.first && !stretch.names(range.last) {
        let seen = format!("its range ends at {}, which no trigger names", range.last);
        return wrong(Rule::NotAFireTime, seen);
    }
    let there_are = stretch.count(range.first, range.last);
    let fits = match (range.count, there_are) {
        (Count::Exact(said), Count::Exact(are)) => said == are,
        (Count::AtLeast(said), Count::Exact(are)) => said <= are,
        (Count::Exact(said), Count::AtLeast(are)) => said >= are,
        (Count::AtLeast(_), Count::AtLeast(_)) => true,
    };
    if fits {
        return None;
    }
    let seen = format!("it says {} fire times; there are {there_are}", range.count);
    wrong(Rule::Contradictory, seen)
}
