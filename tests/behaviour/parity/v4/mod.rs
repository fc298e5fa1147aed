//! The suites of APScheduler 4.0.0a6.

pub(crate) mod calendar_interval;
pub(crate) mod callables;
pub(crate) mod combining;
pub(crate) mod cron;
pub(crate) mod datastores;
pub(crate) mod elapsed;
pub(crate) mod leases;
mod node_fixture;
pub(crate) mod schedulers;
pub(crate) mod schedules;
pub(crate) mod synchronous;
