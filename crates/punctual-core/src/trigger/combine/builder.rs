use super::children::Children;
use super::{And, Or};
use crate::error::Error;
use crate::trigger::bounds::{Bounds, BoundsDraft};
use crate::trigger::builder::{bounds_setters, builds_trigger};
use crate::trigger::{Trigger, When};

/// Builds an [`And`] or an [`Or`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct CombinationBuilder {
    kind: Kind,
    triggers: Vec<Trigger>,
    bounds: BoundsDraft,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    And,
    Or,
}

impl And {
    /// Begins the intersection of triggers.
    pub fn of(triggers: impl IntoIterator<Item = Trigger>) -> CombinationBuilder {
        CombinationBuilder::new(Kind::And, triggers.into_iter().collect())
    }
}

impl Or {
    /// Begins the union of triggers.
    pub fn of(triggers: impl IntoIterator<Item = Trigger>) -> CombinationBuilder {
        CombinationBuilder::new(Kind::Or, triggers.into_iter().collect())
    }
}

impl CombinationBuilder {
    fn new(kind: Kind, triggers: Vec<Trigger>) -> Self {
        Self {
            kind,
            triggers,
            bounds: BoundsDraft::default(),
        }
    }

    bounds_setters!(bounds);

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no triggers or too many, if they are nested too deeply, if an
    /// interval among them has no start, if the end is before the start, or if the triggers of an
    /// [`And`] never fire together.
    pub fn build(self) -> Result<Trigger, Error> {
        let bounds = Bounds::given(self.bounds, None)?;
        let children = Children::new(self.triggers, bounds)?;
        match self.kind {
            Kind::And => And::new(children).map(Trigger::And),
            Kind::Or => Ok(Trigger::Or(Or::new(children))),
        }
    }
}

builds_trigger!(CombinationBuilder);
