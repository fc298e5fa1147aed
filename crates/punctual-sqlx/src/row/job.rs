//! A job as columns.

use std::borrow::Cow;
use std::sync::Arc;

use punctual_core::{Declared, Job, JobId, JobState, Policies};
use punctual_store::{Error, StoredJob, limits};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::instant::{at, micros};
use super::words;

/// The form of the rows that this version writes, and the newest that it can read.
pub(crate) const VERSION: i64 = 1;

/// The definition of a job, as texts.
#[derive(Debug, Serialize)]
pub(crate) struct Definition<'a> {
    pub(crate) version: i64,
    pub(crate) name: Option<&'a str>,
    pub(crate) task: &'a str,
    pub(crate) args: Option<&'a str>,
    pub(crate) trigger: String,
    pub(crate) tags: Option<String>,
    pub(crate) executor: Option<&'a str>,
    pub(crate) policies: Option<String>,
    pub(crate) declared: Option<String>,
}

impl<'a> Definition<'a> {
    /// Returns the definition of a job as texts.
    ///
    /// # Errors
    ///
    /// Returns an error if the job is longer than a store keeps.
    pub(crate) fn of(job: &'a Job) -> Result<Self, Error> {
        limits::check(job)?;
        let tags: Vec<&str> = job.tags().collect();
        let policies = job.policies();
        Ok(Self {
            version: VERSION,
            name: job.own_name(),
            task: job.task(),
            args: Some(job.args_json()).filter(|args| *args != "null"),
            trigger: json(job.trigger())?,
            tags: (!tags.is_empty()).then(|| json(&tags)).transpose()?,
            executor: Some(job.executor()).filter(|alias| *alias != "default"),
            policies: (*policies != Policies::default())
                .then(|| json(policies))
                .transpose()?,
            declared: job.declared().map(json).transpose()?,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        let texts = [
            self.name,
            Some(self.task),
            self.args,
            Some(&self.trigger),
            self.tags.as_deref(),
            self.executor,
            self.policies.as_deref(),
            self.declared.as_deref(),
        ];
        texts.into_iter().flatten().map(str::len).sum()
    }
}

fn json(value: impl Serialize) -> Result<String, Error> {
    serde_json::to_string(&value)
        .map_err(|error| Error::refused(format!("the job cannot be written as JSON: {error}")))
}

/// All columns that are written of a job.
#[derive(Debug, Serialize)]
pub(crate) struct Written<'a> {
    pub(crate) id: &'a str,
    #[serde(flatten)]
    pub(crate) definition: Definition<'a>,
    pub(crate) next_run_time: Option<i64>,
    pub(crate) anchor: Option<i64>,
    pub(crate) incarnation: u64,
    pub(crate) revision: u64,
    pub(crate) token: u64,
    pub(crate) paused: bool,
    pub(crate) finished: bool,
    pub(crate) search_limit: bool,
    pub(crate) absence: &'static str,
}

impl<'a> Written<'a> {
    /// Returns the columns of a job.
    ///
    /// # Errors
    ///
    /// Returns an error if the job is longer than a store keeps.
    pub(crate) fn new(job: &'a Job, state: &JobState) -> Result<Self, Error> {
        Ok(Self::of(job.id(), Definition::of(job)?, state))
    }

    pub(crate) fn of(id: &'a JobId, definition: Definition<'a>, state: &JobState) -> Self {
        Self {
            id: id.as_str(),
            definition,
            next_run_time: micros(state.next_run_time),
            anchor: micros(state.anchor),
            incarnation: state.incarnation,
            revision: state.revision,
            token: state.token,
            paused: state.paused,
            finished: state.finished,
            search_limit: state.search_limit,
            absence: words::absence_word(state.absence),
        }
    }
}

/// The columns of a job as they are read.
#[derive(Debug)]
pub(crate) struct JobRow<'r> {
    pub(crate) id: &'r str,
    pub(crate) version: i64,
    pub(crate) name: Option<&'r str>,
    pub(crate) task: &'r str,
    pub(crate) args: Option<&'r str>,
    pub(crate) trigger: &'r str,
    pub(crate) tags: Option<&'r str>,
    pub(crate) executor: Option<&'r str>,
    pub(crate) policies: Option<&'r str>,
    pub(crate) declared: Option<&'r str>,
    pub(crate) state: StateRow<'r>,
}

