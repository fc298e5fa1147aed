//! What the measurements share: the patterns, the vectors, and how a figure is taken.
//!
//! `cargo run --release -p punctual-benches --bin workload -- trigger` measures; `docs/benchmarks.md` explains.

pub mod patterns;
pub mod rounds;
pub mod vectors;
pub mod walk;
