//! Real processes on one SQLite file. They are killed at any moment, stopped, locked out and left
//! without space. In the long form they also share a PostgreSQL or MariaDB server, which is killed and
//! locked, and the network between it and the nodes fails. Afterwards the checker of `punctual-store` judges the
//! ledger and what the job bodies wrote down.
//!
//! This program is its own node. A seed decides which process is killed and after which pause, which is
//! started again, and what is edited. The moments are those of the clock, so a story with the same seed
//! is similar and not the same. A story lets real time pass, and waits for what has to happen.
//!
//! Each story on a server starts its own, from the programs in `/usr/lib/postgresql`, or `mariadbd`. It
//! is skipped where they are missing, and fails there if `SERVER_TESTS` is `required`.
//!
//! ```sh
//! PUNCTUAL_SEED=7 cargo test -p punctual-crash-tests -- killed::
//! PUNCTUAL_KILLS=200 cargo test -p punctual-crash-tests -- --ignored
//! PUNCTUAL_KILLS=200 cargo test -p punctual-crash-tests -- --ignored postgres:: mariadb::
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
