//! The options of a task in the attributes of its function.

use proc_macro2::Span;
use syn::{Ident, LitStr};

use crate::report::Report;
use crate::syntax::{Argument, Value};
use crate::unknown;

/// The options of a task from all attributes of its function.
#[derive(Default)]
pub(crate) struct Task {
    pub(crate) name: Option<LitStr>,
    /// The place of `schema`, if it was given.
    pub(crate) schema: Option<Span>,
    /// The path to this project for generated code, from `crate = "path"`.
    pub(crate) facade: Option<syn::Path>,
}

impl Task {
    /// Takes the options of the task out of the arguments of an attribute.
    pub(crate) fn take(&mut self, key: &str, arguments: &mut Vec<Argument>, report: &mut Report) {
        let mut rest = Vec::new();
        for argument in arguments.drain(..) {
            match (&argument.name, &argument.value) {
                (None, Value::Word(word)) if word == "schema" => self.schema = Some(word.span()),
                (Some(name), value) if name == key => {
                    if let Some(text) = text(name, value, report) {
                        self.set_name(text, report);
                    }
                }
                (Some(name), value) if name == "crate" => {
                    let path = text(name, value, report).map(|text| text.parse());
                    self.facade = path.and_then(|path| report.take(path));
                }
                _ => rest.push(argument),
            }
        }
        *arguments = rest;
    }

    fn set_name(&mut self, name: LitStr, report: &mut Report) {
        let value = name.value();
        if value.is_empty() || value.starts_with('~') {
            let message =
                format!("invalid task name `{value}`; it must not be empty or begin with `~`");
            report.fault(name.span(), message);
        }
        match &self.name {
            Some(first) if first.value() != value => {
                let first = first.value();
                report.fault(name.span(), format!("the task is named `{first}` already"));
            }
            _ => self.name = Some(name),
        }
    }
}

/// Reports all arguments that are left, since `#[job]` takes the options of the task only.
pub(crate) fn finish_job(arguments: Vec<Argument>, report: &mut Report) {
    for argument in arguments {
        match (&argument.name, &argument.value) {
            (Some(name), _) | (None, Value::Word(name) | Value::Call(name, _)) => {
                report.add(unknown::of_job(name));
            }
            (None, value) => report.fault(
                value.span(),
                "a task has no schedule; write `#[scheduled_job(..)]`, or `#[job(name = \"..\")]`",
            ),
        }
    }
}

/// Returns the text of an option that needs one.
pub(crate) fn text(name: &Ident, value: &Value, report: &mut Report) -> Option<LitStr> {
    let text = value.text();
    if text.is_none() {
        let message = format!("{name}: expected a text, as in `{name} = \"..\"`");
        report.fault(value.span(), message);
    }
    text
}
