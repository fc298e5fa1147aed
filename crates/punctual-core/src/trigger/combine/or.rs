use chrono::{DateTime, Utc};

use super::Fuel;
use super::check::checked_children;
use crate::error::Error;
use crate::trigger::{Trigger, Undecided};

type Answer = Result<Option<DateTime<Utc>>, Undecided>;

/// Fires whenever one of its triggers does: the union of their members. Two that coincide are one.
///
/// ```
/// use punctual_core::{Cron, Trigger};
///
/// let ends = Trigger::or([Cron::new().day("last").build()?, Cron::new().day("1").build()?])?;
/// let from = "2026-01-15T00:00:00Z".parse().unwrap();
/// let days: Vec<_> = ends.upcoming(from).take(3).map(|t| t.format("%m-%d").to_string()).collect();
/// assert_eq!(days, ["01-31", "02-01", "02-28"]);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Or(Box<[Trigger]>);

impl Or {
    pub(crate) fn new(triggers: Vec<Trigger>) -> Result<Self, Error> {
        checked_children(triggers).map(|children| Self(children.into_boxed_slice()))
    }

    pub(crate) fn children(&self) -> &[Trigger] {
        &self.0
    }

    pub(crate) fn map(&self, change: impl FnMut(&Trigger) -> Trigger) -> Self {
        Self(self.0.iter().map(change).collect())
    }

    pub(crate) fn first(&self, now: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        self.earliest(|child| child.first_with(now, fuel))
    }

    pub(crate) fn after(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        self.earliest(|child| child.after_with(t, fuel))
    }

    /// One child that cannot tell makes the whole undecided: its members might come first.
    fn earliest(&self, mut ask: impl FnMut(&Trigger) -> Answer) -> Answer {
        let mut earliest: Option<DateTime<Utc>> = None;
        for child in &self.0 {
            if let Some(t) = ask(child)? {
                earliest = Some(earliest.map_or(t, |earliest| earliest.min(t)));
            }
        }
        Ok(earliest)
    }

    pub(crate) fn last_at_or_before(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        let mut latest = None;
        for child in &self.0 {
            latest = latest.max(child.last_with(t, fuel)?);
        }
        Ok(latest)
    }
}
