//! A program as the task that a job calls.

use punctual_core::json;

use super::{Program, TASK};
use crate::handler::{IntoTask, Named, Preset, Reference, Seal, TaskRef};

impl IntoTask<Named> for Program {
    fn into_reference(self, _: Seal) -> Reference {
        Reference {
            task: TaskRef::Named(TASK.into()),
            preset: Some(Preset {
                args: self
                    .checked()
                    .and_then(|program| json::to_text("args", &(program,))),
                executor: crate::COMMAND,
            }),
        }
    }
}
