//! Triggers, which are pure rules that name fire times.
//!
//! # The contract
//!
//! A trigger is a set of instants, its *members*. It consists of configuration only, without state
//! and without a clock.
//!
//! | verb | answers |
//! |---|---|
//! | [`next`](Trigger::next) | the next fire time in `APScheduler`'s sense |
//! | [`after`](Trigger::after) | the first member strictly after an instant |
//! | [`last_at_or_before`](Trigger::last_at_or_before) | the newest member not after an instant |
//! | [`count`](Trigger::count) | the number of members between two instants |
//! | [`upcoming`](Trigger::upcoming), [`describe`](Trigger::describe) | a preview, and the rule in words |
//! | [`explain`](Trigger::explain) | whether an instant is a fire time, and why or why not |
//! | [`warnings`](Trigger::warnings) | what was probably not meant |
//! | [`anchored`](Trigger::anchored) | the trigger with a missing start filled in |
//! | [`bind`](Trigger::bind) | the trigger with the code of custom triggers attached |
//!
//! A trigger may be [undecided](Undecided). The verbs that begin with `try_` return the reason, and
//! the plain verbs return `None`.

mod answer;
mod bounded;
mod bounds;
mod builder;
mod calendar_interval;
mod combine;
pub(crate) mod cron;
mod crontab;
mod custom;
mod date;
mod describe;
mod draft;
mod explain;
mod fuel;
mod interval;
mod interval_units;
mod into;
mod into_when;
mod json;
mod text;
mod upcoming;
mod warn;
mod when;
mod zone_beside;
mod zoned;

pub use answer::{Count, Undecided};
pub use calendar_interval::{CalendarInterval, CalendarIntervalBuilder};
pub use combine::{And, CombinationBuilder, Or};
pub use cron::{Cron, CronBuilder, IntoField};
pub use crontab::{Crontab, CrontabBuilder};
pub use custom::{Custom, CustomBuilder, CustomTrigger, TriggerRegistry};
pub use date::{Date, DateBuilder};
#[doc(hidden)]
pub use draft::Draft;
pub use explain::{Explanation, FieldReason, Reason};
pub use interval::{FirstRun, Interval, IntervalBuilder};
pub use into::{IntoTrigger, IntoTriggers};
pub use into_when::IntoWhen;
#[cfg(feature = "with-jiff-0_2")]
pub(crate) use into_when::outside;
pub use upcoming::Upcoming;
pub use when::When;

use chrono::{DateTime, Utc};

use self::bounded::Members;
use self::combine::count_members;
use self::fuel::Fuel;
use crate::error::Error;
use crate::instant;
use crate::warning::Warning;
use crate::zone::Zone;

type Answer = Result<Option<DateTime<Utc>>, Undecided>;

/// A rule that names fire times.
///
/// A trigger is made by a builder (such as [`Cron::new`] or [`Interval::every`]), from JSON, or
/// from text. The text is a crontab expression, or the call form that
/// [`Display`](std::fmt::Display) writes.
///
/// ```
/// use punctual_core::Trigger;
///
/// let json: Trigger = serde_json::from_str(r#"{"type":"cron","hour":9,"timezone":"Europe/Berlin"}"#)?;
/// let text: Trigger = r#"cron(hour="9", timezone="Europe/Berlin")"#.parse()?;
/// assert_eq!(json, text);
/// assert_eq!(json.describe(), "at 09:00 every day, Europe/Berlin");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Trigger {
    /// Fires once.
    Date(Date),
    /// Fires at a fixed interval of elapsed time.
    Interval(Interval),
    /// Fires when eight fields match the local time.
    Cron(Cron),
    /// Fires at the times of a crontab expression.
    Crontab(Crontab),
    /// Fires every given number of years, months, weeks and days, at a local time.
    CalendarInterval(CalendarInterval),
    /// Fires when all of its triggers fire.
    And(And),
    /// Fires when any of its triggers fires.
    Or(Or),
    /// Fires by a rule of the application.
    Custom(Custom),
}

impl Trigger {
    /// Begins the intersection of triggers. See [`And`].
    pub fn and(triggers: impl IntoTriggers) -> CombinationBuilder {
        CombinationBuilder::and(triggers.into_drafts())
    }

    /// Begins the union of triggers. See [`Or`].
    ///
    /// ```
    /// use punctual_core::{Cron, Trigger};
    ///
    /// let trigger = Trigger::or((Cron::new().day("last"), "0 9 * * mon")).build()?;
    /// assert_eq!(trigger.children().len(), 2);
    /// # Ok::<(), punctual_core::Error>(())
    /// ```
    pub fn or(triggers: impl IntoTriggers) -> CombinationBuilder {
        CombinationBuilder::or(triggers.into_drafts())
    }

