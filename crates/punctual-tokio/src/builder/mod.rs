//! The builder of a scheduler.

mod configured;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::limits::MAX_ID_CHARS;
use punctual_core::{
    CustomTrigger, IntoLimit, IntoPolicies, IntoZone, Policies, TriggerRegistry, Zone,
};
use punctual_store::{JobStore, MemoryStore};
use serde_json::Value;

use crate::config::{ConfiguredJobs, StoreConfig};
use crate::declared::{Declaration, Gathered, task_of};
use crate::error::{Error, ErrorKind};
use crate::events::event::{Event, EventMask};
use crate::events::listener::{IntoListened, Keep, kept};
use crate::executor::Executor;
use crate::handler::registry::Registry;
use crate::handler::{Handler, LocalHandler, Seal, States, function_of};
use crate::scheduler::Scheduler;
use crate::shared::{Setup, Shared};
use crate::stores::retention_policy::RetentionPolicy;
use crate::time::clock::{AnyClock, Clock};

/// The allowed numbers of a release. The last is the greatest whole number that all JSON readers
/// read without a change (RFC 8259, 6).
const RELEASES: RangeInclusive<u64> = 1..=(1 << 53) - 1;

/// Puts a [`Scheduler`] together. Mistakes are reported by [`build`](Self::build).
///
/// ```
/// use punctual_tokio::{Args, Scheduler, State};
///
/// #[derive(Clone)]
/// struct Mailer;
///
/// async fn send(State(_mailer): State<Mailer>, Args(to): Args<String>) {
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
    job_defaults: Policies,
    states: States,
    registry: Registry,
    triggers: TriggerRegistry,
    stores: Vec<(String, Arc<dyn JobStore>)>,
    /// The stores that a configuration names and that have to be opened.
    expected: Vec<StoreConfig>,
    executors: Vec<(String, Executor)>,
    clock: Option<Clock>,
    node: Option<String>,
    release: Option<u64>,
    retention: RetentionPolicy,
    stderr: bool,
    listeners: Vec<Arc<dyn Keep>>,
    declared: Gathered,
    configured: ConfiguredJobs,
    error: Option<Error>,
}

