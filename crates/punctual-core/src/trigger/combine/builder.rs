use super::children::Children;
use super::{And, Or};
use crate::error::Error;
use crate::trigger::bounds::{Bounds, Window};
use crate::trigger::builder::{builds_trigger, window_setters};
use crate::trigger::{Trigger, When};

/// Builds an [`And`] or an [`Or`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct CombinationBuilder {
    kind: Kind,
    triggers: Vec<Trigger>,
    bounds: Bounds,
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
            bounds: Bounds::default(),
        }
    }

    window_setters!(bounds);

    /// Checks the whole rule.
    ///
    /// # Errors
    ///
    /// If there are no triggers or too many, if they are nested too deeply, if an interval among
    /// them has no start, if the end is before the start, or if the triggers of an [`And`] never
    /// fire together.
    pub fn build(self) -> Result<Trigger, Error> {
        let window = Window::given(self.bounds, None)?;
        let children = Children::new(self.triggers, window)?;
        match self.kind {
            Kind::And => And::new(children).map(Trigger::And),
            Kind::Or => Ok(Trigger::Or(Or::new(children))),
        }
    }
}

builds_trigger!(CombinationBuilder);
