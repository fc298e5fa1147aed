//! What names a run in a verb.

use std::sync::Arc;

use punctual_core::{Run, RunId};

use super::RunHandle;
use crate::report::RunningRun;

/// What names a run. It is the [`RunId`], a [`Run`], a [`RunningRun`], a [`RunHandle`], or the alias
/// of the store and the [`RunId`], since each store numbers its own runs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a run",
    label = "expected a run",
    note = "write a `RunId`, `(\"default\", run_id)` with the alias of the store, or a reference to a `Run`, a `RunningRun` or a `RunHandle`"
)]
pub trait IntoRun: sealed::RunOfStore {}

mod sealed {
    use super::Named;

    #[expect(unnameable_types, reason = "it seals the public trait")]
    pub trait RunOfStore {
        fn into_named(self) -> Named;
    }
}

/// A run, as a caller has named it.
#[expect(unnameable_types, reason = "it is the answer of a sealed trait")]
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) store: Option<Arc<str>>,
    pub(super) run: RunId,
}

impl IntoRun for RunId {}

impl sealed::RunOfStore for RunId {
    fn into_named(self) -> Named {
        Named {
            store: None,
            run: self,
        }
    }
}

impl IntoRun for &RunId {}

impl sealed::RunOfStore for &RunId {
    fn into_named(self) -> Named {
        (*self).into_named()
    }
}

impl IntoRun for &Run {}

impl sealed::RunOfStore for &Run {
    fn into_named(self) -> Named {
        Named {
            store: self.store.clone(),
            run: self.id,
        }
    }
}

impl IntoRun for &RunningRun {}

impl sealed::RunOfStore for &RunningRun {
    fn into_named(self) -> Named {
        Named {
            store: Some(Arc::clone(&self.store)),
            run: self.run,
        }
    }
}

impl IntoRun for &RunHandle {}

impl sealed::RunOfStore for &RunHandle {
    fn into_named(self) -> Named {
        Named {
            store: Some(self.store().into()),
            run: self.id(),
        }
    }
}

impl IntoRun for RunHandle {}

impl sealed::RunOfStore for RunHandle {
    fn into_named(self) -> Named {
        (&self).into_named()
    }
}

impl<S: Into<Arc<str>>> IntoRun for (S, RunId) {}

impl<S: Into<Arc<str>>> sealed::RunOfStore for (S, RunId) {
    fn into_named(self) -> Named {
        Named {
            store: Some(self.0.into()),
            run: self.1,
        }
    }
}
