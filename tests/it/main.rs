//! The whole-workspace tests, in one binary.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod bad_input;
mod bounds;
mod combinations;
mod corpus;
mod differential;
mod dst;
mod generate;
mod model;
mod property;
mod random;
mod rooms;
mod stored;
mod vectors;
