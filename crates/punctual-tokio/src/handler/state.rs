//! Values of the application that handlers ask for by type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use super::{CheckContext, FromContext, JobContext};
use crate::error::{BoxError, Error, ErrorKind};

/// A value that was given to [`SchedulerBuilder::state`](crate::SchedulerBuilder::state), as a
/// parameter of a handler. The scheduler checks that it was given when a job is added.
///
/// ```
/// use punctual_tokio::State;
///
/// #[derive(Clone)]
/// struct Mailer;
///
/// async fn newsletter(State(mailer): State<Mailer>) {
///     let _ = mailer;
/// }
/// # let _ = newsletter;
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "tasks write it as a pattern or a value"
)]
pub struct State<S>(pub S);

impl<S> Deref for State<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

/// The values of one scheduler under their types.
#[derive(Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>, BuildHasherDefault<AsIs>>);

impl States {
    pub(crate) fn insert<S: Clone + Send + Sync + 'static>(&mut self, state: S) {
        self.0.insert(TypeId::of::<S>(), Arc::new(state));
    }

    pub(crate) fn get<S: Clone + 'static>(&self) -> Option<S> {
        self.0.get(&TypeId::of::<S>())?.downcast_ref().cloned()
    }

    pub(crate) fn has<S: 'static>(&self) -> bool {
        self.0.contains_key(&TypeId::of::<S>())
    }
}

/// A hasher that returns its input, since a `TypeId` is a hash already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cold]
pub(super) fn missing<S>() -> Error {
    let name = type_name::<S>();
    Error::of(
        ErrorKind::MissingState,
        format!(
            "state: no value of type `{name}` was given; add `.state(..)` to the scheduler's builder"
        ),
    )
}

impl<S: Clone + Send + Sync + 'static> FromContext for State<S> {
    const READS_ARGS: bool = false;

    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        let state = context.state().ok_or_else(missing::<S>)?;
        Ok(Self(state))
    }

    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        context.require_state::<S>()
    }
}
