//! The declarations that a builder was given, and the jobs that a scheduler makes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declaration, linked};
use crate::config::{self, ConfiguredJobs};
use crate::error::{Error, ErrorKind};
use crate::handler::registry::Registry;
use crate::job::new_job::NewJob;

/// The declarations that a builder was given.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    declarations: Vec<Declaration>,
    expected: Vec<String>,
    has_searched: bool,
}

/// The declared jobs, with which a scheduler brings its stores up to date.
#[derive(Debug, Default)]
pub(crate) struct DeclaredJobs {
    declarations: Vec<Declaration>,
    configured: ConfiguredJobs,
}

impl Gathered {
    pub(crate) fn extend(&mut self, declarations: impl IntoIterator<Item = Declaration>) {
        for declaration in declarations {
            if !self.declarations.iter().any(|own| own.is(&declaration)) {
                self.declarations.push(declaration);
            }
        }
    }

    pub(crate) fn search(&mut self) {
        self.has_searched = true;
        let mut found: Vec<_> = linked::all().collect();
        // The linker gives no order.
        found.sort_unstable_by_key(|declaration| declaration.name);
        self.extend(found);
    }

    pub(crate) fn expect(&mut self, names: impl IntoIterator<Item = impl Into<String>>) {
        self.expected.extend(names.into_iter().map(Into::into));
    }

    /// Registers the tasks. It refuses expected names that are missing, and names and ids that are
    /// declared twice.
    pub(crate) fn register(
        self,
        registry: &Registry,
        configured: ConfiguredJobs,
    ) -> Result<DeclaredJobs, Error> {
        if self.has_searched {
            self.log();
        }
        self.check_expected()?;
        for declaration in &self.declarations {
            let declared = (declaration.task)();
            if !registry.register_function(declaration.name, declared.task, declared.function) {
                return Err(self.task_twice(declaration));
            }
        }
        self.check_ids(&configured)?;
        Ok(DeclaredJobs {
            declarations: self.declarations,
            configured,
        })
    }

    fn log(&self) {
        let jobs = self.declarations.iter().map(|own| own.jobs().count());
        tracing::info!(
            tasks = self.declarations.len(),
            jobs = jobs.sum::<usize>(),
            names = %names(&self.declarations),
            "found declared tasks and jobs"
        );
    }

    fn check_expected(&self) -> Result<(), Error> {
        let is_there = |wanted: &str| {
            self.declarations.iter().any(|own| {
                own.name == wanted
                    || own.by() == wanted
                    || own.jobs().any(|job| job.given_id() == Some(wanted))
            })
        };
        let missing: Vec<_> = self
            .expected
            .iter()
            .filter(|wanted| !is_there(wanted))
            .map(|wanted| format!("`{wanted}`"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let found = match &*self.declarations {
            [] => "nothing was found".to_owned(),
            some => format!("found: {}", names(some)),
        };
        Err(Error::of(
            ErrorKind::NotFound,
            format!(
                "discover: no task, job or crate {} is declared; a crate that is linked but never named \
                 contributes nothing: write `use the_crate as _;`, or list its functions with \
                 `.jobs(jobs![..])`; {found}",
                missing.join(", ")
            ),
        ))
    }

    fn task_twice(&self, second: &Declaration) -> Error {
        let first = self.declarations.iter().find(|own| own.name == second.name);
        let first = match first.filter(|first| !first.is(second)) {
            Some(first) => format!("by {first}"),
            None => "to the builder by `.task(..)`".to_owned(),
        };
        Error::of(
            ErrorKind::Conflict,
            format!(
                "task: {second} has a name that was given {first} already; give one of them another `name`"
            ),
        )
    }

    fn check_ids(&self, configured: &ConfiguredJobs) -> Result<(), Error> {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (origin, job) in all_jobs(&self.declarations, configured) {
            let Some(id) = job.given_id() else { continue };
            if let Some(first) = seen.insert(id.to_owned(), origin.clone()) {
                let by = if first == origin {
                    format!("twice by {origin}")
                } else {
                    format!("by {first} and by {origin}")
                };
                let message =
                    format!("id: the job `{id}` is declared {by}; give one of them another `id`");
                return Err(Error::of(ErrorKind::Conflict, message));
            }
        }
        Ok(())
    }
}

fn names(declarations: &[Declaration]) -> String {
    let names: Vec<_> = declarations.iter().map(|own| own.name).collect();
    names.join(", ")
}

/// Returns every job, with the name of what declares it.
fn all_jobs(
    declarations: &[Declaration],
    configured: &ConfiguredJobs,
) -> impl Iterator<Item = (String, NewJob)> {
    let declared = declarations
        .iter()
        .flat_map(|own| own.jobs().map(|job| (own.to_string(), job)));
    let configured = configured.jobs();
    declared.chain(configured.map(|job| ("the configuration".to_owned(), job)))
}

impl DeclaredJobs {
    pub(crate) fn is_empty(&self) -> bool {
        self.declarations.is_empty() && self.configured.is_empty()
    }

    /// Returns every declared job, with the name of what declares it.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = (String, NewJob)> {
        all_jobs(&self.declarations, &self.configured)
    }

    /// Returns the crates that declare something for this scheduler, and the configuration if it
    /// does.
    pub(crate) fn crates(&self) -> BTreeSet<&'static str> {
        let crates = self.declarations.iter().map(Declaration::by);
        let configured = (!self.configured.is_empty()).then_some(config::BY);
        crates.chain(configured).collect()
    }

    /// Returns the ids of all jobs that code of this program declares, for this scheduler or
    /// another one.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let linked = linked::all().flat_map(|own| own.jobs().collect::<Vec<_>>());
        let own = self.jobs().map(|(_, job)| job);
        let ids = own.chain(linked);
        ids.filter_map(|job| job.given_id().map(str::to_owned))
            .collect()
    }
}
