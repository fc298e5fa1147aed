//! The trigger that names its code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::registry::Code;
use super::{CustomTrigger, TriggerRegistry};
use crate::error::{Error, ErrorKind};
use crate::instant::{self, TICK};
use crate::json;
use crate::trigger::bounded::Members;
use crate::trigger::bounds::{Bounds, BoundsDraft};
use crate::trigger::builder::{bounds_setters, builds_trigger, keeps_first_error};
use crate::trigger::fuel::Fuel;
use crate::trigger::{Answer, IntoWhen, Trigger, Undecided};

/// A trigger whose code is bound by name.
///
/// Two are equal if their names and configurations are. It does not matter whether code is bound.
#[derive(Debug, Clone)]
pub struct Custom {
    name: Box<str>,
    config: Box<Value>,
    bounds: Option<Box<Bounds>>,
    code: Option<Arc<dyn Code>>,
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
            error: None,
        }
    }

    /// Begins a trigger of a registered type.
    pub(crate) fn of<T: CustomTrigger>(trigger: &T) -> Result<CustomBuilder, Error> {
        let config = json::to_text("config", trigger)?;
        let config = serde_json::from_str(&config);
        let config = config.map_err(|error| refused(T::NAME, &error.to_string()))?;
        Ok(Self::named(T::NAME).config(config))
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
        let Some(make) = registry.factory(&self.name) else {
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

    fn code(&self) -> Result<&dyn Code, Undecided> {
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
    error: Option<Error>,
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
        if let Some(error) = self.error {
            return Err(error);
        }
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

keeps_first_error!(CustomBuilder);
builds_trigger!(CustomBuilder);
