//! The scheduler, watched from outside: paused clocks, never a real sleep.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bursts;
#[cfg(target_os = "linux")]
mod clock_step;
mod clocks;
mod events;
mod executors;
mod faults;
mod handlers;
mod lifecycle;
mod nodes;
mod policies;
mod support;
mod verbs;
