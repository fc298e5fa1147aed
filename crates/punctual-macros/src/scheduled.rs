//! Reads and checks the options of `#[scheduled_job]`.

use proc_macro2::Span;
use punctual_core::{JobId, Policies, Trigger};
use serde_json::{Map, Value as Json, json};
use syn::ext::IdentExt as _;
use syn::{Expr, Ident, LitStr};

use crate::report::Report;
use crate::setting::Setting;
use crate::syntax::{Argument, Value};
use crate::task::text;
use crate::trigger::{self, Literal};
use crate::{policy, unknown};

/// The content of one `#[scheduled_job]`.
pub(crate) struct Job {
    pub(crate) span: Span,
    pub(crate) id: Option<LitStr>,
    pub(crate) trigger: When,
    /// Method calls on the new job, in the order in which they were written.
    pub(crate) settings: Vec<Setting>,
    pub(crate) policies: Map<String, Json>,
}

/// A trigger, either as checked JSON or as an expression.
pub(crate) enum When {
    Json(String),
    Expression(Box<Expr>),
}

impl Job {
    /// Reads the arguments that are left after the task has taken its own.
    pub(crate) fn read(span: Span, arguments: Vec<Argument>, report: &mut Report) -> Option<Self> {
        let mut reader = Reader {
            report,
            zone: None,
            seen: Vec::new(),
            trigger: None,
            expression: None,
            beside: Vec::new(),
            has_unknown: false,
            job: Self {
                span,
                id: None,
                trigger: When::Json(String::new()),
                settings: Vec::new(),
                policies: Map::new(),
            },
        };
        for argument in arguments {
            reader.argument(argument);
        }
        reader.finish()
    }
}

struct Reader<'a> {
    report: &'a mut Report,
    zone: Option<Json>,
    seen: Vec<String>,
    trigger: Option<Value>,
    expression: Option<Box<Expr>>,
    beside: Vec<(Ident, Value)>,
    has_unknown: bool,
    job: Job,
}

