//! How a scheduler is put together.

use std::sync::Arc;

use punctual_core::{CustomTrigger, TriggerRegistry, Zone};
use punctual_store::{JobStore, MemoryStore};
use serde_json::Value;

use crate::clock::{Clock, ManualClock};
use crate::core::{Core, Setup};
use crate::error::{Error, ErrorKind};
use crate::executor::Executor;
use crate::handler::{Handler, States};
use crate::registry::Registry;
use crate::scheduler::Scheduler;

/// Puts a [`Scheduler`] together. What is wrong is said by [`build`](Self::build).
///
/// ```
/// use punctual_tokio::{Args, Scheduler, State};
///
/// #[derive(Clone)]
/// struct Mailer;
///
/// async fn send(State(_mailer): State<Mailer>, Args((to,)): Args<(String,)>) {
///     println!("to {to}");
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let scheduler = Scheduler::builder()
///     .timezone("Europe/Paris")
///     .state(Mailer)
///     .task("mail.send", send)
///     .build()?;
/// # let _ = scheduler; Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct SchedulerBuilder {
    zone: Zone,
    states: States,
    registry: Registry,
    triggers: TriggerRegistry,
    stores: Vec<(String, Arc<dyn JobStore>)>,
    executors: Vec<(String, Executor)>,
    clock: Option<ManualClock>,
    node: Option<String>,
    error: Option<Error>,
}

impl SchedulerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            zone: Zone::UTC,
            states: States::default(),
            registry: Registry::default(),
            triggers: TriggerRegistry::new(),
            stores: Vec::new(),
            executors: Vec::new(),
            clock: None,
            node: None,
            error: None,
        }
    }

    /// The time zone of triggers that name none; UTC by default.
    pub fn timezone(mut self, zone: impl TryInto<Zone, Error: Into<punctual_core::Error>>) -> Self {
        match zone.try_into() {
            Ok(zone) => self.zone = zone,
            Err(error) => self.fail(error.into().into()),
        }
        self
    }

    /// A value for handlers with a [`State<S>`](crate::State) parameter.
    pub fn state<S: Clone + Send + Sync + 'static>(mut self, state: S) -> Self {
        self.states.insert(state);
        self
    }

    /// Registers a function under a stable name: jobs in persistent stores call it by that.
    pub fn task<M>(mut self, name: &str, handler: impl Handler<M>) -> Self {
        if name.is_empty() || crate::registry::is_anonymous(name) {
            self.fail(invalid_name(name));
        } else if !self.registry.register(name, handler.into_task()) {
            self.fail(taken("task", name));
        }
        self
    }

    /// Registers the code of a custom trigger.
    pub fn trigger<T: CustomTrigger>(
        mut self,
        name: &str,
        make: impl Fn(&Value) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        self.triggers.register(name, make);
        self
    }

    /// Adds a store under an alias. Without one named `default`, that is a
    /// [`MemoryStore`](crate::MemoryStore).
    pub fn store(mut self, alias: &str, store: impl JobStore) -> Self {
        if self.stores.iter().any(|(other, _)| other == alias) {
            self.fail(taken("store", alias));
        } else {
            self.stores.push((alias.to_owned(), Arc::new(store)));
        }
        self
    }

    /// Adds an executor under an alias. Without one named `default`, that is
    /// [`Executor::tokio`].
    pub fn executor(mut self, alias: &str, executor: Executor) -> Self {
        self.executors.push((alias.to_owned(), executor));
        self
    }

    /// Uses a clock that is moved by hand.
    pub fn clock(mut self, clock: ManualClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The name of this node among those that share a store; by default made up anew each time.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.node = Some(name.into());
        self
    }

    /// The scheduler. It does not run before [`Scheduler::start`].
    ///
    /// # Errors
    ///
    /// The first mistake: an unknown time zone, a name that is taken.
    pub fn build(self) -> Result<Scheduler, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let core = Core::new(Setup {
            clock: self.clock.map_or_else(Clock::system, Clock::Manual),
            registry: self.registry,
            triggers: self.triggers,
            states: self.states,
            zone: self.zone,
            node: self.node.unwrap_or_else(crate::new_job::made_up_id).into(),
        });
        if !self.stores.iter().any(|(alias, _)| alias == crate::DEFAULT) {
            core.add_store(crate::DEFAULT, Arc::new(MemoryStore::new()))?;
        }
        if !self
            .executors
            .iter()
            .any(|(alias, _)| alias == crate::DEFAULT)
        {
            core.executors.add(crate::DEFAULT, &Executor::tokio())?;
        }
        for (alias, executor) in self.executors {
            core.executors.add(&alias, &executor)?;
        }
        for (alias, store) in self.stores {
            core.add_store(&alias, store)?;
        }
        Ok(Scheduler::new(core))
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

impl std::fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchedulerBuilder")
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

fn taken(what: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("a {what} named `{name}` was given twice"),
    )
}

fn invalid_name(name: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        format!("task: `{name}` is no name; it must not be empty or begin with `~`"),
    )
}
