//! Rows as values, the same in every database.

mod instant;
mod job;
mod run;
mod waiting;
pub(crate) mod words;

pub(crate) use instant::micros;
pub(crate) use job::{Definition, JobRow, StateRow, Written, count, parse};
pub(crate) use run::{RunRow, key, origin_word, text_of};
pub(crate) use waiting::{has_room, waiting_job};
