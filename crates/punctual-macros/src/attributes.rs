//! Reads all `#[job]` and `#[scheduled_job]` attributes of one function together.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::{Attribute, ItemFn, Meta, Path};

use crate::report::Report;
use crate::scheduled::Job;
use crate::syntax::Arguments;
use crate::task::{Task, finish_job};

/// The kind of an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Job,
    ScheduledJob,
}

/// The content of all attributes of a function.
pub(crate) struct Declared {
    pub(crate) task: Task,
    pub(crate) jobs: Vec<Job>,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let last = &path.segments.last()?.ident;
        match () {
            () if last == "job" => Some(Self::Job),
            () if last == "scheduled_job" => Some(Self::ScheduledJob),
            () => None,
        }
    }
}

/// Reads the attribute that is expanded, and removes the rest from the function.
pub(crate) fn take(
    kind: Kind,
    arguments: TokenStream,
    function: &mut ItemFn,
    report: &mut Report,
) -> Declared {
    let span = Span::call_site();
    let mut found = vec![(kind, span, syn::parse2::<Arguments>(arguments))];
    function.attrs.retain(|attribute| {
        let Some(kind) = Kind::of(attribute.path()) else {
            return true;
        };
        found.push((kind, name(attribute), parse(attribute)));
        false
    });
    let mut declared = Declared {
        task: Task::default(),
        jobs: Vec::new(),
    };
    let mut has_job = false;
    for (kind, span, arguments) in found {
        let Some(Arguments(mut arguments)) = report.take(arguments) else {
            continue;
        };
        match kind {
            Kind::Job => {
                if std::mem::replace(&mut has_job, true) {
                    report.fault(span, "a second `#[job]`; a function is one task only");
                }
                declared.task.take("name", &mut arguments, report);
                finish_job(arguments, report);
            }
            Kind::ScheduledJob => {
                declared.task.take("task", &mut arguments, report);
                declared.jobs.extend(Job::read(span, arguments, report));
            }
        }
    }
    check_ids(&declared.jobs, report);
    declared
}

fn name(attribute: &Attribute) -> Span {
    let last = attribute.path().segments.last();
    last.map_or_else(|| attribute.span(), |last| last.ident.span())
}

fn parse(attribute: &Attribute) -> syn::Result<Arguments> {
    match &attribute.meta {
        Meta::Path(_) => Ok(Arguments(Vec::new())),
        _ => attribute.parse_args(),
    }
}

/// Checks the ids of the jobs. The first job is named after its task, and the rest need ids of
/// their own.
fn check_ids(jobs: &[Job], report: &mut Report) {
    let mut seen = BTreeSet::new();
    let mut has_default = false;
    for job in jobs {
        match &job.id {
            Some(id) => {
                let text = id.value();
                if !seen.insert(text.clone()) {
                    let message =
                        format!("id: duplicate `{text}`; each job of a function needs its own id");
                    report.fault(id.span(), message);
                }
            }
            None if std::mem::replace(&mut has_default, true) => report.fault(
                job.span,
                "id: missing, since only the first job of a function is named after its task; \
                 add `id = \"..\"`",
            ),
            None => {}
        }
    }
}
