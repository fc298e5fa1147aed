//! When things happen: the clock, steps of the wall clock, and what is due.

pub(crate) mod clock;
pub(crate) mod clock_step;
pub(crate) mod timer;
