//! Triggers whose code the application provides.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::bounded::Members;
use super::bounds::{Bounds, BoundsDraft};
use super::builder::{bounds_setters, builds_trigger};
use super::fuel::Fuel;
use super::{Answer, Trigger, Undecided, When};
use crate::error::{Error, ErrorKind};
use crate::instant;
use crate::instant::TICK;

/// A rule of the application, such as sunrise, the tides or the trading days of an exchange.
///
/// Only [`after`](Self::after) is required. It must be a pure function of the configuration and
/// `t`, because the scheduler asks again after a restart, on another node and for the past. A
/// panic, or an answer that is not after `t`, makes the trigger undecided. It never ends the
/// scheduler.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use punctual_core::{CustomTrigger, Trigger, TriggerRegistry};
///
/// #[derive(Debug)]
/// struct Tides;
///
/// impl CustomTrigger for Tides {
///     fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
///         let period = 44_714; // half a lunar day, in seconds
///         DateTime::from_timestamp((t.timestamp().div_euclid(period) + 1) * period, 0)
///     }
/// }
///
/// let mut registry = TriggerRegistry::new();
/// registry.register("tides", |_config| Ok(Tides));
/// let trigger = Trigger::custom("tides", serde_json::json!({})).bind(&registry)?;
/// assert!(trigger.after(DateTime::UNIX_EPOCH).is_some());
/// # Ok::<(), punctual_core::Error>(())
/// ```
pub trait CustomTrigger: fmt::Debug + Send + Sync + 'static {
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

type Factory = dyn Fn(&Value) -> Result<Arc<dyn CustomTrigger>, String> + Send + Sync;

/// A registry of the code of custom triggers, by name.
#[derive(Clone, Default)]
pub struct TriggerRegistry(BTreeMap<String, Arc<Factory>>);

impl TriggerRegistry {
    /// Creates an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the code of custom triggers named `name`. The code makes a trigger from a
    /// configuration, or returns an error text about it. A name that is registered again gets
    /// the new code.
    pub fn register<T: CustomTrigger>(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Value) -> Result<T, String> + Send + Sync + 'static,
    ) -> &mut Self {
        let make = move |config: &Value| make(config).map(|made| Arc::new(made) as _);
        self.0.insert(name.into(), Arc::new(make));
        self
    }

    /// The registered names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for TriggerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A trigger whose code is bound by name.
///
/// Two are equal if their names and configurations are. It does not matter whether code is bound.
#[derive(Debug, Clone)]
pub struct Custom {
    name: Box<str>,
    config: Box<Value>,
    bounds: Option<Box<Bounds>>,
    code: Option<Arc<dyn CustomTrigger>>,
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.config == other.config && self.bounds == other.bounds
    }
}

impl Custom {
    /// Begins a trigger whose code is registered under `name`.
    pub fn named(name: impl Into<String>) -> CustomBuilder {
        CustomBuilder {
            name: name.into(),
            config: Value::Null,
            bounds: BoundsDraft::default(),
        }
    }

    pub(crate) fn with_bounds(&self, bounds: Option<Box<Bounds>>) -> Self {
        Self {
            bounds,
            ..self.clone()
        }
    }

    /// The name under which the code is registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration that is passed to the code.
    #[must_use]
    pub fn config(&self) -> &Value {
        &self.config
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check_name(&self.name)
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.code.is_some()
    }

    pub(crate) fn bind(&self, registry: &TriggerRegistry) -> Result<Self, Error> {
        let Some(make) = registry.0.get(&*self.name) else {
            return Ok(self.clone());
        };
        let made = guarded(&self.name, || make(&self.config))
            .map_err(|undecided| refused(&self.name, &undecided.to_string()))?;
        let code = made.map_err(|problem| refused(&self.name, &problem))?;
        Ok(Self {
            code: Some(code),
            ..self.clone()
        })
    }

    fn code(&self) -> Result<&dyn CustomTrigger, Undecided> {
        self.code
            .as_deref()
            .ok_or_else(|| Undecided::Unbound(self.name.to_string()))
    }

    pub(crate) fn describe(&self) -> Option<String> {
        let code = self.code().ok()?;
        guarded(&self.name, || code.describe()).ok().flatten()
    }

    fn faulty(&self, problem: &str) -> Undecided {
        Undecided::Faulty(format!("custom trigger `{}` {problem}", self.name))
    }
}

impl Members for Custom {
    fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_deref()
    }

    fn after(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        let code = self.code()?;
        fuel.spend()?;
        match guarded(&self.name, || code.after(t))? {
            Some(member) if member <= t => {
                Err(self.faulty("returned a time that is not after the one it was given"))
            }
            member => Ok(member.and_then(to_micros)),
        }
    }

    fn first(&self, now: DateTime<Utc>, _start: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        now.checked_sub_signed(TICK)
            .map_or(Ok(None), |before| self.after(before, fuel))
    }

    fn last_at_or_before(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
        let code = self.code()?;
        fuel.spend()?;
        match guarded(&self.name, || code.last_at_or_before(t))? {
            Some(member) if member > t => {
                Err(self.faulty("returned a time that is after the one it was given"))
            }
            member => Ok(member.and_then(to_micros)),
        }
    }
}

/// Rounds a member up to whole microseconds, the resolution of everything that is stored. A member
/// is never moved before the instant that the code returned.
fn to_micros(t: DateTime<Utc>) -> Option<DateTime<Utc>> {
    instant::from_micros(instant::micros_ceil(t))
}

/// Refuses a blank name, which could be stored but not read back.
fn check_name(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "name", "is empty"));
    }
    Ok(())
}

fn refused(name: &str, problem: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        "config",
        format!("was refused by custom trigger `{name}`: {problem}"),
    )
}

/// Calls code of the application, and converts a panic into an answer.
fn guarded<T>(name: &str, call: impl FnOnce() -> T) -> Result<T, Undecided> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Undecided::Faulty(format!("custom trigger `{name}` panicked: {message}"))
    })
}

impl Trigger {
    /// Creates a trigger whose code is registered under `name`. See [`CustomTrigger`].
    #[must_use]
    pub fn custom(name: &str, config: Value) -> Self {
        Self::Custom(Custom {
            name: name.into(),
            config: Box::new(config),
            bounds: None,
            code: None,
        })
    }
}

/// Builds a [`Custom`] trigger.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct CustomBuilder {
    name: String,
    config: Value,
    bounds: BoundsDraft,
}

impl CustomBuilder {
    bounds_setters!(bounds);

    /// Sets the configuration that is passed to the code.
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Checks the whole rule and builds the trigger. Code is bound later.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is blank, if the end is before the start, or if any other value
    /// is invalid.
    pub fn build(self) -> Result<Trigger, Error> {
        check_name(&self.name)?;
        let bounds = Bounds::given(self.bounds, None)?;
        Ok(Trigger::Custom(Custom {
            name: self.name.into(),
            config: Box::new(self.config),
            bounds,
            code: None,
        }))
    }
}

builds_trigger!(CustomBuilder);
