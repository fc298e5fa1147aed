//! Events on their way to streams and listeners. No event is made while none of these exists. The
//! scheduler does not wait for a slow listener, and tells it how many events it lost.

use std::collections::HashMap;
use std::sync::Arc;

use punctual_store::lock::Mutex;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::events::event::{Event, EventKind, EventMask};
use crate::events::listener::{End, IntoListened, Keep, Listener, ListenerId};
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
    /// The listeners that were given to the builder.
    kept: Arc<[Arc<dyn Keep>]>,
    /// Ends the listeners, even those that hold a handle and therefore the bus.
    end: CancellationToken,
}

#[derive(Default)]
struct Listeners {
    counter: u64,
    tasks: HashMap<u64, AbortHandle>,
}

impl Bus {
    pub(crate) fn new(clock: Clock, voice: Arc<Voice>, kept: Vec<Arc<dyn Keep>>) -> Self {
        // The channel allocates all places of its ring immediately, so there are no more than
        // these.
        let sender = broadcast::Sender::new(KEPT);
        kept.iter().for_each(|listener| listener.subscribe(&sender));
        Self {
            sender,
            kept: kept.into(),
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

    /// Lets the listeners of the builder be called on this runtime.
    pub(crate) fn resume_listeners(&self, runtime: &Handle) {
        let end = self.end();
        let kept = self.kept.iter();
        kept.for_each(|listener| listener.resume(runtime, &end));
    }

    /// Ends all listeners, after they have heard the earlier events.
    pub(crate) fn end_listeners(&self) {
        self.end.cancel();
        self.kept.iter().for_each(|listener| listener.let_go());
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

    pub(super) fn receiver(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events::new(self.sender.subscribe())
    }

    pub(crate) fn listen<M: 'static, R: IntoListened<M>>(
        &self,
        runtime: &Handle,
        mask: EventMask,
        call: impl FnMut(Arc<Event>) -> R + Send + 'static,
    ) -> ListenerId {
        let receiver = self.sender.subscribe();
        let mut listener = Listener {
            receiver,
            mask,
            call,
        };
        let end = self.end();
        let task = runtime.spawn(async move { listener.deliver::<M, R>(&end).await });
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
