//! Tools for tests of programs with jobs. They are a clock that a test moves, assertions on the
//! ledger, and a [`FaultyStore`] that fails as a test wants.
//!
//! Time passes while the test waits, as in [`advance_to`](TestClock::advance_to), and takes no real
//! time. Every job starts at its own fire time, and bodies that sleep take as long as they say.
//! Retries wait and timeouts end runs. Jobs that do I/O have a clock of their own kind, made by
//! [`TestClock::with_io`]. The module needs the feature `testing`.
//!
//! ```
//! use punctual_core::Crontab;
//! use punctual_tokio::Scheduler;
//! use punctual_tokio::testing::{Ledger, TestClock};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), punctual_tokio::Error> {
//! let clock = TestClock::at("2026-03-27T12:00:00Z");
//! let scheduler = Scheduler::builder().timezone("Europe/Berlin").clock(clock.clone()).build()?;
//! scheduler.add_job(|| async {}, Crontab::new("30 2 * * *")).id("nightly").await?;
//! scheduler.start().await?;
//!
//! clock.advance_to("2026-03-30T12:00:00Z").await;
//! // On the 29th there is no 02:30: clocks go from 02:00 to 03:00.
//! Ledger::of(&scheduler, "nightly").await?.assert_lines(&[
//!     "2026-03-28T01:30:00Z succeeded",
//!     "2026-03-29T01:00:00Z succeeded",
//!     "2026-03-30T00:30:00Z succeeded",
//! ]);
//! # Ok(()) }
//! ```

mod clock;
mod held;
mod ledger;
mod moment;
mod steps;
mod wrong_clock;

pub use clock::TestClock;
#[doc(hidden)]
pub use held::{Held, HeldOfStore, held};
pub use ledger::{Entry, Ledger};
pub use punctual_store::testing::{Delay, Fault, Faults, FaultyStore, Refusal, StoreCall};
pub use wrong_clock::WrongClock;
