//! Where Punctual answers a binding vector otherwise, on purpose.

/// The vector's id, and the design note (a file below `docs/design`) that gives the reason.
pub(crate) const DEVIATIONS: &[(&str, &str)] = &[];

/// Trigger types that are not built yet; their vectors are pending.
pub(crate) const PENDING: &[&str] = &[];
