//! What the attributes of a function say of its task.

use proc_macro2::Span;
use syn::{Ident, LitStr};

use crate::report::Report;
use crate::syntax::{Argument, Value};
use crate::unknown;

/// What all attributes of a function say of its task.
#[derive(Default)]
pub(crate) struct Task {
    pub(crate) name: Option<LitStr>,
    /// Where `schema` was written.
    pub(crate) schema: Option<Span>,
    /// Where generated code finds this project: `crate = "path"`.
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
                format!("`{value}` is no name of a task: it must not be empty or begin with `~`");
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

/// `#[job]` takes the options of the task and nothing else.
pub(crate) fn finish_job(arguments: Vec<Argument>, report: &mut Report) {
    for argument in arguments {
        match (&argument.name, &argument.value) {
            (Some(name), _) | (None, Value::Word(name) | Value::Call(name, _)) => {
                report.add(unknown::of_job(name));
            }
            (None, value) => report.fault(
                value.span(),
                "a task has no schedule: write `#[scheduled_job(..)]`, or `#[job(name = \"..\")]`",
            ),
        }
    }
}

/// The text that an option needs.
pub(crate) fn text(name: &Ident, value: &Value, report: &mut Report) -> Option<LitStr> {
    let text = value.text();
    if text.is_none() {
        let message = format!("{name}: expected a text, as in `{name} = \"..\"`");
        report.fault(value.span(), message);
    }
    text
}
