//! Values of the application that handlers ask for by type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::{FromContext, JobContext};
use crate::error::{BoxError, Error, ErrorKind};

/// A value given to [`SchedulerBuilder::state`](crate::SchedulerBuilder::state), as a parameter of
/// a handler. Whether it was given is checked when a job is added.
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
pub struct State<S>(pub S);

impl<S> Deref for State<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

/// The values of one scheduler, by type.
#[derive(Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<S: Clone + Send + Sync + 'static>(&mut self, state: S) {
        self.0.insert(TypeId::of::<S>(), Arc::new(state));
    }

    fn get<S: Clone + 'static>(&self) -> Option<S> {
        self.0.get(&TypeId::of::<S>())?.downcast_ref().cloned()
    }
}

fn missing<S>() -> Error {
    let name = type_name::<S>();
    Error::new(
        ErrorKind::MissingState,
        format!("no state of type `{name}` was given; add `.state(..)` to the scheduler's builder"),
    )
}

impl<S: Clone + Send + Sync + 'static> FromContext for State<S> {
    fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        let state = context.states().get().ok_or_else(missing::<S>)?;
        Ok(Self(state))
    }

    fn check(available: &Available<'_>) -> Result<(), Error> {
        let known = available.states.0.contains_key(&TypeId::of::<S>());
        if known { Ok(()) } else { Err(missing::<S>()) }
    }
}

/// What a job that is added could give to its handler.
#[derive(Clone, Copy)]
pub struct Available<'a> {
    pub(crate) states: &'a States,
    pub(crate) args: &'a str,
}

impl std::fmt::Debug for Available<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Available")
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}
