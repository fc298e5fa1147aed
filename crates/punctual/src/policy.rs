//! What becomes of runs that come late, overlap, fail or lose their process.

pub use punctual_core::{
    CANCEL_GRACE, Coalesce, IntoLimit, IntoPolicies, IntoRetry, OnLost, Overlap, Policies,
    PoliciesBuilder, Retry, RetryBuilder, Unlimited,
};
