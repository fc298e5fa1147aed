//! The settings in which a run by hand differs from its job.

use std::sync::Arc;

use punctual_core::Overlap;

/// The settings in which a run by hand differs from its job. It takes all others from the job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOverrides {
    /// The arguments as JSON text, or `None` for those of the job. The store keeps them with the
    /// run, in its ledger too.
    pub args: Option<Arc<str>>,
    /// The overlap policy that decides about this run, or `None` for that of the job. The store
    /// need not keep it.
    pub overlap: Option<Overlap>,
}

impl RunOverrides {
    /// Returns the settings of a run that takes all of its job.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets [`args`](#structfield.args).
    #[must_use]
    pub fn args(self, args: Option<Arc<str>>) -> Self {
        Self { args, ..self }
    }

    /// Sets [`overlap`](#structfield.overlap).
    #[must_use]
    pub fn overlap(self, overlap: Option<Overlap>) -> Self {
        Self { overlap, ..self }
    }
}
