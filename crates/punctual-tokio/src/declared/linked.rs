//! All declarations that are linked into the program.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::Declaration;
use crate::handler::Task;

pub use inventory::submit;

inventory::collect!(Declaration);

pub(super) fn all() -> impl Iterator<Item = Declaration> {
    inventory::iter::<Declaration>.into_iter().copied()
}

/// Returns the name and the task of a function that is declared somewhere in the program, even if
/// no builder knows it.
pub(crate) fn task_of(function: TypeId) -> Option<(&'static str, Task)> {
    static TASKS: OnceLock<HashMap<TypeId, (&'static str, Task)>> = OnceLock::new();
    let tasks = TASKS.get_or_init(|| {
        let named = all().map(|declaration| {
            let declared = (declaration.task)();
            (declared.function, (declaration.name, declared.task))
        });
        named.collect()
    });
    tasks.get(&function).cloned()
}

/// Returns the task that is declared under a name somewhere in the program.
pub(crate) fn task_named(name: &str) -> Option<Task> {
    let declaration = all().find(|declaration| declaration.name == name)?;
    Some((declaration.task)().task)
}
