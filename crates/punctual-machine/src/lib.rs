//! The state and the decisions of a running scheduler, as one deterministic machine.
//!
//! The driver tells [`Machine`] the time and what happens: an alarm is due, a store has answered,
//! an attempt has ended, a handle asks for something. The machine answers with [`Effect`]s, such as
//! to send a request, arm an alarm or begin an attempt. It has no clock, tokio task, channel or
//! runtime. The same events therefore always have the same effects, and a test tries an hour of
//! them in a millisecond. The driver in `punctual-tokio` waits for events, hands them in and
//! carries out the effects.
//!
//! ```text
//!             alarm, reply, end of an attempt, command
//!   driver ───────────────────────────────────────────────> machine
//!     ^                                                         │
//!     └────── claim, read, arm, begin, stop, tell, answer <─────┘
//! ```
//!
//! This crate is a part of Punctual. Its items come without a promise of stability.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod active;
mod alarm;
mod answers;
mod claim;
mod effect;
mod entry;
mod finish;
mod grace;
#[cfg(feature = "testing")]
mod held;
mod instance;
mod jobs;
mod key;
mod leases;
mod leaving;
mod machine;
mod manual;
mod node;
mod outbox;
mod outcome;
mod parked;
mod pause_node;
mod quiet;
mod reads;
mod refusal;
pub mod repeated;
mod reply;
mod share;
mod sharing;
mod shutdown;
mod stage;
mod start;
mod stop;
mod store;
mod tell;
mod timeout;
mod unstarted;
mod waiting;
mod window;

pub use active::Active;
pub use alarm::Alarm;
pub use effect::{Effect, Read};
pub use finish::AttemptEnd;
#[cfg(feature = "testing")]
pub use held::{Armed, Held, HeldOfStore};
pub use key::JobKey;
pub use key::{ActiveKey, AttemptKey};
pub use machine::Machine;
pub use node::{Missing, Node};
pub use outcome::Finish;
pub use refusal::Refusal;
pub use reply::Reply;
pub use stage::{Ended, LeftBehind, ShutdownTimes, Underway};
pub use tell::{Counted, Tell};
