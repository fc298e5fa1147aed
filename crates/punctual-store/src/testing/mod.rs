//! A store with faults, for tests of programs whose store fails. Needs the feature `testing`.
//!
//! A [`FaultyStore`] stands in front of any store. The test tells it through its [`Faults`] which
//! calls fail and how. It uses no randomness and never sleeps, so a test with it ends the same way
//! each time.
//!
//! ```
//! use punctual_store::testing::{StoreCall, Fault, FaultyStore};
//! use punctual_store::{JobFilter, JobStore, MemoryStore};
//!
//! # futures::executor::block_on(async {
//! let (store, faults) = FaultyStore::new(MemoryStore::new());
//!
//! // The next list fails, the one after it does not.
//! faults.next(StoreCall::List, Fault::Failed);
//! assert!(store.list(JobFilter::default()).await.unwrap_err().is_unknown());
//! assert!(store.list(JobFilter::default()).await.is_ok());
//!
//! // No call gets through until the test says so.
//! faults.set(StoreCall::ALL, Fault::Held);
//! let list = store.list(JobFilter::default());
//! assert_eq!(faults.in_flight(StoreCall::List), 1);
//! faults.mend(StoreCall::ALL);
//! assert!(list.await.is_ok());
//! assert_eq!((faults.begun(StoreCall::List), faults.struck(StoreCall::List)), (3, 2));
//! # });
//! ```

mod fault;
mod faults;
mod refusal;
mod state;
mod store;

pub use crate::StoreCall;
pub use fault::{Delay, Fault};
pub use faults::Faults;
pub use refusal::Refusal;
pub use store::FaultyStore;
