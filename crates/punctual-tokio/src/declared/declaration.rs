//! What an attribute leaves behind.

use std::any::TypeId;
use std::fmt;

use serde_json::Value;

use crate::handler::{Task, with_schema};
use crate::job::new_job::NewJob;

/// A function under `#[job]` or `#[scheduled_job]`: a task under a stable name, and its jobs.
///
/// `jobs![..]` lists some; [`SchedulerBuilder::discover`](crate::SchedulerBuilder::discover) finds
/// all.
#[derive(Clone, Copy)]
pub struct Declaration {
    pub(crate) name: &'static str,
    module: &'static str,
    location: Location,
    pub(crate) task: fn() -> DeclaredTask,
    jobs: fn() -> Vec<NewJob>,
}

/// Where a function stands in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Location {
    file: &'static str,
    line: u32,
}

impl Declaration {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        module: &'static str,
        location: (&'static str, u32),
        task: fn() -> DeclaredTask,
        jobs: fn() -> Vec<NewJob>,
    ) -> Self {
        Self {
            name,
            module,
            location: Location {
                file: location.0,
                line: location.1,
            },
            task,
            jobs,
        }
    }

    /// The name of the task.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The crate that declares it.
    #[must_use]
    pub fn by(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = NewJob> {
        let by = self.by();
        (self.jobs)().into_iter().map(move |job| job.declared(by))
    }

    /// Whether it is the same function: it may be listed by hand and found as well.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.location == other.location && self.module == other.module && self.name == other.name
    }
}

/// `mail.send (src/mail.rs:12)`.
impl fmt::Display for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { file, line } = self.location;
        write!(f, "`{}` ({file}:{line})", self.name)
    }
}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declaration")
            .field("name", &self.name)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// The function of a declaration.
#[doc(hidden)]
pub struct DeclaredTask {
    pub(crate) task: Task,
    pub(crate) function: TypeId,
}

impl DeclaredTask {
    /// `function` is only asked for its type: it is how `add_job(function, ..)` finds its name.
    pub fn new<F: 'static>(function: F, task: Task) -> Self {
        let of_type = |_: F| TypeId::of::<F>();
        Self {
            task,
            function: of_type(function),
        }
    }

    /// The same with a JSON Schema of its arguments.
    #[must_use]
    pub fn schema(self, schema: fn() -> Value) -> Self {
        Self {
            task: with_schema(self.task, schema),
            ..self
        }
    }
}

impl fmt::Debug for DeclaredTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredTask")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}
