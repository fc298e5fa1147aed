//! The values that a handler returns, and their outcomes in the ledger.

use std::any::Any;

use punctual_core::{Outcome, json};
use punctual_store::EndText;
use serde::Serialize;

use crate::apart::drop_here;
use crate::beginning::beginning;
use crate::error::{BoxError, with_causes};

/// The longest result or error text that is kept, in bytes. It bounds the memory that the ledger
/// takes.
const LONGEST_TEXT: usize = 64 * 1_024;

/// A result that the ledger keeps as JSON.
///
/// A run whose result cannot be written as JSON has failed. NaN, an infinity and an integer beyond
/// 64 bits are reasons for that too.
///
/// ```
/// use punctual_tokio::Output;
///
/// async fn count() -> Output<u32> { Output(42) }
/// # let _ = count;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[expect(
    clippy::exhaustive_structs,
    reason = "tasks write it as a pattern or a value"
)]
pub struct Output<T>(pub T);

/// A type that a handler may return. It is `()`, [`Output<T>`], or a `Result` whose value can be
/// serialised.
///
/// There is no blanket implementation for every type that can be serialised. A `Result` can be
/// serialised too, and its error would be recorded as success.
///
/// No other crate can make the answer of its method, so no other crate implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a task",
    label = "not the result of a task",
    note = "a task returns `()`, `Output<T>`, or `Result<T, E>` with `T: Serialize`; a plain value is returned as `Output(value)`"
)]
pub trait IntoOutcome {
    #[doc(hidden)]
    fn into_outcome(self) -> Finish;
}

/// An error that a handler may return. It is every error that `?` turns into a
/// [`BoxError`](crate::BoxError), such as a type that implements [`std::error::Error`], or a text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a task",
    label = "not the error of a task",
    note = "write `Result<_, punctual::handler::BoxError>`, which is `Box<dyn Error + Send + Sync>`; a `Box<dyn Error>` cannot leave its thread",
    note = "an error type of your own implements `std::error::Error`, or `Into<BoxError>`"
)]
pub trait IntoJobError: sealed::IntoBoxError {}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IntoJobError for E {}

mod sealed {
    use super::BoxError;

    #[expect(unnameable_types, reason = "it seals the public trait")]
    pub trait IntoBoxError {
        fn into_box_error(self) -> BoxError;
    }

    #[diagnostic::do_not_recommend]
    impl<E: Into<BoxError>> IntoBoxError for E {
        fn into_box_error(self) -> BoxError {
            self.into()
        }
    }
}

/// The end of an attempt.
#[derive(Debug)]
pub struct Finish {
    pub(crate) outcome: Outcome,
    pub(crate) text: Option<EndText>,
}

impl Finish {
    pub(crate) fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            text: None,
        }
    }

    pub(crate) fn failed(error: &BoxError) -> Self {
        let text = with_causes(&**error);
        Self::with_error(Outcome::Failed, text)
    }

    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("the panic has no message");
        let finish = Self::with_error(Outcome::Panicked, message.to_owned());
        drop_here(payload);
        finish
    }

    pub(crate) fn with_error(outcome: Outcome, mut text: String) -> Self {
        if text.len() > LONGEST_TEXT {
            text.truncate(beginning(&text, LONGEST_TEXT).len());
            text.push('…');
        }
        Self {
            outcome,
            text: Some(EndText::Error(text.into())),
        }
    }

    fn succeeded(value: &impl Serialize) -> Self {
        match json::to_text("result", value) {
            Ok(json) if json == "null" => Self::plain(Outcome::Succeeded),
            Ok(json) if json.len() <= LONGEST_TEXT => Self {
                outcome: Outcome::Succeeded,
                text: Some(EndText::Result(json.into())),
            },
            Ok(json) => Self {
                outcome: Outcome::Succeeded,
                text: Some(EndText::Result(
                    format!(r#"{{"too_long_to_keep":{}}}"#, json.len()).into(),
                )),
            },
            Err(error) => Self::with_error(
                Outcome::Failed,
                format!("the result cannot be kept: {error}"),
            ),
        }
    }
}

impl From<Finish> for punctual_machine::Finish {
    fn from(finish: Finish) -> Self {
        let Finish { outcome, text } = finish;
        Self { outcome, text }
    }
}

impl From<punctual_machine::Finish> for Finish {
    fn from(finish: punctual_machine::Finish) -> Self {
        let punctual_machine::Finish { outcome, text } = finish;
        Self { outcome, text }
    }
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Finish {
        Finish::plain(Outcome::Succeeded)
    }
}

impl<T: Serialize> IntoOutcome for Output<T> {
    fn into_outcome(self) -> Finish {
        Finish::succeeded(&self.0)
    }
}

impl<T: Serialize, E: IntoJobError> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Finish {
        match self {
            Ok(value) => Finish::succeeded(&value),
            Err(error) => Finish::failed(&error.into_box_error()),
        }
    }
}
