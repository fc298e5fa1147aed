//! What became of each fire time.

pub use punctual_core::{
    CancelReason, FireRange, MissReason, Origin, Outcome, Run, RunId, RunState, SkipReason,
};
pub use punctual_store::Statistics;
pub use punctual_tokio::RunFilter;
