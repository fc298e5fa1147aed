//! Tasks under their names.

use std::any::TypeId;
use std::sync::Arc;

use hashbrown::HashMap;
use punctual_core::Trigger;
use punctual_core::suggest::nearest;
use punctual_store::lock::RwLock;

use crate::error::{Error, ErrorKind};
use crate::handler::{Task, TaskRef};

/// The functions that jobs may call.
pub(crate) struct Registry {
    tasks: RwLock<Tasks>,
    declared: FindDeclared,
}

/// Finds the name and the task that an attribute gave to a function.
pub(crate) type FindDeclared = fn(TypeId) -> Option<(&'static str, Task)>;

#[derive(Default)]
struct Tasks {
    by_name: HashMap<Arc<str>, Registered>,
    /// The functions that have a type of their own. They stay until the scheduler ends.
    functions: HashMap<TypeId, (Arc<str>, Task)>,
    counter: u64,
}

struct Registered {
    task: Task,
    /// The number of jobs that call the task, if it ends with its last job.
    jobs: Option<u64>,
}

/// Begins the name of every function that has no stable one.
const ANONYMOUS: char = '~';
/// Begins the name of a closure, which ends with its last job.
const CLOSURE: &str = "~closure ";

pub(crate) fn is_anonymous(name: &str) -> bool {
    name.starts_with(ANONYMOUS)
}

/// Returns the name of a task as its author knows it.
pub(crate) fn legible(name: &str) -> &str {
    let own = name.split_once(':').filter(|_| is_anonymous(name));
    own.map_or(name, |(_, own)| own)
}

impl Registry {
    pub(crate) fn new(declared: FindDeclared) -> Self {
        Self {
            tasks: RwLock::default(),
            declared,
        }
    }

    /// Takes all tasks out, so that the caller drops them while no lock is held.
    pub(crate) fn take_all(&self) -> impl Sized + use<> {
        let mut tasks = self.tasks.write();
        std::mem::take(&mut *tasks)
    }

    /// Registers a task under a stable name. Returns `false` if the name is taken.
    pub(crate) fn register(&self, name: &str, task: Task) -> bool {
        let mut tasks = self.tasks.write();
        if tasks.by_name.contains_key(name) {
            return false;
        }
        let registered = Registered { task, jobs: None };
        tasks.by_name.insert(name.into(), registered);
        true
    }

    /// Registers a task that is found by the type of its function too. Returns `false` if the name
    /// is taken.
    pub(crate) fn register_function(&self, name: &str, task: Task, function: TypeId) -> bool {
        if !self.register(name, task.clone()) {
            return false;
        }
        let mut tasks = self.tasks.write();
        let named = || (name.into(), task);
        tasks.functions.entry(function).or_insert_with(named);
        true
    }

    pub(crate) fn get(&self, name: &str) -> Option<Task> {
        let tasks = self.tasks.read();
        let registered = tasks.by_name.get(name)?;
        Some(registered.task.clone())
    }

    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let tasks = self.tasks.read();
        let mut names: Vec<_> = tasks.by_name.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Returns the error for a name that no task has, with the nearest name that a task has.
    pub(crate) fn unknown(&self, wanted: &str) -> Error {
        if wanted.parse::<Trigger>().is_ok() {
            let message = format!(
                "task: `{wanted}` is not registered; it reads as a trigger: are task and trigger swapped?"
            );
            return Error::of(ErrorKind::UnknownTask, message);
        }
        let names = self.names();
        let known = names.iter().filter(|name| !is_anonymous(name));
        let hint = match nearest(wanted, known.map(|name| &**name)) {
            Some(near) => format!("did you mean `{near}`? Else register it"),
            None => "register it".to_owned(),
        };
        let message = format!(
            "task: `{wanted}` is not registered; {hint} with `.task(\"{wanted}\", function)` on the builder, or `#[job]`"
        );
        Error::of(ErrorKind::UnknownTask, message)
    }

    /// Returns the task of a new job and the name that it is registered under.
    pub(crate) fn resolve(&self, reference: TaskRef) -> Option<(Arc<str>, Task)> {
        match reference {
            TaskRef::Named(name) => {
                let tasks = self.tasks.read();
                let (name, registered) = tasks.by_name.get_key_value(&name)?;
                Some((Arc::clone(name), registered.task.clone()))
            }
            TaskRef::Anonymous {
                task,
                name,
                function,
            } => Some(self.anonymous(task, name, function)),
        }
    }

    fn function(&self, function: TypeId) -> Option<(Arc<str>, Task)> {
        let tasks = self.tasks.read();
        tasks.functions.get(&function).cloned()
    }

    fn anonymous(&self, task: Task, name: &str, function: Option<TypeId>) -> (Arc<str>, Task) {
        if let Some(known) = function.and_then(|function| self.function(function)) {
            return known;
        }
        if let Some(function) = function
            && let Some((name, task)) = (self.declared)(function)
            && self.register_function(name, task.clone(), function)
        {
            return (name.into(), task);
        }
        let mut tasks = self.tasks.write();
        // Another thread may have registered the function since the look-up above.
        let known = function.and_then(|function| tasks.functions.get(&function));
        if let Some(known) = known {
            return known.clone();
        }
        tasks.counter += 1;
        let counter = tasks.counter;
        let (name, jobs): (Arc<str>, _) = match function {
            Some(function) => {
                let name = Arc::from(format!("{ANONYMOUS}{counter}:{name}"));
                let known = (Arc::clone(&name), task.clone());
                tasks.functions.insert(function, known);
                (name, None)
            }
            None => (format!("{CLOSURE}{counter}:{name}").into(), Some(0)),
        };
        let registered = Registered {
            task: task.clone(),
            jobs,
        };
        tasks.by_name.insert(Arc::clone(&name), registered);
        (name, task)
    }

    /// Counts one more job that calls a task.
    pub(crate) fn used(&self, name: &str) {
        if !name.starts_with(CLOSURE) {
            return;
        }
        let mut tasks = self.tasks.write();
        if let Some(Some(jobs)) = tasks.by_name.get_mut(name).map(|own| &mut own.jobs) {
            *jobs += 1;
        }
    }

    /// Counts one job less that calls a task. A closure ends with its last job.
    pub(crate) fn unused(&self, name: &str) {
        if !name.starts_with(CLOSURE) {
            return;
        }
        // A value that the closure holds may call the scheduler when it is dropped, so no lock may
        // be held then.
        drop(self.without_one_job(name));
    }

    /// Takes the closure out, if that was its last job.
    fn without_one_job(&self, name: &str) -> Option<Registered> {
        let mut tasks = self.tasks.write();
        let jobs = tasks.by_name.get_mut(name)?.jobs.as_mut()?;
        *jobs = jobs.saturating_sub(1);
        if *jobs > 0 {
            return None;
        }
        tasks.by_name.remove(name)
    }

    /// Ends a closure without jobs, after a job that would have called it was not added.
    pub(crate) fn not_added(&self, name: &str) {
        self.used(name);
        self.unused(name);
    }
}

/// Tasks of jobs that are on their way to a store. When this is dropped, after a success or a
/// failure, closures that no job calls end.
pub(crate) struct Offered<'a> {
    registry: &'a Registry,
    tasks: Vec<Arc<str>>,
}

impl<'a> Offered<'a> {
    pub(crate) fn none(registry: &'a Registry) -> Self {
        let tasks = Vec::new();
        Self { registry, tasks }
    }

    pub(crate) fn add(&mut self, task: &Arc<str>) {
        if task.starts_with(CLOSURE) {
            self.tasks.push(Arc::clone(task));
        }
    }
}

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        self.tasks
            .iter()
            .for_each(|task| self.registry.not_added(task));
    }
}
