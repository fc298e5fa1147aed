//! Jobs on their way into a store: what is given, filled in and checked.

pub(crate) mod hints;
pub(crate) mod new_job;
pub(crate) mod policy_overrides;
pub(crate) mod snapshot;
