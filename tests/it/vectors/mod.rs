//! The conformance vectors: what binds must be answered to the letter, what is invalid refused.

mod backwards;
mod deviations;
mod fault;
pub(crate) mod file;
mod forwards;
mod refused;

pub(crate) use forwards::{instant, written};
