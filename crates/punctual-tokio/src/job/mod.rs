//! Jobs on their way into a store. The caller gives a job, and the scheduler fills in the rest and
//! checks it.

pub(crate) mod hints;
pub(crate) mod new_job;
pub(crate) mod policy_overrides;
pub(crate) mod snapshot;
