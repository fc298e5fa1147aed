//! The arguments of a job as a parameter of its handler.

use std::any::type_name;

use serde::de::DeserializeOwned;

use super::{AddContext, FromContext, JobContext};
use crate::error::{BoxError, Error, ErrorKind};
use crate::handler::registry::legible;

/// The arguments of the job. Positional ones are a tuple, named ones are a struct.
///
/// The scheduler checks that they fit when it adds the job.
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

/// The longest quotation of arguments that do not fit, in bytes.
const LONGEST_QUOTE: usize = 80;

pub(super) fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| unfit::<T>(json, &error))
}

/// Refuses arguments that none of the parameters may read.
///
/// # Errors
///
/// Returns an error if the job has arguments and no parameter may read them. The error names the
/// task and the arguments.
pub fn check_args(context: &AddContext<'_>, parameters_read: &[bool]) -> Result<(), Error> {
    if parameters_read.contains(&true) || matches!(context.args, "null" | "[]" | "{}") {
        return Ok(());
    }
    let (task, given) = (legible(context.task), given(context.args));
    let message = format!("args: the task `{task}` takes no arguments; {given}");
    Err(Error::of(ErrorKind::Invalid, message))
}

fn given(json: &str) -> String {
    match json {
        "null" => "none were given".to_owned(),
        long if long.len() > LONGEST_QUOTE => {
            format!(
                "given: {}…",
                &long[..long.floor_char_boundary(LONGEST_QUOTE)]
            )
        }
        short => format!("given: {short}"),
    }
}

#[cold]
fn unfit<T>(json: &str, error: &serde_json::Error) -> Error {
    let given = given(json);
    let wanted = type_name::<T>();
    Error::of(
        ErrorKind::Invalid,
        format!("args: do not fit the task, which takes `{wanted}`: {error}; {given}"),
    )
}

impl<T: DeserializeOwned + Send> FromContext for Args<T> {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(Self(context.args()?))
    }

    fn check(context: &AddContext<'_>) -> Result<(), BoxError> {
        context.require_args::<T>()
    }
}
