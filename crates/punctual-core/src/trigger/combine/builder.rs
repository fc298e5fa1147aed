use chrono::{DateTime, Utc};

use super::children::Children;
use super::{And, Or};
use crate::error::Error;
use crate::trigger::bounds::{Bounds, BoundsDraft};
use crate::trigger::builder::{bounds_setters, builds_trigger, keeps_first_error};
use crate::trigger::{Draft, IntoWhen, Trigger};

/// Builds an [`And`] or an [`Or`]. [`Trigger::and`] and [`Trigger::or`] begin one.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct CombinationBuilder {
    kind: Kind,
    triggers: Vec<Result<Draft, Error>>,
    bounds: BoundsDraft,
    error: Option<Error>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    And,
    Or,
}

impl CombinationBuilder {
    pub(crate) fn and(triggers: Vec<Result<Draft, Error>>) -> Self {
        Self::new(Kind::And, triggers)
    }

    pub(crate) fn or(triggers: Vec<Result<Draft, Error>>) -> Self {
        Self::new(Kind::Or, triggers)
    }

    fn new(kind: Kind, triggers: Vec<Result<Draft, Error>>) -> Self {
        Self {
            kind,
            triggers,
            bounds: BoundsDraft::default(),
            error: None,
        }
    }

    bounds_setters!(bounds);

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no triggers or too many, if one of them is invalid, if they are
    /// nested too deeply, if an interval among them has no start, if the end is before the start, or
    /// if the triggers of an [`And`] never fire together.
    pub fn build(self) -> Result<Trigger, Error> {
        self.build_at(None)
    }

    pub(crate) fn build_at(self, now: Option<DateTime<Utc>>) -> Result<Trigger, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let bounds = Bounds::given(self.bounds, None)?;
        let triggers = self.triggers.into_iter().enumerate();
        let triggers = triggers.map(|(index, draft)| {
            let inside = |error: Error| error.inside(&format!("triggers[{index}]"));
            draft.and_then(|draft| draft.resolve(now)).map_err(inside)
        });
        let children = Children::new(triggers.collect::<Result<_, _>>()?, bounds)?;
        match self.kind {
            Kind::And => And::new(children).map(Trigger::And),
            Kind::Or => Ok(Trigger::Or(Or::new(children))),
        }
    }

    pub(crate) fn depth(&self) -> usize {
        let depths = self.triggers.iter().flatten().map(Draft::depth);
        1 + depths.max().unwrap_or(0)
    }

    /// Returns `true` if one of the triggers counts from the time of a scheduler.
    pub(crate) fn is_relative(&self) -> bool {
        self.triggers.iter().flatten().any(Draft::is_relative)
    }
}

keeps_first_error!(CombinationBuilder);
builds_trigger!(CombinationBuilder);
