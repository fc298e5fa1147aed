//! Errors for unknown options, with the option that was probably meant.

use punctual_core::Policies;
use punctual_core::suggest::nearest;
use syn::Ident;
use syn::ext::IdentExt as _;

use crate::syntax::Argument;

const OF_JOB: [&str; 3] = ["name", "schema", "crate"];

/// The options besides the policies.
const OF_SCHEDULED_JOB: [&str; 21] = [
    "id",
    "name",
    "task",
    "tag",
    "tags",
    "args",
    "trigger",
    "store",
    "executor",
    "next_run_time",
    "paused",
    "run_at_start",
    "timezone",
    "start",
    "end",
    "gap",
    "fold",
    "day_and_weekday",
    "first_run",
    "schema",
    "crate",
];

/// Returns all options of `#[scheduled_job]`.
fn of_any_job() -> Vec<&'static str> {
    [&OF_SCHEDULED_JOB[..], &Policies::NAMES].concat()
}

pub(crate) fn of_job(name: &Ident) -> syn::Error {
    let key = name.unraw().to_string();
    let hint = if key == "task" {
        "the name of the task is `name` here".to_owned()
    } else if of_any_job().contains(&key.as_str()) {
        "it is one of `#[scheduled_job]`, or of `add_job`".to_owned()
    } else {
        near(&key, &OF_JOB)
    };
    syn::Error::new(
        name.span(),
        format!("unknown option `{key}` for `#[job]`; {hint}"),
    )
}

pub(crate) fn of_scheduled_job(name: &Ident) -> syn::Error {
    let key = name.unraw().to_string();
    let hint = meant(&key).map_or_else(|| near(&key, &of_any_job()), str::to_owned);
    let message = format!("unknown option `{key}` for `#[scheduled_job]`; {hint}");
    syn::Error::new(name.span(), message)
}

/// Returns the error for `every(seconds = 5)`, with the trigger that was meant.
pub(crate) fn every(name: &Ident, arguments: &[Argument]) -> syn::Error {
    let written = |argument: &Argument| {
        let unit = argument.name.as_ref()?;
        Some(format!("{unit} = {}", argument.value.json().ok()?))
    };
    let written: Option<Vec<_>> = arguments.iter().map(written).collect();
    let meant = match written.filter(|written| !written.is_empty()) {
        Some(written) => format!("interval({})", written.join(", ")),
        None => "interval(seconds = 5)".to_owned(),
    };
    let message = format!("unknown trigger `every`; did you mean `{meant}`?");
    syn::Error::new(name.span(), message)
}

/// Returns a hint for a name that `APScheduler` and other libraries use.
fn meant(key: &str) -> Option<&'static str> {
    Some(match key {
        "replace_existing" => "it is implied, since a declared job is always brought up to date",
        "jobstore" => "it is called `store`",
        "kwargs" => "named arguments are written as `args(to = \"ada\")`",
        "func" => "the function is the one below",
        "year" | "month" | "day" | "week" | "day_of_week" | "hour" | "minute" | "second" => {
            "it is a field of a trigger, as in `cron(hour = 9)`"
        }
        "weeks" | "days" | "hours" | "minutes" | "seconds" => {
            "it is a field of a trigger, as in `interval(minutes = 2)`"
        }
        "run_date" | "run_at" => "write `date(\"2026-03-01T10:00:00\")`",
        "start_date" => "it is called `start`",
        "end_date" => "it is called `end`",
        "tz" => "it is called `timezone`",
        "expr" => "a crontab text stands first, without a name",
        _ => return None,
    })
}

fn near(key: &str, known: &[&str]) -> String {
    if let Some(name) = nearest(key, known.iter().copied()) {
        return format!("did you mean `{name}`?");
    }
    match crate::trigger::near(key) {
        Some(trigger) => format!("did you mean `{trigger}(..)`?"),
        None => format!("its options are {}", known.join(", ")),
    }
}
