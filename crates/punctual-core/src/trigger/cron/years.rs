//! A restricted year field.

use super::expression::Expression;
use super::field::Field;
use super::item::Item;
use super::range::Range;
use crate::limits::MAX_YEAR;

/// Years as ranges with steps. One bit for each year would take a kilobyte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Years(Box<[YearRange]>);

/// The years `first`, `first + step`, and so on up to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct YearRange {
    pub(crate) first: i32,
    pub(crate) last: i32,
    pub(crate) step: i32,
}

impl YearRange {
    fn first_from(self, year: i32) -> Option<i32> {
        let steps = (year - self.first + self.step - 1)
            .div_euclid(self.step)
            .max(0);
        let hit = self.first + steps * self.step;
        (hit <= self.last).then_some(hit)
    }

    fn last_until(self, year: i32) -> Option<i32> {
        let year = year.min(self.last);
        (year >= self.first).then(|| year - (year - self.first) % self.step)
    }
}

impl Years {
    /// Returns the years of a field, or `None` if the field allows every year.
    pub(crate) fn restricted(field: &Expression) -> Option<Self> {
        let all = Item::Range(Range {
            first: Field::Year.min(),
            last: Field::Year.max(),
            step: 1,
        });
        if field.items.contains(&all) {
            return None;
        }
        let range = |item: &Item| match *item {
            Item::Range(Range { first, last, step }) => Some(YearRange {
                first: first as i32,
                last: last as i32,
                step: step as i32,
            }),
            Item::LastDay | Item::NthWeekday { .. } => None,
        };
        Some(Self(field.items.iter().filter_map(range).collect()))
    }

    pub(crate) fn ranges(&self) -> &[YearRange] {
        &self.0
    }

    pub(crate) fn first_from(&self, year: i32) -> Option<i32> {
        let hit = self
            .0
            .iter()
            .filter_map(|range| range.first_from(year))
            .min();
        hit.filter(|year| *year <= MAX_YEAR)
    }

    pub(crate) fn last_until(&self, year: i32) -> Option<i32> {
        self.0
            .iter()
            .filter_map(|range| range.last_until(year))
            .max()
    }
}
