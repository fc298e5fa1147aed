//! Listeners, which are functions that are called for events, one event after another.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use punctual_store::lock::Mutex;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use self::sealed::Listened;
use crate::error::{BoxError, with_causes};
use crate::events::event::{Event, EventMask};
use crate::voice::Voice;

/// The name of a listener, by which a caller removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(pub(super) u64);

/// A type that a listener may return.
///
/// It is `()`, a `Result<(), E>`, or a future of one of these. The next event waits for the future.
/// An `Err` is logged. The type parameter `M` keeps the kinds apart and never has to be written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a listener",
    label = "not the result of a listener",
    note = "a listener returns `()` or `Result<(), E>` with `E: Into<BoxError>`, or a future of one of these that is `Send`",
    note = "a listener that ignores a value ends with a semicolon: `|event| {{ tx.send(event).ok(); }}`"
)]
pub trait IntoListened<M>: Listened<M> {}

/// Marks listeners that are done when they return.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done;

/// Marks listeners that return a future.
#[derive(Debug)]
#[non_exhaustive]
pub struct Later;

impl IntoListened<Done> for () {}

impl<E: Into<BoxError> + Send + 'static> IntoListened<Done> for Result<(), E> {}

impl<F> IntoListened<Later> for F where F: Future<Output: IntoListened<Done>> + Send + 'static {}

mod sealed {
    use std::future::ready;

    use super::{BoxError, Done, Later};

    #[expect(unnameable_types, reason = "it seals the public trait")]
    pub trait Listened<M>: Send + 'static {
        /// Waits until the listener is done.
        fn done(self) -> impl Future<Output = Result<(), BoxError>> + Send;
    }

    impl Listened<Done> for () {
        fn done(self) -> impl Future<Output = Result<(), BoxError>> + Send {
            ready(Ok(()))
        }
    }

    impl<E: Into<BoxError> + Send + 'static> Listened<Done> for Result<(), E> {
        fn done(self) -> impl Future<Output = Result<(), BoxError>> + Send {
            ready(self.map_err(Into::into))
        }
    }

    impl<F> Listened<Later> for F
    where
        F: Future<Output: super::IntoListened<Done>> + Send + 'static,
    {
        async fn done(self) -> Result<(), BoxError> {
            self.await.done().await
        }
    }
}

/// The sign for the end of all listeners, and the voice that reports what goes wrong in them.
#[derive(Clone)]
pub(crate) struct End {
    pub(super) token: CancellationToken,
    pub(super) voice: Arc<Voice>,
}

/// A listener, and the events that wait for it.
pub(super) struct Listener<F> {
    pub(super) receiver: broadcast::Receiver<Arc<Event>>,
    pub(super) mask: EventMask,
    pub(super) call: F,
}

impl<F> Listener<F> {
    /// Calls the listener for the events in their order, until it is to end and has heard the
    /// earlier ones. A panic costs it that event only.
    pub(super) async fn deliver<M, R>(&mut self, end: &End)
    where
        F: FnMut(Arc<Event>) -> R + Send,
        R: IntoListened<M>,
    {
        while let Some(event) = self.next(end).await {
            let call = async { (self.call)(event).done().await };
            match AssertUnwindSafe(call).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failed(&end.voice, &error),
                Err(_) => panicked(&end.voice),
            }
        }
    }

    async fn next(&mut self, end: &End) -> Option<Arc<Event>> {
        loop {
            let received = tokio::select! {
                biased;
                received = self.receiver.recv() => received,
                () = end.token.cancelled() => return None,
            };
            match received {
                Ok(event) if self.mask.contains(event.kind.mask()) => return Some(event),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "a listener is too slow and has lost events");
                    let text = || format!("a listener is too slow and has lost {lost} events");
                    let key = ("listener", "lagged");
                    end.voice.unheard(tracing::Level::WARN, key, text);
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

fn failed(voice: &Voice, error: &BoxError) {
    let error = with_causes(&**error);
    tracing::warn!(error, "a listener failed");
    let text = || format!("a listener failed: {error}");
    voice.unheard(tracing::Level::WARN, ("listener", "failed"), text);
}

fn panicked(voice: &Voice) {
    tracing::error!("a listener panicked");
    let text = || "a listener panicked".to_owned();
    voice.unheard(tracing::Level::ERROR, ("listener", ""), text);
}

/// A listener that was given to the builder. It listens from `build` on, and a start finds it again
/// though the runtime of the start before is gone.
pub(crate) trait Keep: Send + Sync {
    /// Begins to collect events.
    fn subscribe(&self, sender: &broadcast::Sender<Arc<Event>>);

    /// Lets the listener be called on this runtime, unless it is called on another one.
    fn resume(&self, runtime: &Handle, end: &End);

    /// Drops the listener if no runtime has it. The end of listeners was told before.
    fn let_go(&self);
}

/// Returns a listener for the builder.
pub(crate) fn kept<M: 'static, R: IntoListened<M>>(
    mask: EventMask,
    call: impl FnMut(Arc<Event>) -> R + Send + 'static,
) -> Arc<dyn Keep> {
    Arc::new(Kept {
        mask,
        place: Arc::new(Mutex::new(Place::New(call))),
        kind: PhantomData,
    })
}

struct Kept<F, M, R> {
    mask: EventMask,
    place: Arc<Mutex<Place<F>>>,
    kind: PhantomData<fn() -> (M, R)>,
}

/// The place where a listener is while it is not called.
enum Place<F> {
    New(F),
    Waits(Listener<F>),
    /// A runtime has the listener, or the listener has ended.
    Empty,
}

impl<F> Place<F> {
    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Empty)
    }
}

impl<F, M, R> Keep for Kept<F, M, R>
where
    F: FnMut(Arc<Event>) -> R + Send + 'static,
    M: 'static,
    R: IntoListened<M>,
{
    fn subscribe(&self, sender: &broadcast::Sender<Arc<Event>>) {
        let mut place = self.place.lock();
        *place = match place.take() {
            Place::New(call) => Place::Waits(Listener {
                receiver: sender.subscribe(),
                mask: self.mask,
                call,
            }),
            other => other,
        };
    }

    fn resume(&self, runtime: &Handle, end: &End) {
        let mut place = self.place.lock();
        let taken = place.take();
        drop(place);
        if let Place::Waits(listener) = taken {
            let mut lent = Lent {
                listener: Some(listener),
                place: Arc::clone(&self.place),
                end: end.token.clone(),
            };
            let end = end.clone();
            runtime.spawn(async move {
                if let Some(listener) = &mut lent.listener {
                    listener.deliver::<M, R>(&end).await;
                }
                drop(lent.listener.take());
            });
        }
    }

    fn let_go(&self) {
        let mut place = self.place.lock();
        let taken = place.take();
        drop(place);
        // The listener may hold handles, so no lock is held when it is dropped.
        drop(taken);
    }
}

/// A listener that a runtime has. It goes back to its place when the runtime ends.
struct Lent<F> {
    listener: Option<Listener<F>>,
    place: Arc<Mutex<Place<F>>>,
    end: CancellationToken,
}

impl<F> Drop for Lent<F> {
    fn drop(&mut self) {
        let Some(listener) = self.listener.take() else {
            return;
        };
        let mut place = self.place.lock();
        if self.end.is_cancelled() {
            // The listener is dropped after the lock.
            drop(place);
        } else {
            *place = Place::Waits(listener);
        }
    }
}
