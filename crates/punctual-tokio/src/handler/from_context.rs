//! The making of the parameters of a handler.

use std::any::type_name;

use serde::de::DeserializeOwned;

use super::JobContext;
use super::args::parsed;
use super::state::{States, missing};
use crate::error::{BoxError, Error, ErrorKind};

/// A parameter of a handler. It is [`Args`](crate::Args), [`State`](crate::State), [`JobContext`],
/// or one of your own.
///
/// It is made anew for each attempt of a run, and may wait for what it needs. The scheduler checks
/// it when a job is added. A struct whose fields are parameters derives this trait with
/// `#[derive(FromContext)]`.
///
/// ```
/// use punctual_tokio::{CheckContext, BoxError, FromContext, JobContext};
///
/// #[derive(Clone)]
/// struct Pool(&'static str);
/// struct Connection(String);
///
/// impl FromContext for Connection {
///     async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
///         let pool: Pool = context.state().ok_or("no pool")?;
///         Ok(Connection(format!("{} for {}", pool.0, context.job_id())))
///     }
///
///     fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
///         context.require_state::<Pool>()
///     }
/// }
///
/// async fn backup(Connection(connection): Connection) {
///     println!("{connection}");
/// }
/// # let _ = backup;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a task",
    label = "not a parameter",
    note = "an argument of the job is `Args<T>`, a value of the builder is `State<S>` (from `punctual`, not from `axum::extract`)",
    note = "a task owns its parameters: `Args<String>` instead of `&str`, `State<Arc<T>>` instead of `&T`",
    note = "other parameters are `JobContext`, `Scheduler`, and types that implement or derive `FromContext`"
)]
pub trait FromContext: Sized + Send {
    /// Makes the parameter for an attempt of a run.
    ///
    /// # Errors
    ///
    /// Returns an error if the parameter cannot be made. The attempt then fails with this error.
    fn from_context(context: &JobContext) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// States that the parameter may read the arguments of the job. A job with arguments is refused
    /// if no parameter of its task may read them, so a parameter that never does sets this to
    /// `false`.
    const READS_ARGS: bool = true;

    /// Checks, when a job is added, that its runs could be given the parameter.
    ///
    /// # Errors
    ///
    /// Returns an error if they could not. The job is then refused with this error.
    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        let _ = context;
        Ok(())
    }
}

impl FromContext for JobContext {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(context.clone())
    }
}

/// The facts about a job that is added, for [`FromContext::check`].
#[derive(Clone, Copy)]
pub struct CheckContext<'a> {
    pub(crate) states: &'a States,
    pub(crate) task: &'a str,
    pub(crate) args: &'a str,
    /// `false` if the job is to run in a worker process.
    pub(crate) has_scheduler: bool,
}

impl CheckContext<'_> {
    /// Checks that a value of type `S` was given to the scheduler's builder.
    ///
    /// # Errors
    ///
    /// Returns an error if no such value was given. The error names the type and the fix.
    pub fn require_state<S: 'static>(&self) -> Result<(), BoxError> {
        let is_known = self.states.has::<S>();
        if is_known {
            Ok(())
        } else {
            Err(missing::<S>().into())
        }
    }

    /// Checks that the arguments of the job can be read as a `T`.
    ///
    /// # Errors
    ///
    /// Returns an error if they cannot. The error names the type and what does not fit.
    pub fn require_args<T: DeserializeOwned>(&self) -> Result<(), BoxError> {
        parsed::<T>(self.args).map(drop).map_err(Into::into)
    }

    /// Returns the arguments of the job as JSON text, `null` if it has none.
    #[must_use]
    pub fn args_json(&self) -> &str {
        self.args
    }
}

impl std::fmt::Debug for CheckContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckContext")
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// Makes one parameter. Generated code names the type of the parameter here, and nothing else that
/// may be at fault.
///
/// # Errors
///
/// Returns an error if the parameter could not be made.
pub fn made<P: FromContext>(
    context: &JobContext,
) -> impl Future<Output = Result<P, BoxError>> + Send {
    P::from_context(context)
}

/// Runs the check of one parameter. Returns `true` if the parameter may read the arguments.
///
/// # Errors
///
/// Returns an error if the runs of the job could not be given the parameter.
pub fn check<P: FromContext>(context: &CheckContext<'_>) -> Result<bool, Error> {
    let checked = P::check(context).map(|()| P::READS_ARGS);
    checked.map_err(|error| match error.downcast::<Error>() {
        Ok(own) => *own,
        Err(error) => {
            let parameter = type_name::<P>();
            let message = format!("the parameter `{parameter}` cannot be made: {error}");
            Error::of(ErrorKind::Invalid, message).telling(error)
        }
    })
}
