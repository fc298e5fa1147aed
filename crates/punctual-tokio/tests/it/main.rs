//! The scheduler, watched from outside: paused clocks, never a real sleep.

mod bursts;
mod clocks;
mod events;
mod faults;
mod handlers;
mod lifecycle;
mod policies;
mod support;
mod verbs;
