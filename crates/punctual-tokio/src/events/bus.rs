//! Events on their way to streams and listeners. No event is made while none of these exists. The
//! scheduler does not wait for a slow listener, and tells it how many events it lost.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures::FutureExt;
use punctual_store::lock::Mutex;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::events::event::{Event, EventKind, EventMask};
use crate::events::stream::Events;
use crate::time::clock::Clock;
use crate::voice::Voice;

/// The number of events that a slow listener may lag behind before it loses some.
const KEPT: usize = 4_096;

#[derive(Clone)]
pub(crate) struct Bus {
    sender: broadcast::Sender<Arc<Event>>,
    clock: Clock,
    voice: Arc<Voice>,
    listeners: Arc<Mutex<Listeners>>,
    /// Ends the listeners, even those that hold a handle and therefore the bus.
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
            // The channel allocates all slots of its ring immediately, so there are no more than
            // these.
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

    /// Ends all listeners, after they have heard the earlier events.
    pub(crate) fn end_listeners(&self) {
        self.end.cancel();
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells every stream and listener, if there are any.
    pub(crate) fn emit(&self, kind: impl FnOnce() -> EventKind) {
        if self.is_heard() {
            let event = Event {
                at: self.clock.now(),
                kind: kind(),
            };
            // Without receivers nothing hears the event.
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

/// The name of a listener, by which a caller removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// A type that a listener may return. It is `()`, or a future that the next event waits for.
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

/// The sign for the end of a listener, and the voice that reports its panics.
struct End {
    token: CancellationToken,
    voice: Arc<Voice>,
}

fn panicked(voice: &Voice) {
    tracing::error!("a listener panicked");
    let text = || "a listener panicked".to_owned();
    voice.unheard(tracing::Level::ERROR, ("listener", ""), text);
}

/// Runs one listener. It gets the events in order, one after another. A panic costs it that event
/// only.
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
