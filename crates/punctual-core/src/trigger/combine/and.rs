use chrono::{DateTime, Utc};

use super::children::Children;
use crate::error::{Error, ErrorKind};
use crate::instant::TICK;
use crate::trigger::bounded::{self, Members};
use crate::trigger::bounds::Bounds;
use crate::trigger::fuel::Fuel;
use crate::trigger::{Answer, Trigger, Undecided};

/// A trigger that fires when all of its triggers fire. Its members are the intersection of theirs.
///
/// The search alternates between the triggers at most 10,000 times. After that the trigger is
/// undecided, which does not count as finished. Rules that never meet are refused when they are
/// built.
///
/// ```
/// use punctual_core::{Cron, Trigger};
///
/// let first_monday =
///     Trigger::and([Cron::new().day("1-7"), Cron::new().day_of_week("mon")]).build()?;
/// let from = "2026-01-15T00:00:00Z".parse().unwrap();
/// assert_eq!(first_monday.after(from).unwrap().to_rfc3339(), "2026-02-02T00:00:00+00:00");
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct And(Children);

impl And {
    pub(super) fn new(children: Children) -> Result<Self, Error> {
        let and = Self(children);
        must_meet(&and)?;
        Ok(and)
    }

    /// Checks that the triggers meet.
    pub(crate) fn check(&self) -> Result<(), Error> {
        must_meet(self)
    }

    pub(crate) fn children(&self) -> &[Trigger] {
        &self.0.triggers
    }

    /// Returns the same combination with children whose rules changed, and checks it again.
    pub(crate) fn rebuilt(&self, triggers: Vec<Trigger>) -> Result<Trigger, Error> {
        let children = Children::new(triggers, self.0.bounds.clone())?;
        Self::new(children).map(Trigger::And)
    }

    pub(crate) fn map(
        &self,
        change: impl FnMut(&Trigger) -> Trigger,
        bounds: Option<Box<Bounds>>,
    ) -> Self {
        Self(self.0.map(change, bounds))
    }

    /// Raises a candidate to each trigger's next member in turn, until all agree.
    fn first_from(&self, from: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        let mut candidate = from;
        let mut agreeing = 0;
        for child in self.0.triggers.iter().cycle() {
            let Some(before) = candidate.checked_sub_signed(TICK) else {
                return Ok(None);
            };
            let Some(member) = child.after_with(before, fuel)? else {
                return Ok(None);
            };
            if member > candidate {
                fuel.spend()?;
                candidate = member;
                agreeing = 0;
            }
            agreeing += 1;
            if agreeing == self.0.triggers.len() {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

impl Members for And {
    fn bounds(&self) -> Option<&Bounds> {
        self.0.bounds.as_deref()
    }

    /// A date in the past counts if all triggers have it.
    fn first(&self, now: DateTime<Utc>, start: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        for child in &self.0.triggers {
            let past = child
                .first_with(now, start, fuel)?
                .filter(|first| *first < now);
            if let Some(past) = past
                && self.first_from(past, fuel)? == Some(past)
            {
                return Ok(Some(past));
            }
        }
        self.first_from(now, fuel)
    }

    fn after(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        match t.checked_add_signed(TICK) {
            Some(from) => self.first_from(from, fuel),
            None => Ok(None),
        }
    }

    /// Lowers a candidate to each trigger's newest member in turn, until all agree.
    fn last_at_or_before(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        let mut candidate = t;
        let mut agreeing = 0;
        for child in self.0.triggers.iter().cycle() {
            let Some(member) = child.last_with(candidate, fuel)? else {
                return Ok(None);
            };
            if member < candidate {
                fuel.spend()?;
                candidate = member;
                agreeing = 0;
            }
            agreeing += 1;
            if agreeing == self.0.triggers.len() {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// Refuses rules that never meet. Rules that would meet without their years, starts and ends
/// are accepted, because they are exhausted rather than wrong.
fn must_meet(and: &And) -> Result<(), Error> {
    let children = and.children();
    if !children.iter().all(Trigger::is_bound) {
        return Ok(());
    }
    // Only a time zone can compare local times with instants. See `Trigger::check`.
    if children.iter().any(Trigger::is_local) && !children.iter().all(Trigger::is_local) {
        return Ok(());
    }
    let own_start = and.bounds().and_then(Bounds::first);
    let from = own_start.max(and.children().iter().filter_map(latest_start).max());
    let from = from.unwrap_or(DateTime::UNIX_EPOCH);
    match meets(and, from) {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(undecided) => return Err(never(&undecided)),
    }
    match meets(&and.map(Trigger::unbounded, None), DateTime::UNIX_EPOCH) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(
            ErrorKind::NeverFires,
            "triggers",
            "never fire together before the year 10000",
        )),
        Err(undecided) => Err(never(&undecided)),
    }
}

fn meets(and: &And, from: DateTime<Utc>) -> Result<bool, Undecided> {
    bounded::after(and, from - TICK, &mut Fuel::new()).map(|member| member.is_some())
}

fn never(undecided: &Undecided) -> Error {
    Error::new(
        ErrorKind::NeverFires,
        "triggers",
        format!("have no common fire time that a search finds ({undecided})"),
    )
}

/// Returns the latest `start` of a trigger and its children. There are no members before it.
fn latest_start(trigger: &Trigger) -> Option<DateTime<Utc>> {
    let own_start = trigger.start();
    own_start.max(trigger.children().iter().filter_map(latest_start).max())
}
