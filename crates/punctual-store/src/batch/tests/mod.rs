//! Tests of the rules, each on one job.

mod claims;
mod ends;
mod keys;
mod room;
mod set_back;
mod settled;
mod waiting;
mod world;
