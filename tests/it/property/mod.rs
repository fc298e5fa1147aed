//! Properties of random triggers, held against the slow model.
//!
//! `PUNCTUAL_SEED` sets the seed, `PUNCTUAL_CASES` the number of cases of all families together,
//! `PUNCTUAL_CASE` the one case to run again; a failure prints all three.

mod default_zone;
mod duality;
mod families;
pub(crate) mod family;
mod members;
mod next;
mod round_trip;
mod subject;
mod unanchored;
mod window;
