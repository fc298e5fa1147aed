//! `tests/test_schedulers.py` of 3.11.

pub(crate) mod flavours;
pub(crate) mod jobs;
pub(crate) mod lifecycle;
pub(crate) mod lists;
pub(crate) mod parts;
pub(crate) mod process;
pub(crate) mod setup;
