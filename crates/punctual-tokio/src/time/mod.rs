//! The clock, steps of the wall clock, and the timer that tells what is due.

pub(crate) mod clock;
pub(crate) mod clock_step;
#[cfg(feature = "testing")]
pub(crate) mod desk;
pub(crate) mod manual_clock;
pub(crate) mod system_clock;
pub(crate) mod timer;
pub(crate) mod watchers;
pub(crate) mod when;