    /// Returns the next fire time, as `APScheduler` asks for it. It is the fire time after
    /// `previous`, or the first one at or after `now` if the trigger has not fired yet.
    ///
    /// Returns `None` if there is no further fire time, or if the trigger cannot decide.
    /// [`try_next`](Self::try_next) distinguishes the two.
    ///
    /// A [`Date`] returns its time even if that is past. With `previous`, an [`Interval`] returns
    /// `previous` plus its length, regardless of its start.
    #[must_use]
    pub fn next(
        &self,
        previous: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.try_next(previous, now).unwrap_or_default()
    }

    /// Returns the same as [`next`](Self::next), or the reason if the trigger cannot decide.
    ///
    /// # Errors
    ///
    /// Returns an error if a search limit was reached, or if a custom trigger is unbound or faulty.
    pub fn try_next(&self, previous: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Answer {
        match (self, previous) {
            (Self::Cron(cron), _) => Ok(cron.compiled().next(previous, now)),
            (Self::Crontab(crontab), _) => Ok(crontab.compiled().next(previous, now)),
            (Self::Interval(interval), _) => Ok(interval.next(previous, now)),
            (Self::CalendarInterval(calendar), _) => Ok(calendar.next(previous, now)),
            (Self::Date(date), _) => Ok(date.next(previous)),
            (Self::And(_) | Self::Or(_) | Self::Custom(_), Some(previous)) => {
                self.try_after(previous)
            }
            (Self::And(_) | Self::Or(_) | Self::Custom(_), None) => {
                let start = DateTime::<Utc>::MIN_UTC;
                self.first_with(instant::ceil(now), instant::ceil(start), &mut Fuel::new())
            }
        }
    }

    /// Returns the first member strictly after `t`.
    #[must_use]
    pub fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.try_after(t).unwrap_or_default()
    }

    /// Returns the same as [`after`](Self::after), or the reason if the trigger cannot decide.
    ///
    /// # Errors
    ///
    /// Returns an error if a search limit was reached, if a custom trigger is unbound or faulty, or
    /// if an interval has no start.
    pub fn try_after(&self, t: DateTime<Utc>) -> Answer {
        self.after_with(instant::floor(t), &mut Fuel::new())
    }

