//! Nothing is counted.
#![expect(
    clippy::unused_self,
    reason = "the same signatures as where something is counted"
)]

use std::sync::Arc;

use punctual_core::{FireRange, Outcome};
use punctual_machine::Counted;
use tokio::runtime::Handle;

use crate::core::Core;

#[derive(Debug)]
pub(crate) struct Metrics;

#[derive(Debug, Default)]
pub(crate) struct StoreErrors;

/// Counts nothing, and ends with the scheduler task all the same.
pub(crate) struct Census;

impl Metrics {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn ended(&self, _end: &Counted) {}

    pub(crate) fn decided(&self, _range: FireRange, _outcome: Outcome) {}

    pub(crate) fn under_way(&self, _runs: usize) {}

    pub(crate) fn jobs_changed(&self) {}

    pub(crate) fn take_census(&self, _core: &Arc<Core>, _runtime: &Handle) -> Census {
        Census
    }
}

impl StoreErrors {
    pub(crate) fn of(_alias: &str) -> Self {
        Self
    }

    pub(crate) fn add(&self) {}
}
