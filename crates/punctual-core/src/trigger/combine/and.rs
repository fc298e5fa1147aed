use chrono::{DateTime, Utc};

use super::check::must_meet;
use super::children::Children;
use super::{Fuel, TICK};
use crate::error::Error;
use crate::trigger::bounded::Members;
use crate::trigger::bounds::Window;
use crate::trigger::{Answer, Trigger};

/// Fires when all of its triggers do: the intersection of their members.
///
/// The search alternates between the triggers, at most 10,000 times; then it is undecided, which
/// is never taken for finished. Rules that never meet are refused when they are built.
///
/// ```
/// use punctual_core::{Cron, Trigger};
///
/// let first_monday =
///     Trigger::and([Cron::new().day("1-7").build()?, Cron::new().day_of_week("mon").build()?])?;
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

    /// Whether the triggers meet.
    pub(crate) fn check(&self) -> Result<(), Error> {
        must_meet(self)
    }

    pub(crate) fn children(&self) -> &[Trigger] {
        &self.0.triggers
    }

    /// The same with children whose rules changed, checked anew.
    pub(crate) fn rebuilt(&self, triggers: Vec<Trigger>) -> Result<Trigger, Error> {
        let children = Children::new(triggers, self.0.window.clone())?;
        Self::new(children).map(Trigger::And)
    }

    pub(crate) fn map(
        &self,
        change: impl FnMut(&Trigger) -> Trigger,
        window: Option<Box<Window>>,
    ) -> Self {
        Self(self.0.map(change, window))
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
    fn window(&self) -> Option<&Window> {
        self.0.window.as_deref()
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

    /// Lowers a candidate in the same way.
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
