//! The function or the name that a new job calls.

use std::any::{TypeId, type_name};
use std::sync::Arc;

use super::{Handler, Seal, Task};
use crate::error::Error;

/// A value that a new job can call. It is a [`Handler`], or the name of a registered task.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a task",
    label = "not a task",
    note = "give the function itself, not a call of it: `add_job(send, ..).args(\"ada\")`, not `add_job(send(\"ada\"), ..)`",
    note = "parameters (up to 8): `Args<T>`, `State<S>`, `JobContext`, `Scheduler`, or a type that implements or derives `FromContext`",
    note = "result: `()`, `Output<T>`, or `Result<T, E>` with `T: Serialize`; its future must be `Send`",
    note = "what a closure holds must be `Send`, `Sync` and `'static`",
    note = "write `#[punctual::job]` above the function to see which part is at fault"
)]
pub trait IntoTask<M> {
    #[doc(hidden)]
    fn into_reference(self, _: Seal) -> Reference;
}

/// The task that a new job calls, and the settings that come with it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reference {
    pub(crate) task: TaskRef,
    pub(crate) preset: Option<Preset>,
}

/// The settings of a job that its reference brings beside the task.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The arguments, as JSON.
    pub(crate) args: Result<String, Error>,
    /// The alias of the executor.
    pub(crate) executor: &'static str,
}

impl Reference {
    fn to(task: TaskRef) -> Self {
        Self { task, preset: None }
    }
}

#[derive(Debug)]
pub(crate) enum TaskRef {
    /// A task that is registered under this name.
    Named(Arc<str>),
    /// A function without a stable name.
    Anonymous {
        task: Task,
        /// The name that the compiler gives the function.
        name: &'static str,
        /// The type of the function, if it holds no values. All values of such a type are the same
        /// function.
        function: Option<TypeId>,
    },
}

/// Marks functions.
#[derive(Debug)]
pub struct Function<M>(std::marker::PhantomData<M>);

/// Marks names.
#[derive(Debug)]
#[non_exhaustive]
pub struct Named;

impl<M, F: Handler<M>> IntoTask<Function<M>> for F {
    fn into_reference(self, _: Seal) -> Reference {
        Reference::to(TaskRef::Anonymous {
            task: self.into_task(Seal),
            name: type_name::<F>(),
            function: function_of::<F>(),
        })
    }
}

/// Returns the type of a function, if it holds no values. All values of such a type are the same
/// function.
pub(crate) fn function_of<F: 'static>() -> Option<TypeId> {
    (size_of::<F>() == 0).then(TypeId::of::<F>)
}

impl IntoTask<Named> for &str {
    fn into_reference(self, _: Seal) -> Reference {
        Reference::to(TaskRef::Named(self.into()))
    }
}

impl IntoTask<Named> for &String {
    fn into_reference(self, _: Seal) -> Reference {
        Reference::to(TaskRef::Named(self.as_str().into()))
    }
}

impl IntoTask<Named> for String {
    fn into_reference(self, _: Seal) -> Reference {
        Reference::to(TaskRef::Named(self.into()))
    }
}
