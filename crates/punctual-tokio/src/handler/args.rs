//! The arguments of a job as a parameter of its handler.

use std::any::type_name;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::{CheckContext, FromContext, JobContext};
use crate::beginning::beginning;
use crate::error::{BoxError, Error, ErrorKind};
use crate::handler::registry::legible;

/// The arguments of the job. A single one is taken as it is, several are a tuple, and named ones are
/// a struct.
///
/// The JSON of the arguments is read as a `T`. If that fails and the arguments are an array of one
/// element, that element is read as a `T`. The scheduler checks in the same way that they fit when
/// it adds the job.
///
/// ```
/// use punctual_tokio::Args;
///
/// #[derive(serde::Deserialize)]
/// struct Mail { to: String, urgent: bool }
///
/// async fn greet(Args(name): Args<String>) { /* "Ada", or [ "Ada" ] */ }
/// async fn repeat(Args((name, times)): Args<(String, u32)>) { /* [ "Ada", 3 ] */ }
/// async fn send(Args(mail): Args<Mail>) { /* { "to": "ada", "urgent": true } */ }
/// # let _ = (greet, repeat, send);
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "tasks write it as a pattern or a value"
)]
pub struct Args<T>(pub T);

/// The longest quotation of arguments that do not fit, in bytes.
const LONGEST_QUOTE: usize = 80;

pub(super) fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    let error = match serde_json::from_str(json) {
        Ok(whole) => return Ok(whole),
        Err(error) => error,
    };
    match serde_json::from_str::<(T,)>(json) {
        Ok((only,)) => Ok(only),
        // The array was no fault if its only element is of another kind than `T`.
        Err(of_element) if is_of_array(&error) && is_array_of_one(json) => {
            Err(unfit::<T>(json, &of_element))
        }
        Err(_) => Err(unfit::<T>(json, &error)),
    }
}

/// Returns `true` if an array was found where none can be read.
fn is_of_array(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("invalid type: sequence")
}

fn is_array_of_one(json: &str) -> bool {
    serde_json::from_str::<(IgnoredAny,)>(json).is_ok()
}

/// Refuses arguments that none of the parameters may read.
///
/// # Errors
///
/// Returns an error if the job has arguments and no parameter may read them. The error names the
/// task and the arguments.
pub fn check_args(context: &CheckContext<'_>, parameters_read: &[bool]) -> Result<(), Error> {
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
            format!("given: {}…", beginning(long, LONGEST_QUOTE))
        }
        short => format!("given: {short}"),
    }
}

#[cold]
fn unfit<T: DeserializeOwned>(json: &str, error: &serde_json::Error) -> Error {
    let wanted = short_name(type_name::<T>());
    if json == "null" {
        let message = format!(
            "args: none were given, but the task takes `Args<{wanted}>`; give them with `.args(..)`, or with `args(..)` in the attribute"
        );
        return Error::of(ErrorKind::Invalid, message);
    }
    let problem = too_many::<T>(json, error).unwrap_or_else(|| without_place(error));
    let given = given(json);
    let message = format!("args: do not fit `Args<{wanted}>`: {problem}; {given}");
    Error::of(ErrorKind::Invalid, message)
}

/// Returns the problem of an array that goes on behind the values that are wanted. serde calls these
/// trailing characters, and tells the wanted length of an array that is too short.
fn too_many<T: DeserializeOwned>(json: &str, error: &serde_json::Error) -> Option<String> {
    let values: Vec<IgnoredAny> = serde_json::from_str(json).ok()?;
    if !error.to_string().starts_with("trailing characters") {
        return None;
    }
    let of_none = without_place(&serde_json::from_str::<T>("[]").err()?);
    let wanted = of_none.strip_prefix("invalid length 0, expected ")?;
    Some(format!(
        "invalid length {}, expected {wanted}",
        values.len()
    ))
}

/// Returns the message of serde without a line and a column, since callers gave no lines.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let problem = message.strip_suffix(&place);
    problem.map_or(message.clone(), str::to_owned)
}

/// Returns the name of a type without the modules in front of its parts.
pub(super) fn short_name(name: &str) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut short = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        let next = after.find(is_of_name).unwrap_or(after.len());
        short.push_str(&after[..next]);
        rest = &after[next..];
    }
    short
}

impl<T: DeserializeOwned + Send> FromContext for Args<T> {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(Self(context.args()?))
    }

    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        context.require_args::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_left_over_are_counted() {
        let refused = |json: &str| parsed::<(String, u32)>(json).unwrap_err().to_string();
        assert_eq!(
            refused(r#"["ada",2,3]"#),
            "args: do not fit `Args<(String, u32)>`: invalid length 3, expected a tuple of size 2; \
             given: [\"ada\",2,3]"
        );
        assert_eq!(
            refused(r#"["ada"]"#),
            "args: do not fit `Args<(String, u32)>`: invalid length 1, expected a tuple of size 2; \
             given: [\"ada\"]"
        );
    }

    #[test]
    fn names_of_types_lose_their_modules() {
        for (name, short) in [
            ("alloc::string::String", "String"),
            ("(alloc::string::String, u32)", "(String, u32)"),
            ("alloc::vec::Vec<my_app::mail::Mail>", "Vec<Mail>"),
            ("[u8; 4]", "[u8; 4]"),
            ("()", "()"),
        ] {
            assert_eq!(short_name(name), short);
        }
    }
}
