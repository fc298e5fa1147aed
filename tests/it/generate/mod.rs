//! Random triggers, written as their JSON, with a liking for the hours in which clocks change.

mod bounds;
pub(crate) mod calendar;
pub(crate) mod combine;
pub(crate) mod cron;
pub(crate) mod crontab;
mod expression;
pub(crate) mod interval;
pub(crate) mod pivot;

pub(crate) use pivot::Pivot;
