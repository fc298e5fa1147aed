//! What a parameter of a handler is made from.

use serde::de::DeserializeOwned;

use super::JobContext;
use super::state::Available;
use crate::error::{BoxError, Error, ErrorKind};

/// A parameter of a handler: [`Args`], [`State`](super::State), [`JobContext`], or one of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a task",
    note = "parameters are `Args<T>`, `State<S>`, `JobContext`, or implement `FromContext`"
)]
pub trait FromContext: Sized + Send {
    /// Makes the parameter for a run.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the run then fails with this error.
    fn from_context(context: &JobContext) -> Result<Self, BoxError>;

    /// Checks, when a job is added, whether its runs could be given the parameter.
    ///
    /// # Errors
    ///
    /// Why they could not; the job is refused then.
    #[doc(hidden)]
    fn check(available: &Available<'_>) -> Result<(), Error> {
        let _ = available;
        Ok(())
    }
}

/// The arguments of the job: positional ones as a tuple, named ones as a struct.
///
/// Whether they fit is checked when a job is added.
///
/// ```
/// use punctual_tokio::Args;
///
/// #[derive(serde::Deserialize)]
/// struct Mail { to: String, urgent: bool }
///
/// async fn greet(Args((name, times)): Args<(String, u32)>) { /* [ "Ada", 3 ] */ }
/// async fn send(Args(mail): Args<Mail>) { /* { "to": "ada", "urgent": true } */ }
/// # let _ = (greet, send);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Args<T>(pub T);

fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        Error::new(
            ErrorKind::Invalid,
            format!("args: do not fit the task: {error}"),
        )
    })
}

impl<T: DeserializeOwned + Send> FromContext for Args<T> {
    fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(Self(parsed(context.job().args_json())?))
    }

    fn check(available: &Available<'_>) -> Result<(), Error> {
        parsed::<T>(available.args).map(drop)
    }
}

impl FromContext for JobContext {
    fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(context.clone())
    }
}
