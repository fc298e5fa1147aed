//! Where Punctual answers a binding vector otherwise, on purpose.

/// The vector's id, and the design note (a file below `docs/design`) that gives the reason.
pub(crate) const DEVIATIONS: &[(&str, &str)] = &[
    ("cron-6f31b3c62a", "bounds.md"),
    ("cron-dd24bb3f8b", "bounds.md"),
    ("interval-e1c504afce", "bounds.md"),
    ("interval-5447c4879b", "bounds.md"),
    ("interval-83196fe39a", "bounds.md"),
    ("interval-a58b700f92", "bounds.md"),
    ("interval-c2b0d3a07f", "bounds.md"),
    ("interval-cccaef5a95", "bounds.md"),
];

/// Trigger types that are not built yet; their vectors are pending.
pub(crate) const PENDING: &[&str] = &[];
