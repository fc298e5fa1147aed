//! The code of custom triggers, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{CustomTrigger, bisect};

/// The code of a custom trigger, without its type.
pub(super) trait Code: fmt::Debug + Send + Sync {
    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>>;
    fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>>;
    fn describe(&self) -> Option<String>;
}

impl<T: CustomTrigger> Code for T {
    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        CustomTrigger::after(self, t)
    }

    fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        CustomTrigger::last_at_or_before(self, t)
    }

    fn describe(&self) -> Option<String> {
        CustomTrigger::describe(self)
    }
}

/// A closure that returns the first member after an instant.
struct Closure<F>(F);

impl<F: Fn(DateTime<Utc>) -> Option<DateTime<Utc>> + Send + Sync> Code for Closure<F> {
    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.0)(t)
    }

    fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        bisect(&self.0, t)
    }

    fn describe(&self) -> Option<String> {
        None
    }
}

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closure")
    }
}

pub(super) type Made = Result<Arc<dyn Code>, String>;

type Factory = dyn Fn(&Value) -> Made + Send + Sync;

/// A registry of the code of custom triggers, by name.
#[derive(Clone, Default)]
pub struct TriggerRegistry(BTreeMap<String, Arc<Factory>>);

impl TriggerRegistry {
    /// Creates an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the code of a type under its [`NAME`](CustomTrigger::NAME). A name that is
    /// registered again gets the new code.
    pub fn register<T: CustomTrigger>(&mut self) -> &mut Self {
        self.insert(T::NAME.to_owned(), |config| {
            read::<T>(config).map(|made| Arc::new(made) as _)
        })
    }

    /// Registers the code of custom triggers named `name` that no type describes. The code gets a
    /// configuration and returns the function [`after`](CustomTrigger::after), or an error text
    /// about the configuration.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta, Utc};
    /// use punctual_core::{Trigger, TriggerRegistry};
    ///
    /// let mut registry = TriggerRegistry::new();
    /// registry.register_with("next", |config| {
    ///     let minutes = config.as_i64().ok_or("is not a number of minutes")?;
    ///     Ok(move |t: DateTime<Utc>| t.checked_add_signed(TimeDelta::minutes(minutes)))
    /// });
    /// let trigger = Trigger::custom("next", 5.into()).bind(&registry)?;
    /// assert_eq!(trigger.after(DateTime::UNIX_EPOCH), DateTime::from_timestamp(300, 0));
    /// # Ok::<(), punctual_core::Error>(())
    /// ```
    pub fn register_with<A>(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Value) -> Result<A, String> + Send + Sync + 'static,
    ) -> &mut Self
    where
        A: Fn(DateTime<Utc>) -> Option<DateTime<Utc>> + Send + Sync + 'static,
    {
        self.insert(name.into(), move |config| {
            make(config).map(|after| Arc::new(Closure(after)) as _)
        })
    }

    fn insert(
        &mut self,
        name: String,
        make: impl Fn(&Value) -> Made + Send + Sync + 'static,
    ) -> &mut Self {
        self.0.insert(name, Arc::new(make));
        self
    }

    pub(super) fn factory(&self, name: &str) -> Option<&Factory> {
        self.0.get(name).map(|make| &**make)
    }

    /// The registered names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Reads a configuration. A type without fields reads `null` or `{}`, whichever was stored.
fn read<T: CustomTrigger>(config: &Value) -> Result<T, String> {
    let other = match config {
        Value::Null => Some(Value::Object(Map::new())),
        Value::Object(fields) if fields.is_empty() => Some(Value::Null),
        _ => None,
    };
    let read = serde_json::from_value(config.clone());
    match (read, other) {
        (Err(error), Some(other)) => serde_json::from_value(other).map_err(|_| error),
        (read, _) => read,
    }
    .map_err(|error| error.to_string())
}

impl fmt::Debug for TriggerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::Trigger;

    #[derive(Debug, Serialize, Deserialize)]
    struct Daily;

    #[derive(Debug, Serialize, Deserialize)]
    struct Tides {
        port: String,
    }

    impl CustomTrigger for Daily {
        const NAME: &'static str = "daily";

        fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
            DateTime::from_timestamp((t.timestamp().div_euclid(86_400) + 1) * 86_400, 0)
        }
    }

    impl CustomTrigger for Tides {
        const NAME: &'static str = "tides";

        fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
            CustomTrigger::after(&Daily, t)
        }

        fn describe(&self) -> Option<String> {
            Some(format!("at high tide in {}", self.port))
        }
    }

    #[test]
    fn a_type_is_its_own_configuration() {
        let port = "Brest".to_owned();
        let stored = Trigger::or((Tides { port }, "@daily")).build().unwrap();
        let json = serde_json::to_string(&stored).unwrap();
        let read: Trigger = serde_json::from_str(&json).unwrap();
        assert_eq!(read, stored);
        let mut registry = TriggerRegistry::new();
        registry.register::<Tides>();
        let bound = read.bind(&registry).unwrap();
        assert_eq!(bound.children()[0].describe(), "at high tide in Brest");
        let error = Trigger::custom("tides", json!({"harbour": 1})).bind(&registry);
        assert_eq!(
            error.unwrap_err().to_string(),
            "config: was refused by custom trigger `tides`: missing field `port`"
        );
    }

    #[test]
    fn a_type_without_fields_reads_null_and_an_empty_object() {
        let mut registry = TriggerRegistry::new();
        registry.register::<Daily>();
        for config in [Value::Null, json!({})] {
            let bound = Trigger::custom("daily", config).bind(&registry).unwrap();
            assert!(bound.after(DateTime::UNIX_EPOCH).is_some());
        }
        assert!(Trigger::custom("daily", json!(7)).bind(&registry).is_err());
    }
}
