//! Streams of events, and listeners.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::into_job_id::job_id;
use super::{IntoJobId, Scheduler};
use crate::error::{Error, ErrorKind};
use crate::events::event::{Event, EventMask};
use crate::events::listener::{IntoListened, ListenerId};
use crate::events::stream::Events;
use crate::shared::keep::spent;

/// # Events and listeners
impl Scheduler {
    /// Returns the events from this call on, as a stream. [`Events::only`] and [`Events::job`]
    /// narrow it down.
    pub fn events(&self) -> Events {
        self.shared.bus.subscribe()
    }

    /// Adds a listener, which is a function that is called for every event of the kinds in the
    /// mask. The calls happen in the order of the events, one after another, on the current
    /// runtime. The scheduler does not wait for the listener.
    ///
    /// The listener returns `()` or a `Result<(), E>`, or a future of one of these. An `Err` is
    /// logged. A panic is logged too, and the listener goes on with the next event.
    ///
    /// ```
    /// # use punctual_tokio::{EventMask, Scheduler};
    /// # async fn page(_: &punctual_tokio::Event) -> Result<(), std::io::Error> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// let id = scheduler.add_listener(EventMask::JOB_ERROR, |event| eprintln!("{event:?}"))?;
    /// scheduler.add_listener(EventMask::JOB_ERROR, async |event| page(&event).await)?;
    /// assert!(scheduler.remove_listener(id));
    /// # Ok(()) }
    /// ```
    ///
    /// # "async closure does not implement `FnMut` because it captures state"
    ///
    /// The compiler says so about an async closure whose future borrows what the closure holds.
    /// Clone the value for each call instead:
    ///
    /// ```
    /// # use punctual_tokio::{EventMask, Scheduler};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// let (tx, events) = tokio::sync::mpsc::channel(100);
    /// scheduler.add_listener(EventMask::ALL, move |event| {
    ///     let tx = tx.clone();
    ///     async move { tx.send(event).await }
    /// })?;
    /// # drop(events); Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the caller is not on a tokio runtime, or if the scheduler was shut down
    /// and what it was given is gone. [`SchedulerBuilder::listener`](crate::SchedulerBuilder::listener) needs no runtime.
    pub fn add_listener<M: 'static, R: IntoListened<M>>(
        &self,
        mask: EventMask,
        listener: impl FnMut(Arc<Event>) -> R + Send + 'static,
    ) -> Result<ListenerId, Error> {
        let runtime = Handle::try_current().map_err(|_| no_runtime_to_listen())?;
        if self.shared.keepers.is_spent() {
            return Err(spent());
        }
        Ok(self.shared.bus.listen(&runtime, mask, listener))
    }

    /// Removes a listener. Returns `false` if the listener is gone already.
    #[must_use = "whether there was such a listener"]
    pub fn remove_listener(&self, id: ListenerId) -> bool {
        self.shared.bus.forget(id)
    }
}

impl Events {
    /// Leaves out all events but those that name this job. Of two jobs the last one counts.
    ///
    /// [`AllJobsRemoved`](crate::EventKind::AllJobsRemoved) names none, and text that is not a valid
    /// id is not the id of any.
    pub fn job(self, id: impl IntoJobId) -> Self {
        self.only_job(job_id(id).ok())
    }
}

fn no_runtime_to_listen() -> Error {
    let message = "a listener needs a tokio runtime; call `add_listener` inside one, or give the listener to the builder with `.listener(..)`";
    Error::of(ErrorKind::NoRuntime, message)
}
