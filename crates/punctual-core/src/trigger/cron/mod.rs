//! The cron trigger, which has eight fields that must all match.

mod builder;
mod compile;
pub(crate) mod compiled;
mod day;
pub(crate) mod expression;
pub(crate) mod field;
mod item;
mod mismatch;
mod month;
mod names;
pub(crate) mod numbers;
pub(crate) mod odd;
mod ordinal;
mod other_dialects;
pub(crate) mod pattern;
pub(crate) mod range;
mod search;
mod wrapped;
pub(crate) mod years;

pub use builder::{CronBuilder, IntoField};

use self::compiled::Compiled;
use self::field::Field;
use crate::zone::Zone;

/// A trigger that fires when the local time matches all of eight fields, in the notation of
/// `APScheduler`.
///
/// | field | values | besides `*`, `*/n`, `a`, `a-b`, `a-b/n`, `a/n` and lists |
/// |---|---|---|
/// | `year` | 1970 to 9999 | |
/// | `month` | 1 to 12 | `jan` to `dec`, whole names |
/// | `day` | 1 to 31 | `last`, `3rd fri`, `last fri` |
/// | `week` | 1 to 53 | ISO 8601 weeks |
/// | `day_of_week` | 0 (Monday) to 6 | `mon` to `sun`, whole names |
/// | `hour` | 0 to 23 | |
/// | `minute`, `second` | 0 to 59 | |
///
/// An omitted field is `*` if it is more significant than the least significant given field.
/// Otherwise it has its minimum. Omitted `week` and `day_of_week` are always `*`. So `hour(9)`
/// means nine o'clock every day, and a trigger without any field fires every second.
///
/// Triggers with a `*` or `*/n` for hour, minute or second follow real time when clocks are set.
/// All others run once a day even then. See [`Gap`](crate::Gap) and [`Fold`](crate::Fold).
///
/// ```
/// use punctual_core::Cron;
///
/// let trigger = Cron::new()
///     .month("1-3,7-9")
///     .day("3rd fri")
///     .hour("0-3")
///     .timezone("Asia/Shanghai")
///     .build()?;
/// let next = trigger.next(None, "2026-03-01T00:00:00Z".parse().unwrap()).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-03-19T16:00:00+00:00");
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cron {
    compiled: Compiled,
    /// The eight fields as they were written, separated by `|`.
    text: Box<str>,
}

/// Two triggers are equal if they are written alike. `1-3` differs from `1,2,3`.
impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            && self.compiled.zoned == other.compiled.zoned
            && self.compiled.pattern.daylight == other.compiled.pattern.daylight
    }
}

impl Cron {
    /// Begins a cron trigger without fields, which fires every second.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a trigger exists only once all of it is valid"
    )]
    pub fn new() -> CronBuilder {
        CronBuilder::default()
    }

    /// The given fields as name and text, most significant first.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        Field::ALL
            .into_iter()
            .zip(self.text.split('|'))
            .filter(|(_, text)| !text.is_empty())
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        Self {
            compiled: self.compiled.with_default_zone(zone),
            text: self.text.clone(),
        }
    }

    pub(crate) fn unbounded(&self) -> Self {
        Self {
            compiled: self.compiled.unbounded(),
            text: self.text.clone(),
        }
    }
}