impl SchedulerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            zone: Zone::UTC,
            job_defaults: Policies::default(),
            states: States::default(),
            registry: Registry::new(task_of),
            triggers: TriggerRegistry::new(),
            stores: Vec::new(),
            expected: Vec::new(),
            executors: Vec::new(),
            clock: None,
            node: None,
            release: None,
            retention: RetentionPolicy::default(),
            stderr: true,
            listeners: Vec::new(),
            declared: Gathered::default(),
            configured: ConfiguredJobs::default(),
            error: None,
        }
    }

    /// Sets the time zone of triggers that name none. The default is UTC.
    pub fn timezone(mut self, zone: impl IntoZone) -> Self {
        match zone.into_zone() {
            Ok(zone) => self.zone = zone,
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sets the policies of jobs that have none of their own. Each policy counts by itself. A job
    /// that only says how many instances it may have gets the default grace time.
    ///
    /// ```
    /// # use punctual_core::Policies;
    /// # use punctual_tokio::Scheduler;
    /// let defaults = Policies::new().timeout("5m").max_instances(3);
    /// let scheduler = Scheduler::builder().job_defaults(defaults).build()?;
    /// # drop(scheduler); Ok::<(), punctual_tokio::Error>(())
    /// ```
    pub fn job_defaults(mut self, policies: impl IntoPolicies) -> Self {
        match policies.into_builder().build() {
            Ok(policies) => self.job_defaults = policies,
            Err(error) => self.fail(error.about("job_defaults")),
        }
        self
    }

    /// Adds a value for handlers with a [`State<S>`](crate::State) parameter. Each type has one
    /// value, and `build` refuses a second one.
    pub fn state<S: Clone + Send + Sync + 'static>(mut self, state: S) -> Self {
        if self.states.has::<S>() {
            let message = format!(
                "state: a value of type `{}` was given already; give each a type of its own",
                std::any::type_name::<S>()
            );
            self.fail(Error::of(ErrorKind::Conflict, message));
            return self;
        }
        self.states.insert(state);
        self
    }

    /// Registers a function under a stable name. Jobs in persistent stores call it by that name.
    /// [`Scheduler::add_job`] with the function itself then finds the name.
    pub fn task<M, H: Handler<M>>(mut self, name: &str, handler: H) -> Self {
        if name.is_empty() || crate::handler::registry::is_anonymous(name) {
            self.fail(invalid_name(name));
            return self;
        }
        let task = handler.into_task(Seal);
        let is_new = match function_of::<H>() {
            Some(function) => self.registry.register_function(name, task, function),
            None => self.registry.register(name, task),
        };
        if !is_new {
            self.fail(taken("task", name));
        }
        self
    }

    /// Registers an async function whose future cannot leave its thread. Such a function may hold
    /// an `Rc` across an await. Its jobs need an [`Executor::local`].
    ///
    /// ```
    /// use std::rc::Rc;
    /// use punctual_tokio::{Executor, Scheduler};
    ///
    /// async fn draw() {
    ///     let canvas = Rc::new("canvas");
    ///     tokio::task::yield_now().await;
    ///     println!("{canvas}");
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// let scheduler = Scheduler::builder()
    ///     .local_task("draw", draw)
    ///     .executor("canvas", Executor::local())
    ///     .build()?;
    /// # let _ = scheduler; Ok(()) }
    /// ```
    pub fn local_task<M>(mut self, name: &str, handler: impl LocalHandler<M>) -> Self {
        if name.is_empty() || crate::handler::registry::is_anonymous(name) {
            self.fail(invalid_name(name));
        } else if !self.registry.register(name, handler.into_local_task(Seal)) {
            self.fail(taken("task", name));
        }
        self
    }

    /// Takes the tasks and jobs of some functions that have `#[job]` or `#[scheduled_job]`, listed
    /// with `jobs![..]`.
    ///
    /// The builder registers the tasks. When the scheduler starts, it adds the jobs to their
    /// stores, or brings them up to date there. The stores and executors that they name have to be
    /// given to the builder too.
    pub fn jobs(mut self, declarations: impl IntoIterator<Item = Declaration>) -> Self {
        self.declared.extend(declarations);
        self
    }

    /// Takes the tasks and jobs of all functions in the program that have `#[job]` or
    /// `#[scheduled_job]`, and logs them.
    ///
    /// A linked crate that the program never names contributes nothing, since the linker leaves it
    /// out. Write `use the_crate as _;` to name it, and use
    /// [`discover_expecting`](Self::discover_expecting) to be sure.
    pub fn discover(mut self) -> Self {
        self.declared.search();
        self
    }

    /// Does what [`discover`](Self::discover) does. `build` fails if one of these tasks, jobs or
    /// crates was not found.
    pub fn discover_expecting(
        mut self,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.declared.search();
        self.declared.expect(names);
        self
    }

    /// Registers the code of a type of custom triggers, under its
    /// [`NAME`](punctual_core::CustomTrigger::NAME).
    pub fn trigger<T: CustomTrigger>(mut self) -> Self {
        self.name_trigger(T::NAME);
        self.triggers.register::<T>();
        self
    }

    /// Registers the code of custom triggers that no type describes. The code gets a configuration
    /// and returns the function that answers the first fire time after an instant, or an error text
    /// about the configuration. See
    /// [`TriggerRegistry::register_with`](punctual_core::TriggerRegistry::register_with).
    pub fn trigger_with<A>(
        mut self,
        name: &str,
        make: impl Fn(&Value) -> Result<A, String> + Send + Sync + 'static,
    ) -> Self
    where
        A: Fn(DateTime<Utc>) -> Option<DateTime<Utc>> + Send + Sync + 'static,
    {
        self.name_trigger(name);
        self.triggers.register_with(name, make);
        self
    }

    /// Adds a store under an alias. Without a store named `default`, the builder adds a
    /// [`MemoryStore`] under that name.
    pub fn store(mut self, alias: &str, store: impl JobStore) -> Self {
        if self.stores.iter().any(|(other, _)| other == alias) {
            self.fail(taken("store", alias));
        } else {
            self.stores.push((alias.to_owned(), Arc::new(store)));
        }
        self
    }

    /// Adds an executor under an alias. Without an executor named `default`, the builder adds an
    /// [`Executor::tokio`] under that name.
    pub fn executor(mut self, alias: &str, executor: Executor) -> Self {
        self.executors.push((alias.to_owned(), executor));
        self
    }

    /// Uses a clock that is moved by hand. It is a [`ManualClock`](crate::ManualClock), or the
    /// `TestClock` of the module `testing`. `TestClock::at` can be used with stores in memory only.
    pub fn clock(mut self, clock: impl Into<AnyClock>) -> Self {
        self.clock = Some(clock.into().0);
        self
    }

    /// Sets the time for which stores that survive the process remember runs that are over. The
    /// default is 90 days. [`Unlimited`](punctual_core::Unlimited) is for ever. [`build`](Self::build) refuses zero.
    ///
    /// The runs that are too old are removed every minute, in small batches. Open runs and the
    /// statistics of jobs stay. A memory store has [limits](punctual_store::LedgerLimits) of its
    /// own.
    ///
    /// ```text
    /// runs of a job    1 2 3 4 5 6 7 8 9
    /// keep_runs_for    x x |-----------| now
    /// keep_newest(5)   x x x x |-------|
    /// ```
    pub fn keep_runs_for(mut self, age: impl IntoLimit<Duration>) -> Self {
        match age.into_limit("keep_runs_for") {
            Ok(age) => self.retention.age = age.unwrap_or(Duration::MAX),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sets the number of runs of each job that such stores remember, which are the newest. The
    /// default is 10,000. [`build`](Self::build) refuses 0.
    pub fn keep_newest(mut self, runs_of_each_job: impl IntoLimit<usize>) -> Self {
        match runs_of_each_job.into_limit("keep_newest") {
            Ok(most) => self.retention.per_job = most.unwrap_or(usize::MAX),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Turns lines on standard error on or off. They are on by default.
    ///
    /// Warnings and errors, such as those of a run that failed, are written there when the program
    /// has set up no subscriber of tracing and no logger of `log`. A line of one kind about one job
    /// is written once a minute at most, with the number of those left out.
    pub fn stderr(mut self, is_on: bool) -> Self {
        self.stderr = is_on;
        self
    }

    /// Adds a listener, as [`Scheduler::add_listener`] does. It is called from the first start on,
    /// also for earlier events, and goes on after each restart. It cannot be removed.
    ///
    /// ```
    /// use punctual_tokio::{EventMask, Scheduler};
    ///
    /// let builder = Scheduler::builder();
    /// let builder = builder.listener(EventMask::JOB_ERROR, |event| eprintln!("{event:?}"));
    /// let scheduler = builder.build()?; // needs no runtime
    /// # drop(scheduler); Ok::<(), punctual_tokio::Error>(())
    /// ```
    pub fn listener<M: 'static, R: IntoListened<M>>(
        mut self,
        mask: EventMask,
        listener: impl FnMut(Arc<Event>) -> R + Send + 'static,
    ) -> Self {
        self.listeners.push(kept(mask, listener));
        self
    }

    /// Sets the name of this node among those that share a store, of 1 to 191 characters. By default a
    /// new name is made up each time.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.node = Some(name.into());
        self
    }

    /// Sets the release of this program, a number that grows from build to build, from 1 to 2^53 -
    /// 1.
    ///
    /// In a rolling deploy old and new processes share a store for a while. Without releases the
    /// process that starts last decides about declared jobs, though it may be the old one. With
    /// releases an older program leaves alone what a newer one has declared, as long as a node of a
    /// newer release lives.
    ///
    /// The deploy counts as rolled back a minute after the last of those nodes is gone, or a minute
    /// after the start of the older program if that is later. The job then becomes what the older
    /// program declares, and the log has a warning. The ledger records the fire times that were
    /// next or overdue as skipped (`rolled_back`). Programs without a release are older than all
    /// others.
    ///
    /// ```text
    /// release 1   |------------------------|
    /// release 2            |-----------------------------
    /// a job is    1        2               2
    ///
    /// release 1   |-------------------------------------
    /// release 2            |-------|
    /// a job is    1        2       2 (a minute) 1
    /// ```
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// let build = option_env!("BUILD_NUMBER").and_then(|text| text.parse().ok());
    /// let scheduler = Scheduler::builder().release(build.unwrap_or(1)).build()?;
    /// # drop(scheduler); Ok::<(), punctual_tokio::Error>(())
    /// ```
    pub fn release(mut self, release: u64) -> Self {
        self.release = Some(release);
        self
    }

    /// Makes the scheduler. It does not run before [`Scheduler::start`].
    ///
    /// # Errors
    ///
    /// Returns an error if a setting is wrong, and names the first mistake. Mistakes are an unknown
    /// time zone, a name that is taken, a declared job whose state or arguments are missing, or a
    /// store with I/O under a `TestClock` that pauses tokio's time.
    pub fn build(mut self) -> Result<Scheduler, Error> {
        let error = self.error.take().or_else(|| self.missing_store());
        let error = error.or_else(|| self.wrong_node());
        let error = error.or_else(|| self.retention.error());
        if let Some(error) = error.or_else(|| self.odd_release()) {
            return Err(error);
        }
        let declared = self.declared.register(&self.registry, self.configured)?;
        let shared = Shared::new(Setup {
            declared,
            clock: self.clock.unwrap_or_else(Clock::system),
            registry: self.registry,
            triggers: self.triggers,
            states: self.states,
            zone: self.zone,
            job_defaults: self.job_defaults,
            node: self
                .node
                .unwrap_or_else(crate::random_id::made_up_id)
                .into(),
            retention: self.retention,
            stderr: self.stderr,
            listeners: self.listeners,
            release: self.release.unwrap_or_default(),
        });
        if !self.stores.iter().any(|(alias, _)| alias == crate::DEFAULT) {
            shared.add_store(crate::DEFAULT, Arc::new(MemoryStore::new()))?;
        }
        if !self
            .executors
            .iter()
            .any(|(alias, _)| alias == crate::DEFAULT)
        {
            shared.add_executor(crate::DEFAULT, &Executor::tokio())?;
        }
        for (alias, executor) in self.executors {
            shared.add_executor(&alias, &executor)?;
        }
        for (alias, store) in self.stores {
            shared.add_store(&alias, store)?;
        }
        let scheduler = Scheduler::first(shared);
        scheduler.check_declared()?;
        scheduler.shared.unstarted.built();
        Ok(scheduler)
    }

    /// Returns the error for a release that is out of range. 0 is the release of programs without
    /// one, and JSON readers change larger numbers.
    fn odd_release(&self) -> Option<Error> {
        let release = self.release.filter(|release| !RELEASES.contains(release))?;
        let message = format!(
            "release: {release} is not from {} to {}; count the builds, or write the time of the build, as in 20261130120000",
            RELEASES.start(),
            RELEASES.end()
        );
        Some(Error::of(ErrorKind::Invalid, message))
    }

    /// Returns the error for a node name that is empty or too long. Of two processes without a name,
    /// each would take the other for itself, started again.
    fn wrong_node(&self) -> Option<Error> {
        let name = self.node.as_deref()?;
        if name.trim().is_empty() {
            let message = "node: the name is empty; give each process a name of its own, or leave `node` out, and one is made up";
            return Some(Error::of(ErrorKind::Invalid, message));
        }
        let chars = name.chars().count();
        (chars > MAX_ID_CHARS).then(|| {
            let problem = format!("has {chars} characters, more than {MAX_ID_CHARS}");
            let error = Error::new(ErrorKind::TooLarge, "node", problem).with_value(name);
            error.with_hint("write a shorter name")
        })
    }

    fn name_trigger(&mut self, name: &str) {
        if self.triggers.names().any(|known| known == name) {
            self.fail(taken("trigger", name));
        }
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
    Error::of(
        ErrorKind::Conflict,
        format!("a {what} named `{name}` was given twice"),
    )
}

fn invalid_name(name: &str) -> Error {
    Error::of(
        ErrorKind::Invalid,
        format!(
            "task: `{name}` is not the name of a task; write one that is not empty and does not begin with `~`"
        ),
    )
}
