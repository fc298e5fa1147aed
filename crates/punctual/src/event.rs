//! What a scheduler tells those who listen, while it happens.

pub use punctual_tokio::{
    Event, EventKind, EventMask, Events, IntoListened, JobRef, Lagged, ListenerId, RunEvent,
};
