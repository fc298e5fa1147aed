//! Counts nothing.
#![expect(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "the same signatures as where something is counted"
)]

use punctual_core::{FireRange, Outcome};
use punctual_machine::Counted;
use tokio::runtime::Handle;

use crate::job::snapshot::JobStatus;

#[derive(Debug)]
pub(crate) struct Metrics;

#[derive(Debug, Default)]
pub(crate) struct StoreErrors;

/// Counts nothing, and ends with the driver all the same.
pub(crate) struct Census;

#[derive(Default)]
pub(crate) struct Counts(());

impl Metrics {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn ended(&self, _end: &Counted) {}

    pub(crate) fn decided(&self, _range: FireRange, _outcome: Outcome) {}

    pub(crate) fn under_way(&self, _runs: usize) {}

    pub(crate) fn jobs_changed(&self) {}

    pub(crate) fn take_census<F: Future<Output = Option<Counts>>>(
        &self,
        _count: impl Fn() -> F,
        _runtime: &Handle,
    ) -> Census {
        Census
    }
}

impl Counts {
    pub(crate) fn add(&mut self, _status: JobStatus) {}
}

impl StoreErrors {
    pub(crate) fn of(_alias: &str) -> Self {
        Self
    }

    pub(crate) fn take_handle(&self) {}

    pub(crate) fn add(&self) {}
}
