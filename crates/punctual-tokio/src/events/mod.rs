//! The events of a scheduler, and the order in which listeners hear them.

pub(crate) mod bus;
mod ends;
pub(crate) mod event;
pub(crate) mod listener;
pub(crate) mod order;
pub(crate) mod stream;
