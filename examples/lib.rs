//! Runnable programs: `cargo run --example NAME` from the root of the workspace.
