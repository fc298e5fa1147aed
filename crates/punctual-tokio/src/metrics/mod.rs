//! Counts and measures for the scheduler. With the feature `metrics` the figures go to the recorder
//! of the `metrics` facade. Without the feature, this module does nothing and compiles to nothing.

#[cfg(feature = "metrics")]
mod census;
#[cfg(feature = "metrics")]
mod labels;
#[cfg(not(feature = "metrics"))]
mod nothing;
#[cfg(feature = "metrics")]
mod recorded;

#[cfg(feature = "metrics")]
pub(crate) use census::Counts;
#[cfg(not(feature = "metrics"))]
pub(crate) use nothing::{Census, Counts, Metrics, StoreErrors};
#[cfg(feature = "metrics")]
pub(crate) use recorded::{Census, Metrics, StoreErrors};
