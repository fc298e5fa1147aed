//! The tokio tasks between the driver and a store, for requests, the lease, other nodes and
//! retention.

pub(crate) mod fleet;
pub(crate) mod lease;
pub(crate) mod peers;
pub(crate) mod purge;
pub(crate) mod repair_counts;
pub(crate) mod server_clock;
pub(crate) mod worker;
