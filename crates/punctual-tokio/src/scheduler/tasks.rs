//! Lists tasks.

use std::sync::Arc;

use serde_json::Value;

use super::Scheduler;
use crate::handler::registry::is_anonymous;

/// A task that jobs can call by name on this node.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The name of the task.
    pub name: Arc<str>,
    /// The JSON Schema of the arguments, if the task publishes one with `#[job(schema)]`.
    pub args_schema: Option<Value>,
}

/// # Tasks
impl Scheduler {
    /// Returns the tasks that jobs can call by name on this node, in the order of their names.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskInfo> {
        let names = self.shared.registry.names().into_iter();
        names
            .filter(|name| !is_anonymous(name))
            .map(|name| {
                let task = self.shared.registry.get(&name);
                TaskInfo {
                    args_schema: task.and_then(|task| task.0.args_schema()),
                    name,
                }
            })
            .collect()
    }
}