    /// Returns the newest member not after `t`.
    #[must_use]
    pub fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.try_last_at_or_before(t).unwrap_or_default()
    }

    /// Returns the same as [`last_at_or_before`](Self::last_at_or_before), or the reason if the
    /// trigger cannot decide.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`try_after`](Self::try_after).
    pub fn try_last_at_or_before(&self, t: DateTime<Utc>) -> Answer {
        self.last_with(instant::floor(t), &mut Fuel::new())
    }

    /// Counts the members m with `from` <= m <= `through`.
    ///
    /// The count is exact and found without listing the members, except for `and`, `or` and custom
    /// triggers. These try at most 10,000 members.
    #[must_use]
    pub fn count(&self, from: DateTime<Utc>, through: DateTime<Utc>) -> Count {
        let (low, high) = (instant::micros_ceil(from), instant::micros(through));
        match self {
            Self::Interval(_) | Self::CalendarInterval(_) if !self.is_anchored() => {
                Count::AtLeast(0)
            }
            Self::Date(date) => Count::Exact(date.count(low, high)),
            Self::Interval(interval) => Count::Exact(interval.count(low, high)),
            Self::Cron(cron) => Count::Exact(cron.compiled().count(from, through)),
            Self::Crontab(crontab) => Count::Exact(crontab.compiled().count(from, through)),
            Self::CalendarInterval(calendar) => Count::Exact(calendar.count(from, through)),
            Self::And(_) | Self::Or(_) | Self::Custom(_) => count_members(self, from, through),
        }
    }

    /// Returns an iterator over the fire times from `from` on.
    ///
    /// It yields members. For an interval without a start, it yields what [`next`](Self::next)
    /// would return if the interval were added at `from`. It ends when there are no more fire
    /// times, or when the trigger cannot decide.
    #[must_use]
    pub fn upcoming(&self, from: DateTime<Utc>) -> Upcoming<'_> {
        Upcoming::new(self, from)
    }

    /// Describes the rule in words, in English.
    #[must_use]
    pub fn describe(&self) -> String {
        describe::describe(self)
    }

    /// Returns warnings about values that are accepted but probably not meant, children included.
    /// Most triggers have none.
    ///
    /// A scheduler logs them when a job is added. See [`Warning`].
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        warn::warnings(self)
    }

    /// Returns the trigger with a missing start filled in. An interval counts from `at`, and a
    /// calendar interval from the date of `at`. All other triggers stay as they are.
    #[must_use]
    pub fn anchored(&self, at: DateTime<Utc>) -> Self {
        match self {
            Self::Interval(interval) => Self::Interval(interval.anchored(at)),
            Self::CalendarInterval(calendar) => Self::CalendarInterval(calendar.anchored(at)),
            other => other.clone(),
        }
    }

    /// Returns whether all verbs work. Without an anchor only [`next`](Self::next) does.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        match self {
            Self::Interval(interval) => interval.is_anchored(),
            Self::CalendarInterval(calendar) => calendar.is_anchored(),
            _ => true,
        }
    }

    /// Attaches the code of custom triggers, children included. Names that the registry does not
    /// know stay unbound, and [`is_bound`](Self::is_bound) then returns `false`.
    ///
    /// # Errors
    ///
    /// Returns an error if the code refuses its configuration, or if triggers combined by `and`,
    /// now all bound, never fire together.
    pub fn bind(&self, registry: &TriggerRegistry) -> Result<Self, Error> {
        let bind_all = |children: &[Self]| {
            children
                .iter()
                .map(|child| child.bind(registry))
                .collect::<Result<Vec<_>, _>>()
        };
        match self {
            Self::Custom(custom) => custom.bind(registry).map(Self::Custom),
            Self::And(and) if !self.is_bound() => and.rebuilt(bind_all(and.children())?),
            Self::Or(or) if !self.is_bound() => or.rebuilt(bind_all(or.children())?),
            other => Ok(other.clone()),
        }
    }

    /// Checks what can only be known when a trigger is about to be stored. Triggers combined by
    /// `and` must meet, custom triggers must have a name, and no end may be before its start.
    ///
    /// A trigger without a time zone is read in UTC until
    /// [`with_default_timezone`](Self::with_default_timezone) gives it one. It may turn out only
    /// then that such a trigger never fires.
    ///
    /// # Errors
    ///
    /// Returns an error if triggers combined by `and` never fire together, if the name of a custom
    /// trigger is blank, or if an end is before its start.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(bounds) = self.bounds() {
            bounds.check(self.own_zone())?;
        }
        match self {
            Self::And(and) => and.check()?,
            Self::Custom(custom) => custom.check()?,
            _ => {}
        }
        let check = |(index, child): (usize, &Self)| {
            let inside = |error: Error| error.inside(&format!("triggers[{index}]"));
            child.check().map_err(inside)
        };
        self.children().iter().enumerate().try_for_each(check)
    }

    /// Returns whether the members depend on a time zone that was omitted.
    pub(crate) fn is_local(&self) -> bool {
        let is_local = |when: When| matches!(when, When::Local(_));
        match self {
            Self::Date(date) => date.zone().is_none() && is_local(date.run_at()),
            Self::Interval(interval) => {
                let start = interval.bounds().and_then(|bounds| bounds.start);
                interval.zone().is_none() && start.is_some_and(is_local)
            }
            Self::Cron(cron) => cron.compiled().zoned.zone.is_none(),
            Self::Crontab(crontab) => crontab.compiled().zoned.zone.is_none(),
            Self::CalendarInterval(calendar) => calendar.zoned().zone.is_none(),
            Self::And(_) | Self::Or(_) => self.children().iter().any(Self::is_local),
            Self::Custom(_) => false,
        }
    }

    /// The name of a custom trigger in this trigger that lacks its code.
    #[must_use]
    pub fn unbound_name(&self) -> Option<&str> {
        match self {
            Self::Custom(custom) => (!custom.is_bound()).then(|| custom.name()),
            other => other.children().iter().find_map(Self::unbound_name),
        }
    }

    /// Returns whether all custom triggers in this trigger have their code.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        match self {
            Self::Custom(custom) => custom.is_bound(),
            other => other.children().iter().all(Self::is_bound),
        }
    }

    /// Fills in a time zone wherever none was given, children and local bounds included.
    #[must_use]
    pub fn with_default_timezone(&self, zone: Zone) -> Self {
        let fill = |child: &Self| child.with_default_timezone(zone);
        match self {
            Self::Date(date) => Self::Date(date.with_default_zone(zone)),
            Self::Interval(interval) => Self::Interval(interval.with_default_zone(zone)),
            Self::Cron(cron) => Self::Cron(cron.with_default_zone(zone)),
            Self::Crontab(crontab) => Self::Crontab(crontab.with_default_zone(zone)),
            Self::CalendarInterval(calendar) => {
                Self::CalendarInterval(calendar.with_default_zone(zone))
            }
            Self::And(and) => Self::And(and.map(fill, bounded::in_zone(and.bounds(), zone))),
            Self::Or(or) => Self::Or(or.map(fill, bounded::in_zone(or.bounds(), zone))),
            Self::Custom(custom) => {
                Self::Custom(custom.with_bounds(bounded::in_zone(custom.bounds(), zone)))
            }
        }
    }

    /// The triggers that this trigger combines. A simple trigger has none.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match self {
            Self::And(and) => and.children(),
            Self::Or(or) => or.children(),
            _ => &[],
        }
    }

    /// Returns the rule without year, start and end. The start of an interval stays, because it is
    /// its grid.
    pub(crate) fn unbounded(&self) -> Self {
        match self {
            Self::Date(date) => Self::Date(date.unbounded()),
            Self::Interval(interval) => Self::Interval(interval.unbounded()),
            Self::Cron(cron) => Self::Cron(cron.unbounded()),
            Self::Crontab(crontab) => Self::Crontab(crontab.unbounded()),
            Self::CalendarInterval(calendar) => Self::CalendarInterval(calendar.unbounded()),
            Self::And(and) => Self::And(and.map(Self::unbounded, None)),
            Self::Or(or) => Self::Or(or.map(Self::unbounded, None)),
            Self::Custom(custom) => Self::Custom(custom.with_bounds(None)),
        }
    }

    /// The instant before which there are no members, if the trigger has a start.
    pub(crate) fn start(&self) -> Option<DateTime<Utc>> {
        self.bounds().and_then(bounds::Bounds::first)
    }

    /// Returns the time zone that the trigger itself names.
    pub(crate) fn own_zone(&self) -> Option<Zone> {
        match self {
            Self::Date(date) => date.zone(),
            Self::Interval(interval) => interval.zone(),
            Self::Cron(cron) => cron.compiled().zoned.zone,
            Self::Crontab(crontab) => crontab.compiled().zoned.zone,
            Self::CalendarInterval(calendar) => calendar.zoned().zone,
            Self::And(_) | Self::Or(_) | Self::Custom(_) => None,
        }
    }

    fn bounds(&self) -> Option<&bounds::Bounds> {
        match self {
            Self::Date(date) => date.bounds(),
            Self::Interval(interval) => interval.bounds(),
            Self::Cron(cron) => cron.compiled().zoned.bounds.as_deref(),
            Self::Crontab(crontab) => crontab.compiled().zoned.bounds.as_deref(),
            Self::CalendarInterval(calendar) => calendar.zoned().bounds.as_deref(),
            Self::And(and) => and.bounds(),
            Self::Or(or) => or.bounds(),
            Self::Custom(custom) => custom.bounds(),
        }
    }

    /// Returns the first member, from `start` on, of a trigger that has not fired yet.
    pub(crate) fn first_with(
        &self,
        now: DateTime<Utc>,
        start: DateTime<Utc>,
        fuel: &mut Fuel,
    ) -> Answer {
        match self {
            Self::And(and) => bounded::first(and, now, start, fuel),
            Self::Or(or) => bounded::first(or, now, start, fuel),
            Self::Custom(custom) => bounded::first(custom, now, start, fuel),
            Self::Date(date) => Ok(date.next(None).filter(|run_at| *run_at >= start)),
            simple => simple.try_next(None, now),
        }
    }

    pub(crate) fn after_with(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        match self {
            Self::Cron(cron) => Ok(cron.compiled().after(t)),
            Self::Crontab(crontab) => Ok(crontab.compiled().after(t)),
            Self::Date(date) => Ok(date.member_after(t)),
            Self::Interval(_) | Self::CalendarInterval(_) if !self.is_anchored() => {
                Err(Undecided::Unanchored)
            }
            Self::Interval(interval) => Ok(interval.after(t)),
            Self::CalendarInterval(calendar) => Ok(calendar.after(t)),
            Self::And(and) => bounded::after(and, t, fuel),
            Self::Or(or) => bounded::after(or, t, fuel),
            Self::Custom(custom) => bounded::after(custom, t, fuel),
        }
    }

    pub(crate) fn last_with(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        match self {
            Self::Cron(cron) => Ok(cron.compiled().last_at_or_before(t)),
            Self::Crontab(crontab) => Ok(crontab.compiled().last_at_or_before(t)),
            Self::Date(date) => Ok(date.last_at_or_before(t)),
            Self::Interval(_) | Self::CalendarInterval(_) if !self.is_anchored() => {
                Err(Undecided::Unanchored)
            }
            Self::Interval(interval) => Ok(interval.last_at_or_before(t)),
            Self::CalendarInterval(calendar) => Ok(calendar.last_at_or_before(t)),
            Self::And(and) => bounded::last_at_or_before(and, t, fuel),
            Self::Or(or) => bounded::last_at_or_before(or, t, fuel),
            Self::Custom(custom) => bounded::last_at_or_before(custom, t, fuel),
        }
    }
}
