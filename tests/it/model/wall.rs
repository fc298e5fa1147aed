//! Rules on the wall clock: dates times times, and what a change of the clock makes of them.

use jiff::civil::{Date, DateTime};

use super::days::Days;
use super::field::Field;
use super::time_text::SECOND;
use super::zone::{Local, Zone};
use super::{Effort, Micros};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    After,
    Skip,
    Shift,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    First,
    Second,
    Both,
}

/// A zone and the choices for its changes.
#[derive(Clone)]
pub(crate) struct Wall {
    pub(crate) zone: Zone,
    pub(crate) gap: Gap,
    pub(crate) fold: Fold,
}

impl Wall {
    /// The instants (seconds) that a nominal local time stands for: none, one or two.
    pub(crate) fn instants(&self, nominal: DateTime) -> Vec<i64> {
        match self.zone.local(nominal) {
            None => vec![],
            Some(Local::Once(instant)) => vec![instant],
            Some(Local::Twice { first, second }) => match self.fold {
                Fold::First => vec![first],
                Fold::Second => vec![second],
                Fold::Both => vec![first, second],
            },
            Some(Local::Never { resumes, shifted }) => match self.gap {
                Gap::After => vec![resumes],
                Gap::Skip => vec![],
                Gap::Shift => vec![shifted],
            },
        }
    }
}

/// A cron or crontab rule.
#[derive(Clone)]
pub(crate) struct WallRule {
    pub(crate) wall: Wall,
    pub(crate) days: Days,
    pub(crate) hours: Field,
    pub(crate) minutes: Field,
    pub(crate) seconds: Field,
}

impl WallRule {
    /// Every nominal time that could have an instant in the window, each asked in turn.
    pub(crate) fn members(
        &self,
        from: Micros,
        through: Micros,
        effort: &mut Effort,
    ) -> Option<Vec<Micros>> {
        let (first, last) = self
            .wall
            .zone
            .span(from.div_euclid(SECOND), through.div_euclid(SECOND));
        let mut found = Vec::new();
        let mut date = first.date();
        while date <= last.date() {
            effort.spend_day()?;
            if !self.days.years.has(date.year()) {
                let Ok(new_year) = Date::new(date.year() + 1, 1, 1) else {
                    break;
                };
                date = new_year;
                continue;
            }
            if self.days.hold(date) {
                for nominal in self.times(date.at(0, 0, 0, 0), first, last) {
                    effort.spend_time()?;
                    found.extend(
                        self.wall
                            .instants(nominal)
                            .into_iter()
                            .map(|at| at * SECOND),
                    );
                }
            }
            let Ok(tomorrow) = date.tomorrow() else { break };
            date = tomorrow;
        }
        found.retain(|&member| from <= member && member <= through);
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    /// The times of one day from `first` through `last`.
    fn times(
        &self,
        day: DateTime,
        first: DateTime,
        last: DateTime,
    ) -> impl Iterator<Item = DateTime> + '_ {
        let date = day.date();
        let (minutes, seconds) = (self.minutes.values(), self.seconds.values());
        let starts = self
            .hours
            .values()
            .into_iter()
            .flat_map(move |hour| {
                minutes
                    .clone()
                    .into_iter()
                    .map(move |minute| date.at(hour, minute, 0, 0))
            })
            .filter(move |start| {
                let date = start.date();
                date.at(start.hour(), start.minute(), 59, 0) >= first && *start <= last
            });
        starts
            .flat_map(move |start| {
                seconds
                    .clone()
                    .into_iter()
                    .map(move |second| start.date().at(start.hour(), start.minute(), second, 0))
            })
            .filter(move |time| first <= *time && *time <= last)
    }
}