impl Reader<'_> {
    fn argument(&mut self, argument: Argument) {
        match (argument.name, argument.value) {
            (Some(name), value) => self.named(&name, value),
            (None, Value::Call(name, arguments)) if name == "every" => {
                self.has_unknown = true;
                self.report.add(unknown::every(&name, &arguments));
            }
            (None, Value::Call(name, arguments)) if !trigger::is_type(&name) => {
                self.named(&name.clone(), Value::Call(name, arguments));
            }
            (None, Value::Word(name)) => self.flag(&name),
            (None, value) => self.unnamed(value),
        }
    }

    fn unnamed(&mut self, value: Value) {
        if self.trigger.is_some() || self.expression.is_some() {
            let message =
                "a second trigger; a job has one, so write or(..) to fire at the times of several";
            self.report.fault(value.span(), message);
        } else {
            self.trigger = Some(value);
        }
    }

    fn flag(&mut self, name: &Ident) {
        match name.unraw().to_string().as_str() {
            "paused" => self.job.settings.push(Setting::Flag("paused")),
            "run_at_start" => self.job.settings.push(Setting::Flag("run_at_start")),
            _ => self.unknown(name),
        }
    }

    /// Reports an unknown option. It may have been meant as the trigger, which is then not reported
    /// as missing.
    fn unknown(&mut self, name: &Ident) {
        self.has_unknown = true;
        self.report.add(unknown::of_scheduled_job(name));
    }

    fn named(&mut self, name: &Ident, value: Value) {
        let key = name.unraw().to_string();
        if key != "tag" && self.seen.contains(&key) {
            let message = format!("{key}: is given twice");
            return self.report.fault(name.span(), message);
        }
        match key.as_str() {
            "id" => self.job.id = self.id(name, &value),
            "name" => self.text("name", name, &value),
            "store" => self.text("store", name, &value),
            "executor" => self.text("executor", name, &value),
            "tag" => self.text("tag", name, &value),
            "tags" => self.tags(name, &value),
            "paused" | "run_at_start" => self.switch(name, &value),
            "next_run_time" => self.next_run_time(&value),
            "args" => self.args(value),
            "trigger" => self.expression(value),
            _ if Policies::NAMES.contains(&key.as_str()) => {
                let read = policy::read(name, &value);
                let read = self.report.take(read);
                self.job.policies.extend(read);
            }
            _ if trigger::BESIDE.contains(&key.as_str()) => {
                if key == "timezone" {
                    self.zone = value.json().ok();
                }
                self.beside.push((name.clone(), value));
            }
            _ => self.unknown(name),
        }
        self.seen.push(key);
    }

    fn id(&mut self, name: &Ident, value: &Value) -> Option<LitStr> {
        let id = text(name, value, self.report)?;
        if let Err(error) = JobId::new(id.value()) {
            self.report.fault(id.span(), error);
        }
        Some(id)
    }

    fn text(&mut self, setting: &'static str, name: &Ident, value: &Value) {
        let text = text(name, value, self.report);
        if let Some(blank) = text.as_ref().filter(|text| text.value().trim().is_empty()) {
            let message = format!("{setting}: is blank; write a word, or leave it out");
            return self.report.fault(blank.span(), message);
        }
        let settings = &mut self.job.settings;
        settings.extend(text.map(|text| Setting::Text(setting, text)));
    }

    fn tags(&mut self, name: &Ident, value: &Value) {
        match value {
            Value::List(_, items) => items.iter().for_each(|item| self.text("tag", name, item)),
            other => {
                let message = "tags: expected a list of texts, as in `tags = [\"a\", \"b\"]`";
                self.report.fault(other.span(), message);
            }
        }
    }

    /// Reads a flag such as `paused = true`.
    fn switch(&mut self, name: &Ident, value: &Value) {
        match value.json() {
            Ok(Json::Bool(true)) => self.flag(name),
            Ok(Json::Bool(false)) => {}
            _ => {
                let message = format!("{name}: expected true or false");
                self.report.fault(value.span(), message);
            }
        }
    }

    fn next_run_time(&mut self, value: &Value) {
        let mut date = json!({"type": "date", "run_at": null});
        date["run_at"] = match self.report.take(value.json()) {
            Some(json) => json,
            None => return,
        };
        if let Some(zone) = &self.zone {
            date["timezone"] = zone.clone();
        }
        match date.to_string().parse::<Trigger>() {
            Ok(_) => {
                let settings = &mut self.job.settings;
                if let Some(text) = date["run_at"].as_str() {
                    settings.push(Setting::NextRunTime(text.to_owned()));
                }
            }
            Err(error) => {
                let message = error.to_string().replace("run_at", "next_run_time");
                self.report.fault(value.span(), message);
            }
        }
    }

    fn args(&mut self, value: Value) {
        let setting = match value {
            Value::Expression(expression) => Setting::Args(expression),
            Value::Call(_, arguments) => {
                let is_named = |argument: &Argument| argument.name.is_some();
                let positional = arguments.iter().find(|argument| !is_named(argument));
                let json = if let Some(positional) = positional
                    && arguments.iter().any(is_named)
                {
                    let message = "args: positional and named arguments cannot be mixed; write \
                                   `args(1, 2)` or `args(from = 1, to = 2)`";
                    Err(syn::Error::new(positional.value.span(), message))
                } else if arguments.iter().any(is_named) {
                    crate::syntax::object(&arguments)
                } else {
                    let values = arguments.iter().map(|argument| argument.value.json());
                    values.collect::<syn::Result<Json>>()
                };
                match self.report.take(json) {
                    Some(json) => Setting::ArgsJson(json.to_string()),
                    None => return,
                }
            }
            _ => return,
        };
        self.job.settings.push(setting);
    }

    fn expression(&mut self, value: Value) {
        let Value::Expression(expression) = value else {
            return;
        };
        if self.trigger.is_some() {
            let message = "a second trigger; a job has one";
            self.report
                .add(syn::Error::new_spanned(&expression, message));
        }
        self.expression = Some(expression);
    }

    fn finish(self) -> Option<Job> {
        let Reader {
            report,
            trigger,
            expression,
            beside,
            has_unknown,
            mut job,
            ..
        } = self;
        if let Some(expression) = expression {
            for (name, _) in beside {
                let message =
                    format!("{name}: belongs to the trigger; set it inside the expression");
                report.fault(name.span(), message);
            }
            job.trigger = When::Expression(expression);
            return Some(job);
        }
        let Some(trigger) = trigger else {
            if has_unknown {
                return None;
            }
            report.fault(
                job.span,
                "missing trigger; write a crontab text such as \"30 2 * * *\", or cron(..), \
                 interval(..), calendar_interval(..), date(..), and(..), or(..), custom(..), or \
                 `trigger = expression`; for a task without a schedule write `#[job]`",
            );
            return None;
        };
        let mut literal = report.take(Literal::read(&trigger))?;
        for (name, value) in &beside {
            report.take(literal.set(name, value));
        }
        job.trigger = When::Json(report.take(literal.check())?);
        Some(job)
    }
}
