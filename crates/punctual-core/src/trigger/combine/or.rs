use chrono::{DateTime, Utc};

use super::children::Children;
use crate::error::Error;
use crate::trigger::bounded::Members;
use crate::trigger::bounds::Bounds;
use crate::trigger::fuel::Fuel;
use crate::trigger::{Answer, Trigger};

/// A trigger that fires when any of its triggers fires. Its members are the union of theirs, and
/// members that coincide are one.
///
/// ```
/// use punctual_core::{Cron, Trigger};
///
/// let ends = Trigger::or([Cron::new().day("last"), Cron::new().day("1")]).build()?;
/// let from = "2026-01-15T00:00:00Z".parse().unwrap();
/// let days: Vec<_> = ends.upcoming(from).take(3).map(|t| t.format("%m-%d").to_string()).collect();
/// assert_eq!(days, ["01-31", "02-01", "02-28"]);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Or(Children);

impl Or {
    pub(super) fn new(children: Children) -> Self {
        Self(children)
    }

    pub(crate) fn children(&self) -> &[Trigger] {
        &self.0.triggers
    }

    /// Returns the same combination with children whose rules changed, and checks it again.
    pub(crate) fn rebuilt(&self, triggers: Vec<Trigger>) -> Result<Trigger, Error> {
        let children = Children::new(triggers, self.0.bounds.clone())?;
        Ok(Trigger::Or(Self::new(children)))
    }

    pub(crate) fn map(
        &self,
        change: impl FnMut(&Trigger) -> Trigger,
        bounds: Option<Box<Bounds>>,
    ) -> Self {
        Self(self.0.map(change, bounds))
    }

    /// Returns the earliest answer of the children. One undecided child makes the whole undecided,
    /// because its members might come first.
    fn earliest(&self, mut ask: impl FnMut(&Trigger) -> Answer) -> Answer {
        let mut earliest: Option<DateTime<Utc>> = None;
        for child in &self.0.triggers {
            if let Some(t) = ask(child)? {
                earliest = Some(earliest.map_or(t, |earliest| earliest.min(t)));
            }
        }
        Ok(earliest)
    }
}

impl Members for Or {
    fn bounds(&self) -> Option<&Bounds> {
        self.0.bounds.as_deref()
    }

    fn first(&self, now: DateTime<Utc>, start: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        self.earliest(|child| child.first_with(now, start, fuel))
    }

    fn after(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        self.earliest(|child| child.after_with(t, fuel))
    }

    fn last_at_or_before(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        let mut latest = None;
        for child in &self.0.triggers {
            latest = latest.max(child.last_with(t, fuel)?);
        }
        Ok(latest)
    }
}
