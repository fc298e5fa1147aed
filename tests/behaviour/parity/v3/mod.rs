//! The suites of APScheduler 3.11.3.

pub(crate) mod calendar_interval;
pub(crate) mod combining;
pub(crate) mod cron;
pub(crate) mod cron_daylight;
pub(crate) mod date;
pub(crate) mod executors;
pub(crate) mod expressions;
pub(crate) mod interval;
pub(crate) mod job;
pub(crate) mod job_fields;
pub(crate) mod jobstores;
pub(crate) mod jobstores_callables;
pub(crate) mod jobstores_elsewhere;
pub(crate) mod schedulers;
mod store_fixture;
