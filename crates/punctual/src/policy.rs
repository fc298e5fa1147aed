//! What becomes of runs that come late, overlap, fail or lose their process.

pub use punctual_core::{
    Coalesce, IntoLimit, Jitter, MaxInstances, MisfireGraceTime, OnLost, Overlap, Policies, Retry,
    Timeout, Unlimited,
};
