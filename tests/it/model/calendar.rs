//! `calendar_interval`: dates counted one by one from the first.

use jiff::ToSpan;
use jiff::civil::{Date, Time};

use super::time_text::SECOND;
use super::wall::Wall;
use super::{Effort, Micros};

#[derive(Clone)]
pub(crate) struct Calendar {
    pub(crate) wall: Wall,
    pub(crate) years: i64,
    pub(crate) months: i64,
    pub(crate) days: i64,
    pub(crate) time: Time,
    pub(crate) start_date: Option<Date>,
    pub(crate) end_date: Option<Date>,
}

impl Calendar {
    pub(crate) fn ends_before_it_begins(&self) -> bool {
        match (self.start_date, self.end_date) {
            (Some(start), Some(end)) => end < start,
            _ => false,
        }
    }

    /// The date counted after this one.
    fn step(&self, date: Date) -> Option<Date> {
        let mut months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
        let mut stepped = date;
        if self.years != 0 || self.months != 0 {
            loop {
                months += self.years * 12 + self.months;
                let year = i16::try_from(months.div_euclid(12)).ok()?;
                let month = i8::try_from(months.rem_euclid(12)).ok()? + 1;
                Date::new(year, month, 1).ok()?;
                if let Ok(date) = Date::new(year, month, date.day()) {
                    stepped = date;
                    break;
                }
            }
        }
        stepped.checked_add(self.days.days()).ok()
    }

    fn instants(&self, date: Date) -> Vec<Micros> {
        let instants = self.wall.instants(date.to_datetime(self.time));
        instants.into_iter().map(|second| second * SECOND).collect()
    }

    /// All fire times in the window of the dates counted from `first`.
    fn members_from(
        &self,
        first: Date,
        (from, through): (Micros, Micros),
        effort: &mut Effort,
    ) -> Option<Vec<Micros>> {
        let (_, last) = self
            .wall
            .zone
            .span(from.div_euclid(SECOND), through.div_euclid(SECOND));
        let mut found = Vec::new();
        let mut date = Some(first);
        while let Some(nominal) = date
            && nominal <= last.date()
            && self.end_date.is_none_or(|end| nominal <= end)
        {
            effort.spend_day()?;
            found.extend(self.instants(nominal));
            date = self.step(nominal);
        }
        found.retain(|&member| from <= member && member <= through);
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    pub(crate) fn members(
        &self,
        from: Micros,
        through: Micros,
        effort: &mut Effort,
    ) -> Option<Vec<Micros>> {
        self.members_from(self.start_date?, (from, through), effort)
    }

    /// The first fire time at or after `now`, counted from `start_date` or from today.
    pub(crate) fn first(&self, now: Micros) -> Option<Micros> {
        let today = self.wall.zone.local_at(now.div_euclid(SECOND)).date();
        self.first_member(self.start_date.unwrap_or(today), |member| member >= now)
    }

    /// The fire time counted after a previous one.
    pub(crate) fn following(&self, previous: Micros) -> Option<Micros> {
        let nominal = self.nominal(previous);
        self.first_member(nominal, |member| member > previous)
    }

    /// The counted date of a fire time; the local date of anything else.
    fn nominal(&self, at: Micros) -> Date {
        let mut date = self.start_date;
        while let Some(counted) = date {
            let instants = self.instants(counted);
            if instants.contains(&at) {
                return counted;
            }
            date = if instants.iter().any(|&member| member > at) {
                None
            } else {
                self.step(counted)
            };
        }
        self.wall.zone.local_at(at.div_euclid(SECOND)).date()
    }

    fn first_member(&self, first: Date, wanted: impl Fn(Micros) -> bool) -> Option<Micros> {
        let mut date = Some(first);
        while let Some(nominal) = date
            && self.end_date.is_none_or(|end| nominal <= end)
        {
            if let Some(found) = self.instants(nominal).into_iter().find(|&at| wanted(at)) {
                return Some(found);
            }
            date = self.step(nominal);
        }
        None
    }
}
