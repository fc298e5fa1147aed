//! Triggers whose code the application brings.

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

/// A rule of your own: sunrise, the tides, the days your exchange trades.
///
/// Only [`after`](Self::after) is required. It must be a pure function of the configuration and
/// `t`: the scheduler asks again after a restart, on another node, and for the past. A panic or an
/// answer that does not come after `t` makes the trigger undecided; it never ends the scheduler.
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
    /// The first member strictly after `t`.
    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>>;

    /// The newest member not after `t`. Without a better way, it is searched for with
    /// [`after`](Self::after): some dozens of calls.
    fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        bisect(|t| self.after(t), t)
    }

    /// The rule in words.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// More steps than halving the longest span down to a nanosecond takes.
const MOST_STEPS: usize = 200;

/// Looks for the newest member not after `t`: first ever further back until there is a member,
/// then by halving.
fn bisect(
    after: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    t: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let member_in =
        |from: DateTime<Utc>| after(from).filter(|member| *member > from && *member <= t);
    let mut span = TimeDelta::seconds(60);
    let mut found = loop {
        let from = t.checked_sub_signed(span)?;
        if let Some(member) = member_in(from) {
            break member;
        }
        span = span.checked_mul(2)?;
    };
    // `found` is a member; later ones lie between it and `end`, which none follows.
    let mut end = t;
    for _ in 0..MOST_STEPS {
        let Some(later) = member_in(found) else {
            return Some(found);
        };
        let middle = later + (end - later) / 2;
        match member_in(middle) {
            Some(member) => found = member,
            None => {
                found = later;
                end = middle;
            }
        }
    }
    None
}

type Factory = dyn Fn(&Value) -> Result<Arc<dyn CustomTrigger>, String> + Send + Sync;

/// The code of custom triggers, by name.
#[derive(Clone, Default)]
pub struct TriggerRegistry(BTreeMap<String, Arc<Factory>>);

impl TriggerRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the code of a name: from a configuration it makes a trigger, or says what is
    /// wrong with it. A name that is registered again gets the new code.
    pub fn register<T: CustomTrigger>(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Value) -> Result<T, String> + Send + Sync + 'static,
    ) -> &mut Self {
        let make = move |config: &Value| make(config).map(|made| Arc::new(made) as _);
        self.0.insert(name.into(), Arc::new(make));
        self
    }

    /// The names that are known.
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
/// Two are equal if name and configuration are; whether code is bound does not count.
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

    /// The name the code is registered under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration, as the code gets it.
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
                Err(self.faulty("named a time that is not after the one it was asked for"))
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
                Err(self.faulty("named a time that is after the one it was asked for"))
            }
            member => Ok(member.and_then(to_micros)),
        }
    }
}

/// Members are on whole microseconds, the resolution of everything that is stored; never before
/// the instant that the code named.
fn to_micros(t: DateTime<Utc>) -> Option<DateTime<Utc>> {
    instant::from_micros(instant::micros_ceil(t))
}

/// A blank name could be stored, but not be read back.
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

/// Runs foreign code; a panic becomes an answer.
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
    /// A trigger whose code is registered under `name`; see [`CustomTrigger`].
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

    /// What the code gets to see.
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Checks the whole rule; the code is bound later.
    ///
    /// # Errors
    ///
    /// If the name is blank, or the end before the start; the first other invalid value.
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
