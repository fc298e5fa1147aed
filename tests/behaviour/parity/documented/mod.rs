//! What APScheduler 3.11 does beyond what its tests say: states, the main loop, events in order, failures, traps.

pub(crate) mod failures;
pub(crate) mod jobs;
pub(crate) mod main_loop;
pub(crate) mod sequences;
pub(crate) mod states;
pub(crate) mod traps;
