//! Real processes on one SQLite file: killed at any moment, stopped, locked out, out of space.
//! Afterwards the checker of `punctual-store` judges the ledger and what the job bodies wrote down.
//!
//! This program is its own node. A seed decides who is killed and after which pause, who is
//! started again and what is edited meanwhile; the moments are those of the clock, so the same seed
//! is a similar story and not the same. Pauses are what a story is made of; what has to happen is
//! waited for.
//!
//! ```sh
//! PUNCTUAL_SEED=7 cargo test -p punctual-crash-tests -- killed
//! PUNCTUAL_KILLS=200 cargo test -p punctual-crash-tests -- --ignored
//! ```

#[cfg(unix)]
mod unix;

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(not(unix))]
#[expect(clippy::print_stdout, reason = "what was not run is told")]
fn main() {
    println!("crash: not run: there are no signals here");
}
