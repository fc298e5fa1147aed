use super::check::checked_children;
use crate::error::Error;
use crate::trigger::Trigger;
use crate::trigger::bounds::Bounds;

/// The content of `and` and `or`, which differ only in their search.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Children {
    pub(crate) triggers: Box<[Trigger]>,
    pub(crate) bounds: Option<Box<Bounds>>,
}

impl Children {
    pub(super) fn new(triggers: Vec<Trigger>, bounds: Option<Box<Bounds>>) -> Result<Self, Error> {
        let triggers = checked_children(triggers)?.into_boxed_slice();
        Ok(Self { triggers, bounds })
    }

    /// Changes children and bounds without a check, for changes that keep the rules as they are.
    pub(super) fn map(
        &self,
        change: impl FnMut(&Trigger) -> Trigger,
        bounds: Option<Box<Bounds>>,
    ) -> Self {
        Self {
            triggers: self.triggers.iter().map(change).collect(),
            bounds,
        }
    }
}
