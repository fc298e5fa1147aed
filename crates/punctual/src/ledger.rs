//! What became of each fire time.

pub use punctual_core::{
    CancelReason, FireRange, MissReason, Origin, Outcome, Outcomes, Run, RunId, RunState,
    SkipReason,
};
pub use punctual_store::{LastRun, Statistics};
