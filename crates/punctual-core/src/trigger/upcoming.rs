use chrono::{DateTime, Utc};

use super::Trigger;
use crate::instant;
use crate::instant::TICK;

/// An iterator over the fire times of a trigger from an instant on. See [`Trigger::upcoming`].
#[derive(Debug, Clone)]
pub struct Upcoming<'a> {
    trigger: &'a Trigger,
    /// The next item, or `None` if there are no more.
    next: Option<DateTime<Utc>>,
}

impl<'a> Upcoming<'a> {
    pub(super) fn new(trigger: &'a Trigger, from: DateTime<Utc>) -> Self {
        let next = if trigger.is_anchored() {
            trigger.after(instant::ceil(from) - TICK)
        } else {
            trigger.next(None, from)
        };
        Self { trigger, next }
    }
}

impl Iterator for Upcoming<'_> {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<DateTime<Utc>> {
        let current = self.next?;
        self.next = self.trigger.next(Some(current), current);
        Some(current)
    }
}

impl std::iter::FusedIterator for Upcoming<'_> {}
