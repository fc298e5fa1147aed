//! How long a scheduler lives, and who keeps what it was given.

pub(crate) mod forgotten;
pub(crate) mod keep;
pub(crate) mod life;
pub(crate) mod runtime;
