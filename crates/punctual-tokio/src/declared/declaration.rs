//! The declaration that an attribute leaves behind.

use std::any::TypeId;
use std::fmt;

use serde_json::Value;

use crate::handler::{Task, with_schema};
use crate::job::new_job::NewJob;

/// A function under `#[job]` or `#[scheduled_job]`. It has a task under a stable name, and the jobs
/// of that task.
///
/// `jobs![..]` lists some declarations, and
/// [`SchedulerBuilder::discover`](crate::SchedulerBuilder::discover) finds all.
#[derive(Clone, Copy)]
pub struct Declaration {
    pub(crate) name: &'static str,
    module: &'static str,
    location: Location,
    pub(crate) task: fn() -> DeclaredTask,
    jobs: fn() -> Vec<NewJob>,
}

/// The position of a function in the code.
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

    /// Returns the name of the task.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the crate that declares the task.
    #[must_use]
    pub fn by(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = NewJob> {
        let by = self.by();
        (self.jobs)().into_iter().map(move |job| job.declared(by))
    }

    /// Returns `true` if both declare the same function. A function may be listed by hand and found
    /// as well.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.location == other.location && self.module == other.module && self.name == other.name
    }
}

/// Writes the name and the position, as `mail.send (src/mail.rs:12)`.
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

/// The task of a declaration, and the type of its function.
#[doc(hidden)]
pub struct DeclaredTask {
    pub(crate) task: Task,
    pub(crate) function: TypeId,
}

impl DeclaredTask {
    /// Makes the task of a declaration. Only the type of `function` is used. With the type,
    /// `add_job(function, ..)` finds the name of the task.
    pub fn new<F: 'static>(function: F, task: Task) -> Self {
        let of_type = |_: F| TypeId::of::<F>();
        Self {
            task,
            function: of_type(function),
        }
    }

    /// Returns the same with a JSON Schema of its arguments.
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
