//! The events of a scheduler as a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use punctual_core::JobId;
use tokio::sync::broadcast;
use tokio_util::sync::ReusableBoxFuture;

use crate::events::event::{Event, EventMask};

/// The events of a scheduler from the call of [`Scheduler::events`](crate::Scheduler::events) on,
/// as a stream.
///
/// The scheduler does not wait for its readers. A reader that is 4,096 events behind loses the
/// oldest ones, and the stream tells it so by a [`Lagged`]. Reading an event does not allocate
/// memory.
///
/// ```
/// use punctual_tokio::{EventMask, Scheduler};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let scheduler = Scheduler::builder().build()?;
/// let mut events = scheduler.events().only(EventMask::JOB_ERROR).job("fails");
/// # let every = punctual_core::Interval::every(std::time::Duration::from_secs(1));
/// scheduler.add_job(async || Err::<(), _>("no"), every).id("fails").await?;
/// scheduler.start().await?;
/// match events.next().await {
///     Some(Ok(event)) => println!("{event:?}"),
///     Some(Err(lagged)) => eprintln!("{lagged}"),
///     None => {} // the scheduler is gone
/// }
/// # Ok(()) }
/// ```
#[must_use = "events are lost unless the stream is polled"]
pub struct Events {
    receiving: ReusableBoxFuture<'static, Received>,
    mask: EventMask,
    jobs: Jobs,
}

/// The jobs whose events are heard.
#[derive(Debug)]
enum Jobs {
    /// All, and the events that name none.
    All,
    Only(Option<JobId>),
}

/// The receiver is lent to the future that waits for it, and comes back with what it received.
type Received = (
    Result<Arc<Event>, broadcast::error::RecvError>,
    broadcast::Receiver<Arc<Event>>,
);

/// The number of events that a reader has lost, since it was too slow.
///
/// They may have been of any kind and of any job. The next item is the oldest event that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lagged(u64);

impl Lagged {
    /// Returns the number of events that were lost.
    #[must_use]
    pub fn lost(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for Lagged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the reader of events is too slow and has lost {}",
            self.0
        )
    }
}

impl std::error::Error for Lagged {}

impl Events {
    pub(super) fn new(receiver: broadcast::Receiver<Arc<Event>>) -> Self {
        Self {
            receiving: ReusableBoxFuture::new(receive(receiver)),
            mask: EventMask::ALL,
            jobs: Jobs::All,
        }
    }

    /// Leaves out all events but those of the kinds in the mask. Of two masks the last one counts.
    pub fn only(mut self, mask: EventMask) -> Self {
        self.mask = mask;
        self
    }

    /// Leaves out all events but those of this job. `None` leaves out all.
    pub(crate) fn only_job(mut self, id: Option<JobId>) -> Self {
        self.jobs = Jobs::Only(id);
        self
    }

    /// Waits for the next event. `None` is the end of the stream, which comes when the scheduler is
    /// gone.
    ///
    /// # Errors
    ///
    /// Returns an error if the reader was too slow and has lost events. The stream goes on.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Arc<Event>, Lagged>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn takes(&self, event: &Event) -> bool {
        self.mask.contains(event.kind.mask())
            && match &self.jobs {
                Jobs::All => true,
                Jobs::Only(wanted) => {
                    let job = event.kind.job();
                    job.is_some_and(|job| Some(&job.id) == wanted.as_ref())
                }
            }
    }
}

async fn receive(mut receiver: broadcast::Receiver<Arc<Event>>) -> Received {
    (receiver.recv().await, receiver)
}

impl Stream for Events {
    type Item = Result<Arc<Event>, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let (event, receiver) = ready!(self.receiving.poll(context));
            self.receiving.set(receive(receiver));
            return Poll::Ready(match event {
                Ok(event) if !self.takes(&event) => continue,
                Ok(event) => Some(Ok(event)),
                Err(broadcast::error::RecvError::Lagged(lost)) => Some(Err(Lagged(lost))),
                Err(broadcast::error::RecvError::Closed) => None,
            });
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("mask", &self.mask)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}
