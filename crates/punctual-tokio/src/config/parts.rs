//! The tables of a configuration.

use punctual_core::{Error, PoliciesBuilder, Trigger};
use punctual_store::{LedgerLimits, MemoryStore};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::executor::Executor;
use crate::executor::program::Program;
use crate::job::new_job::NewJob;

/// `[stores.ALIAS]`
#[derive(Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StoreTable {
    Memory {
        /// The number of ended runs of all jobs together that the store remembers.
        total: Option<usize>,
        /// The number of ended runs of one job that the store remembers.
        per_job: Option<usize>,
    },
    /// A store that is opened by code that knows the database.
    Sql { url: String, prefix: Option<String> },
}

pub(crate) fn memory(total: Option<usize>, per_job: Option<usize>) -> MemoryStore {
    let limits = LedgerLimits::default();
    MemoryStore::with_ledger(LedgerLimits::new(
        total.unwrap_or(limits.total),
        per_job.unwrap_or(limits.per_job),
    ))
}

/// `[executors.ALIAS]`
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ExecutorConfig {
    Tokio { at_most: Option<usize> },
    Blocking { threads: usize },
    Local { at_most: Option<usize> },
    Process { workers: usize },
    Command { programs: usize },
    Inline {},
}

impl ExecutorConfig {
    pub(crate) fn make(self) -> Executor {
        let limited = |executor: Executor, most: Option<usize>| match most {
            Some(most) => executor.at_most(most),
            None => executor,
        };
        match self {
            Self::Tokio { at_most } => limited(Executor::tokio(), at_most),
            Self::Blocking { threads } => Executor::blocking(threads),
            Self::Local { at_most } => limited(Executor::local(), at_most),
            Self::Process { workers } => Executor::process(workers),
            Self::Command { programs } => Executor::command(programs),
            Self::Inline {} => Executor::inline(),
        }
    }
}

/// `[[jobs]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobConfig {
    /// The id of the job. Without one a restart could not find the job again.
    id: String,
    /// The name of a task of the builder.
    task: Option<String>,
    /// The program of the job, if it has no task.
    program: Option<Program>,
    #[serde(deserialize_with = "trigger")]
    trigger: Trigger,
    name: Option<String>,
    #[serde(default)]
    args: Value,
    #[serde(default)]
    tags: Vec<String>,
    store: Option<String>,
    executor: Option<String>,
    #[serde(default)]
    policies: PoliciesBuilder,
}

impl JobConfig {
    pub(super) fn problem(&self) -> Option<String> {
        let id = &self.id;
        match (&self.task, &self.program) {
            (None, None) => Some(format!("the job `{id}` has neither `task` nor `program`")),
            (Some(_), Some(_)) => Some(format!(
                "the job `{id}` has both `task` and `program`; it can have one of them"
            )),
            (None, Some(_)) if !self.args.is_null() => Some(format!(
                "the job `{id}` is a program; its arguments are `program.args`"
            )),
            _ => None,
        }
    }

    pub(super) fn make(&self) -> NewJob {
        let mut job = match &self.program {
            Some(program) => NewJob::new(program.clone(), self.trigger.clone()),
            None => NewJob::new(
                self.task.as_deref().unwrap_or_default(),
                self.trigger.clone(),
            ),
        };
        job = job.id(&*self.id);
        if self.program.is_none() {
            job = job.args(&self.args);
        }
        if let Some(name) = &self.name {
            job = job.name(&**name);
        }
        if let Some(store) = &self.store {
            job = job.store(&**store);
        }
        if let Some(executor) = &self.executor {
            job = job.executor(&**executor);
        }
        for tag in &self.tags {
            job = job.tag(&**tag);
        }
        job.own_policies(self.policies.clone())
    }
}

/// Reads a trigger from its table, or from a text such as a crontab expression.
fn trigger<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Trigger, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => text
            .parse()
            .map_err(|error: Error| de::Error::custom(error)),
        table => serde_json::from_value(table).map_err(de::Error::custom),
    }
}
