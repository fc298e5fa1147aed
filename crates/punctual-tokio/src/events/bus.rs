//! Events on their way to streams and listeners. Nobody listens: no event is made. Somebody is
//! slow: the scheduler does not wait, the slow one is told what it lost.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::{FutureExt, Stream};
use punctual_store::lock::Mutex;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio_util::sync::{CancellationToken, ReusableBoxFuture};

use crate::events::event::{Event, EventKind, EventMask};
use crate::time::clock::Clock;
use crate::voice::Voice;

/// Events that a slow listener may lag behind before it loses some.
const KEPT: usize = 4_096;

#[derive(Clone)]
pub(crate) struct Bus {
    sender: broadcast::Sender<Arc<Event>>,
    clock: Clock,
    voice: Arc<Voice>,
    listeners: Arc<Mutex<Listeners>>,
    /// Ends the listeners, also those that hold a handle and so the bus.
    end: CancellationToken,
}

#[derive(Default)]
struct Listeners {
    counter: u64,
    tasks: HashMap<u64, AbortHandle>,
}

impl Bus {
    pub(crate) fn new(clock: Clock, voice: Arc<Voice>) -> Self {
        Self {
            // Its ring of slots is made at once: it is no larger than this.
            sender: broadcast::Sender::new(KEPT),
            clock,
            voice,
            listeners: Arc::default(),
            end: CancellationToken::new(),
        }
    }

    fn end(&self) -> End {
        End {
            token: self.end.clone(),
            voice: Arc::clone(&self.voice),
        }
    }

    /// Ends all listeners, once they have heard what was told before.
    pub(crate) fn end_listeners(&self) {
        self.end.cancel();
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells everybody, if there is anybody.
    pub(crate) fn emit(&self, kind: impl FnOnce() -> EventKind) {
        if self.is_heard() {
            let event = Event {
                at: self.clock.now(),
                kind: kind(),
            };
            // Without receivers, an event has nobody to reach.
            let _ = self.sender.send(Arc::new(event));
        }
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events::new(self.sender.subscribe())
    }

    pub(crate) fn listen<F, R>(&self, runtime: &Handle, mask: EventMask, callback: F) -> ListenerId
    where
        F: FnMut(Arc<Event>) -> R + Send + 'static,
        R: IntoListened,
    {
        let receiver = self.sender.subscribe();
        let task = runtime.spawn(deliver(receiver, self.end(), mask, callback));
        let mut listeners = self.listeners.lock();
        listeners.counter += 1;
        let id = listeners.counter;
        listeners.tasks.insert(id, task.abort_handle());
        ListenerId(id)
    }

    pub(crate) fn forget(&self, id: ListenerId) -> bool {
        let mut listeners = self.listeners.lock();
        let task = listeners.tasks.remove(&id.0);
        task.inspect(AbortHandle::abort).is_some()
    }
}

/// Names a listener, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// What a listener may return: nothing, or a future that the next event waits for.
#[diagnostic::on_unimplemented(
    message = "a listener returns `()` or a future boxed by `Box::pin`",
    note = "a listener is a closure with a block, or one that returns `Box::pin(async move ..)`"
)]
pub trait IntoListened: Send + 'static {
    #[doc(hidden)]
    fn into_listened(self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>>;
}

impl IntoListened for () {
    fn into_listened(self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        None
    }
}

impl<F: Future<Output = ()> + Send + 'static> IntoListened for Pin<Box<F>> {
    fn into_listened(self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        Some(self)
    }
}

/// How a listener ends, and where it tells what went wrong.
struct End {
    token: CancellationToken,
    voice: Arc<Voice>,
}

fn panicked(voice: &Voice) {
    tracing::error!("a listener panicked");
    let text = || "a listener panicked".to_owned();
    voice.unheard(tracing::Level::ERROR, ("listener", ""), text);
}

/// One listener: events in order, one after another; a panic costs it that event only.
async fn deliver<F, R>(
    mut receiver: broadcast::Receiver<Arc<Event>>,
    end: End,
    mask: EventMask,
    mut callback: F,
) where
    F: FnMut(Arc<Event>) -> R + Send + 'static,
    R: IntoListened,
{
    loop {
        let heard = tokio::select! {
            biased;
            heard = receiver.recv() => heard,
            () = end.token.cancelled() => return,
        };
        let event = match heard {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "a listener is too slow and has lost events");
                continue;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if !mask.contains(event.kind.mask()) {
            continue;
        }
        let call = async { callback(event).into_listened() };
        match AssertUnwindSafe(call).catch_unwind().await {
            Ok(None) => {}
            Ok(Some(future)) => {
                if AssertUnwindSafe(future).catch_unwind().await.is_err() {
                    panicked(&end.voice);
                }
            }
            Err(_) => panicked(&end.voice),
        }
    }
}

/// The events of a scheduler, as a stream. See [`Scheduler::events`](crate::Scheduler::events).
#[must_use = "events are lost unless the stream is polled"]
pub struct Events(ReusableBoxFuture<'static, Received>);

/// The receiver is lent to the future that waits for it, and comes back with what it received.
type Received = (
    Result<Arc<Event>, broadcast::error::RecvError>,
    broadcast::Receiver<Arc<Event>>,
);

/// What a stream of events yields.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Something happened.
    Event(Arc<Event>),
    /// The reader was too slow: so many events are lost to it.
    Lagged(u64),
}

impl Events {
    fn new(receiver: broadcast::Receiver<Arc<Event>>) -> Self {
        Self(ReusableBoxFuture::new(receive(receiver)))
    }

    /// The next event.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Heard> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

async fn receive(mut receiver: broadcast::Receiver<Arc<Event>>) -> Received {
    (receiver.recv().await, receiver)
}

impl Stream for Events {
    type Item = Heard;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        let (event, receiver) = ready!(self.0.poll(context));
        self.0.set(receive(receiver));
        Poll::Ready(match event {
            Ok(event) => Some(Heard::Event(event)),
            Err(broadcast::error::RecvError::Lagged(lost)) => Some(Heard::Lagged(lost)),
            Err(broadcast::error::RecvError::Closed) => None,
        })
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}