/// The state of a job as it is read, by name or by place.
#[derive(Debug, Deserialize)]
pub(crate) struct StateRow<'r> {
    pub(crate) next_run_time: Option<i64>,
    pub(crate) anchor: Option<i64>,
    pub(crate) incarnation: i64,
    pub(crate) revision: i64,
    pub(crate) running: i64,
    pub(crate) queued: i64,
    pub(crate) token: i64,
    pub(crate) birth: i64,
    pub(crate) paused: i64,
    pub(crate) finished: i64,
    pub(crate) search_limit: i64,
    #[serde(borrow)]
    pub(crate) absence: Cow<'r, str>,
}

impl JobRow<'_> {
    /// Returns the job, or the reason why the row cannot be decoded.
    pub(crate) fn decode(&self) -> Result<StoredJob, String> {
        if self.version > VERSION {
            return Err(format!(
                "version: a newer Punctual wrote it (form {}, this one reads up to {VERSION})",
                self.version
            ));
        }
        let state = self.state.decode()?;
        let id = JobId::new(self.id).map_err(|error| error.to_string())?;
        let mut job = Job::new(id, self.task, parse("trigger_json", self.trigger)?)
            .with_name(self.name)
            .with_executor(self.executor);
        if let Some(args) = self.args {
            job = job
                .with_args_json(args)
                .map_err(|error| format!("args_json: {error}"))?;
        }
        if let Some(tags) = self.tags {
            job = job.with_tags(parse::<Vec<String>>("tags_json", tags)?);
        }
        if let Some(policies) = self.policies {
            job = job.with_policies(parse("policies_json", policies)?);
        }
        if let Some(declared) = self.declared {
            job = job.with_declared(Some(parse::<Declared>("declared_json", declared)?));
        }
        Ok(StoredJob::new(Arc::new(job), state))
    }
}

impl StateRow<'_> {
    /// Returns the counts, which ends of runs change even if the rest cannot be decoded.
    pub(crate) fn counts(&self) -> Result<JobState, String> {
        let mut state = JobState::default();
        state.running = count("running", self.running)?;
        state.queued = count("queued", self.queued)?;
        state.token = count("token", self.token)?;
        state.birth = count("birth", self.birth)?;
        state.finished = self.finished != 0;
        Ok(state)
    }

    pub(crate) fn decode(&self) -> Result<JobState, String> {
        let mut state = self.counts()?;
        state.next_run_time = at("next_run_time", self.next_run_time)?;
        state.anchor = at("anchor", self.anchor)?;
        state.incarnation = count("incarnation", self.incarnation)?;
        state.revision = count("revision", self.revision)?;
        state.paused = self.paused != 0;
        state.search_limit = self.search_limit != 0;
        state.absence = words::absence(&self.absence)
            .ok_or_else(|| format!("absence: unknown reason `{}`", self.absence))?;
        Ok(state)
    }
}

pub(crate) fn parse<T: DeserializeOwned>(column: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{column}: {error}"))
}

pub(crate) fn count<T: TryFrom<i64>>(column: &str, number: i64) -> Result<T, String> {
    T::try_from(number).map_err(|_| format!("{column}: `{number}` is not a valid count"))
}

#[cfg(test)]
mod tests {
    use punctual_core::{Cron, Retry};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_length_of_a_job_is_that_of_its_columns() {
        let trigger = Cron::new().hour("9").build().unwrap();
        let job = Job::new(JobId::new("a").unwrap(), "mail.send", trigger);
        let policies = Policies::new().timeout("5m").retry(Retry::attempts(3));
        let policies = policies.build().unwrap();
        let text = "\"quoted\" and 長";
        for job in [
            job.clone(),
            job.clone()
                .with_args(&json!([text, 1]))
                .with_name(Some(text)),
            job.clone()
                .with_tags([text, "b"])
                .with_executor(Some("default")),
            job.clone()
                .with_executor(Some("slow"))
                .with_policies(policies),
            job.with_declared(Some(Declared::new("app", "definition"))),
        ] {
            let columns = Definition::of(&job).unwrap();
            assert_eq!(limits::bytes(&job), columns.bytes(), "{columns:?}");
        }
    }
}
