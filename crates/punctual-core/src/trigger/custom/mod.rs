//! Triggers whose code the application provides.

mod registry;
mod rule;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use registry::TriggerRegistry;
pub use rule::{Custom, CustomBuilder};

/// A rule of the application, such as sunrise, the tides or the trading days of an exchange.
///
/// Only [`after`](Self::after) is required. It must be a pure function of the configuration and
/// `t`, because the scheduler asks again after a restart, on another node and for the past. A
/// panic, or an answer that is not after `t`, makes the trigger undecided. It never ends the
/// scheduler.
///
/// The value is its own configuration. Stores keep its name and its JSON.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use punctual_core::{CustomTrigger, Trigger, TriggerRegistry};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Tides {
///     shift: i64,
/// }
///
/// impl CustomTrigger for Tides {
///     const NAME: &'static str = "tides";
///
///     fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
///         let period = 44_714; // half a lunar day, in seconds
///         let tides = (t.timestamp() - self.shift).div_euclid(period) + 1;
///         DateTime::from_timestamp(tides * period + self.shift, 0)
///     }
/// }
///
/// let mut registry = TriggerRegistry::new();
/// registry.register::<Tides>();
/// let trigger = Trigger::and((Tides { shift: 60 }, "* 8-18 * * *")).build()?;
/// assert_eq!(trigger.children()[0].to_string(), r#"custom(name="tides", config={"shift":60})"#);
/// assert!(trigger.children()[0].bind(&registry)?.after(DateTime::UNIX_EPOCH).is_some());
/// # Ok::<(), punctual_core::Error>(())
/// ```
pub trait CustomTrigger: fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name under which stores keep the trigger and programs register its code. It must not
    /// change while stored jobs use it.
    const NAME: &'static str;

    /// Returns the first member strictly after `t`.
    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>>;

    /// Returns the newest member not after `t`.
    ///
    /// The default implementation searches with some dozens of calls of [`after`](Self::after).
    fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        bisect(|t| self.after(t), t)
    }

    /// Describes the rule in words.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// The largest number of steps. Halving the longest span down to a nanosecond takes fewer.
const MOST_STEPS: usize = 200;

/// Searches for the newest member not after `t`. The search goes back by growing distances until it
/// meets a member, and then halves the span.
fn bisect(
    after: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    t: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let member_in =
        |from: DateTime<Utc>| after(from).filter(|member| *member > from && *member <= t);
    let mut span = TimeDelta::seconds(60);
    let mut latest = loop {
        let from = t.checked_sub_signed(span)?;
        if let Some(member) = member_in(from) {
            break member;
        }
        span = span.checked_mul(2)?;
    };
    // `latest` is a member. Later members lie between it and `end`, and none is after `end`.
    let mut end = t;
    for _ in 0..MOST_STEPS {
        let Some(later) = member_in(latest) else {
            return Some(latest);
        };
        let middle = later + (end - later) / 2;
        match member_in(middle) {
            Some(member) => latest = member,
            None => {
                latest = later;
                end = middle;
            }
        }
    }
    None
}
