//! The slow model: every trigger as the set of its members, found by looking at each candidate.
//!
//! It shares no code with the crate under test: texts are split and read here, and the time zone
//! database is asked about one local time after the other. What it knows is written in the rules
//! of the format: a local time exists once, twice or never, and each rule says what follows.

pub(crate) mod calendar;
pub(crate) mod crontab;
pub(crate) mod days;
pub(crate) mod effort;
pub(crate) mod field;
mod proof;
mod read;
pub(crate) mod time_text;
pub(crate) mod wall;
pub(crate) mod zone;

pub(crate) use effort::Effort;
pub(crate) use time_text::SECOND;

use calendar::Calendar;
use wall::WallRule;

/// Microseconds since 1970.
pub(crate) type Micros = i64;

/// Before the first year of the cron types.
pub(crate) const EARLIEST: Micros = -4_000_000_000 * SECOND;
/// In the last year but one.
pub(crate) const LATEST: Micros = 253_300_000_000 * SECOND;

/// A trigger and its bounds.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) rule: Rule,
    pub(crate) start: Option<Micros>,
    pub(crate) end: Option<Micros>,
}

#[derive(Clone)]
pub(crate) enum Rule {
    Date(Micros),
    Interval { length: Micros, immediately: bool },
    Wall(Box<WallRule>),
    Calendar(Box<Calendar>),
    And(Vec<Model>),
    Or(Vec<Model>),
}

impl Model {
    /// All members from `from` through `through`; `None` if that would take too long.
    pub(crate) fn members(
        &self,
        from: Micros,
        through: Micros,
        effort: &mut Effort,
    ) -> Option<Vec<Micros>> {
        let from = self.start.map_or(from, |start| from.max(start));
        let through = self.end.map_or(through, |end| through.min(end));
        if from > through {
            return Some(vec![]);
        }
        match &self.rule {
            Rule::Date(at) => Some(
                [*at]
                    .into_iter()
                    .filter(|at| (from..=through).contains(at))
                    .collect(),
            ),
            Rule::Interval { length, .. } => {
                interval_members(self.start?, *length, from, through, effort)
            }
            Rule::Wall(rule) => rule.members(from, through, effort),
            Rule::Calendar(rule) => rule.members(from, through, effort),
            Rule::Or(children) => {
                let mut union = Vec::new();
                for child in children {
                    union.extend(child.members(from, through, effort)?);
                }
                union.sort_unstable();
                union.dedup();
                Some(union)
            }
            Rule::And(children) => common_members(children, from, through, effort),
        }
    }

    /// Whether the instant is a member.
    pub(crate) fn holds(&self, at: Micros, effort: &mut Effort) -> Option<bool> {
        match &self.rule {
            Rule::And(children) => all_hold(children, at, effort),
            _ => self.members(at, at, effort).map(|found| !found.is_empty()),
        }
    }

    /// The first member at or after an instant, found in windows that double.
    pub(crate) fn first_from(&self, from: Micros) -> Option<Micros> {
        let (mut from, mut length) = (from.max(EARLIEST), 3600 * SECOND);
        while from <= LATEST {
            let through = (from + length).min(LATEST);
            let found = self.members(from, through, &mut Effort::unlimited())?;
            if let Some(&first) = found.first() {
                return Some(first);
            }
            from = through + 1;
            length *= 4;
        }
        None
    }

    /// The next fire time in the sense of the vectors.
    pub(crate) fn next(&self, previous: Option<Micros>, now: Micros) -> Option<Micros> {
        let found = match (&self.rule, previous) {
            (Rule::Date(at), previous) => Some(*at).filter(|_| previous.is_none()),
            (Rule::Interval { length, .. }, Some(previous)) => Some(previous + length),
            (
                Rule::Interval {
                    length,
                    immediately,
                },
                None,
            ) if self.start.is_none() => Some(if *immediately { now } else { now + length }),
            (Rule::Calendar(rule), Some(previous)) => rule.following(previous),
            (Rule::Calendar(rule), None) => rule.first(now),
            (Rule::Or(children), None) => children
                .iter()
                .filter_map(|child| child.next(None, now))
                .min(),
            (_, Some(previous)) => self.first_from(previous + 1),
            (_, None) => self.first_from(now),
        };
        found.filter(|&at| self.end.is_none_or(|end| at <= end))
    }
}

fn interval_members(
    start: Micros,
    length: Micros,
    from: Micros,
    through: Micros,
    effort: &mut Effort,
) -> Option<Vec<Micros>> {
    let steps = (i128::from(from) - i128::from(start))
        .div_euclid(length.into())
        .max(0);
    let mut member = i64::try_from(i128::from(start) + steps * i128::from(length)).ok()?;
    let mut found = Vec::new();
    while member <= through {
        effort.spend_time()?;
        if member >= from {
            found.push(member);
        }
        let Some(next) = member.checked_add(length) else {
            break;
        };
        member = next;
    }
    Some(found)
}

/// The members of one child that are members of all: the first child that is cheap enough leads.
fn common_members(
    children: &[Model],
    from: Micros,
    through: Micros,
    effort: &mut Effort,
) -> Option<Vec<Micros>> {
    let candidates = children
        .iter()
        .find_map(|child| child.members(from, through, &mut effort.clone()))?;
    let mut found = Vec::new();
    for candidate in candidates {
        if all_hold(children, candidate, effort)? {
            found.push(candidate);
        }
    }
    Some(found)
}

fn all_hold(children: &[Model], at: Micros, effort: &mut Effort) -> Option<bool> {
    for child in children {
        if !child.holds(at, effort)? {
            return Some(false);
        }
    }
    Some(true)
}
