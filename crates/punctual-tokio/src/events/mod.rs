//! What listeners hear of, and in which order.

pub(crate) mod bus;
pub(crate) mod event;
pub(crate) mod order;
