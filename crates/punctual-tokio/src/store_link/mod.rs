//! The tasks that stand between the scheduler task and a store: requests, the lease, other nodes, retention.

pub(crate) mod fleet;
pub(crate) mod lease;
pub(crate) mod peers;
pub(crate) mod purge;
pub(crate) mod repair_counts;
pub(crate) mod worker;
