//! The tasks and jobs that code declares by `#[job]` and `#[scheduled_job]`.
//!
//! The attributes leave a [`Declaration`] behind. A builder takes some declarations by hand, or all
//! that are linked. The scheduler brings its stores up to date with them when it starts.

mod declaration;
mod gather;
mod linked;

pub use declaration::{Declaration, DeclaredTask};
pub(crate) use gather::{DeclaredJobs, Gathered};
pub use linked::submit;
pub(crate) use linked::{task_named, task_of};
