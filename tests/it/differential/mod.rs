//! The same pattern, the same instants, asked of crates that other programs rely on: only the
//! classes of patterns and zones in which those crates are right.

mod cron_crate;
mod croner;
mod pattern;
