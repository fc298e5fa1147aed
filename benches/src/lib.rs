//! What the measurements share: the patterns, the vectors, what the kernel counts, and how a figure is taken.
//!
//! `cargo run --release -p punctual-benches --bin workload -- trigger` measures; `docs/benchmarks.md` explains.

pub mod clock;
pub mod patterns;
pub mod process;
pub mod rounds;
pub mod spawn;
pub mod vectors;
pub mod walk;
