//! What a running scheduler knows and decides, as one deterministic machine.
//!
//! [`Machine`] is told what happens and what time it is: an alarm is due, a store has answered, an attempt
//! has ended, a handle asks for something. It answers with [`Effect`]s: send this request, arm that alarm,
//! begin this attempt, tell of that. It has no clock, no task, no channel and no runtime, so the same
//! events always have the same effects, and a test tries an hour of them in a millisecond. The scheduler
//! task of `punctual-tokio` waits for events, hands them in, and carries out what comes back.
//!
//! ```text
//!             alarm, reply, end of an attempt, command
//!   driver ───────────────────────────────────────────────> machine
//!     ^                                                         │
//!     └────── claim, read, arm, begin, stop, tell, answer <─────┘
//! ```
//!
//! This crate is a part of Punctual, and no promise is made about its items.

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
pub use stage::{LeftBehind, Underway};
pub use tell::{Counted, Tell};
