//! Tasks that publish the JSON Schema of their arguments.

use std::sync::Arc;

use punctual_machine::ActiveKey;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::callable::Start;
use super::{CheckContext, RunInfo, Task};
use crate::error::Error;
use crate::site::Site;

struct WithSchema {
    task: Task,
    schema: fn() -> Value,
}

pub(crate) fn with_schema(task: Task, schema: fn() -> Value) -> Task {
    Task(Arc::new(WithSchema { task, schema }))
}

impl Start for WithSchema {
    fn start(
        &self,
        runtime: &Handle,
        site: &Site,
        info: Arc<RunInfo>,
        key: ActiveKey,
    ) -> AbortHandle {
        self.task.0.start(runtime, site, info, key)
    }

    fn check(&self, context: &CheckContext<'_>) -> Result<(), Error> {
        self.task.0.check(context)
    }

    fn args_schema(&self) -> Option<Value> {
        Some((self.schema)())
    }
}
