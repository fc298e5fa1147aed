//! A job as the store keeps it: what was asked for, and how it stands.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

use crate::plan::{FirstFire, JobView, Next, Resumed};
use crate::{Declared, Error, JobId, MissReason, Policies, Trigger, Undecided, Warning, json};

static DEFAULT_POLICIES: LazyLock<Policies> = LazyLock::new(Policies::default);

/// What was asked for: what to call, with what, when, and under which policies.
///
/// How the job stands is its [`JobState`]. A job is shared between store and scheduler and kept by
/// the hundred thousand, so short texts lie within it and its rare parts are one pointer.
///
/// ```
/// use punctual_core::{Interval, Job, JobId};
/// use std::time::Duration;
///
/// let trigger = Interval::every(Duration::from_secs(60)).build()?;
/// let job = Job::new(JobId::new("poll")?, "inbox.poll", trigger).with_args(&serde_json::json!([7]));
/// let json = serde_json::to_string(&job).unwrap();
/// assert!(json.starts_with(r#"{"id":"poll","task":"inbox.poll","args":[7],"#), "{json}");
/// assert_eq!(serde_json::from_str::<Job>(&json).unwrap(), job);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Job {
    id: JobId,
    task: Arc<str>,
    /// JSON text, empty for none: a tenth of the memory of a `Value`.
    args: SmolStr,
    name: Option<SmolStr>,
    trigger: Trigger,
    rare: Option<Box<Rare>>,
}

/// What most jobs leave at its default.
#[derive(Debug, Clone, PartialEq, Default)]
struct Rare {
    policies: Policies,
    tags: Box<[Box<str>]>,
    executor: Option<Box<str>>,
    declared: Option<Declared>,
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: JobId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    task: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    args: Value,
    trigger: Trigger,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    executor: Option<String>,
    #[serde(default)]
    policies: Policies,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declared: Option<Declared>,
}

impl Job {
    /// A job with default policies and without arguments.
    #[must_use]
    pub fn new(id: JobId, task: impl Into<Arc<str>>, trigger: Trigger) -> Self {
        Self {
            id,
            task: task.into(),
            args: SmolStr::default(),
            name: None,
            trigger,
            rare: None,
        }
    }

    /// The same with another id.
    #[must_use]
    pub fn with_id(self, id: JobId) -> Self {
        Self { id, ..self }
    }

    /// The same with a name for people. An empty one is none.
    #[must_use]
    pub fn with_name(self, name: Option<&str>) -> Self {
        Self {
            name: name.filter(|name| !name.is_empty()).map(Into::into),
            ..self
        }
    }

    /// The same with another task.
    #[must_use]
    pub fn with_task(self, task: impl Into<Arc<str>>) -> Self {
        Self {
            task: task.into(),
            ..self
        }
    }

    /// The same with other arguments: an array for positional ones, an object for named ones.
    ///
    /// `serde_json` has made NaN and infinities `null` in such a tree, and integers beyond 64 bits
    /// floats. [`json::to_text`] and [`with_args_json`](Self::with_args_json) refuse them.
    #[must_use]
    pub fn with_args(self, args: &Value) -> Self {
        let args = if args.is_null() {
            SmolStr::default()
        } else {
            args.to_string().into()
        };
        Self { args, ..self }
    }

    /// The same with other arguments, as JSON text.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, is nested too deep, or holds a number that reading would change; see
    /// [`json::check`].
    pub fn with_args_json(self, json: &str) -> Result<Self, Error> {
        json::check("args", json)?;
        let args = if json == "null" { "" } else { json };
        Ok(Self {
            args: args.into(),
            ..self
        })
    }

    /// The same with another trigger.
    #[must_use]
    pub fn with_trigger(self, trigger: Trigger) -> Self {
        Self { trigger, ..self }
    }

    /// The same with other policies.
    #[must_use]
    pub fn with_policies(self, policies: Policies) -> Self {
        let is_rare = policies != *DEFAULT_POLICIES;
        self.with_rare(is_rare, |rare| rare.policies = policies)
    }

    /// The same with other words to find it by.
    #[must_use]
    pub fn with_tags(self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let tags: Box<[Box<str>]> = tags.into_iter().map(|tag| tag.as_ref().into()).collect();
        self.with_rare(!tags.is_empty(), |rare| rare.tags = tags)
    }

    /// The same on another executor.
    #[must_use]
    pub fn with_executor(self, alias: Option<&str>) -> Self {
        self.with_rare(alias.is_some(), |rare| {
            rare.executor = alias.map(Into::into);
        })
    }

    /// The same with another mark of the code that declared it.
    #[must_use]
    pub fn with_declared(self, declared: Option<Declared>) -> Self {
        self.with_rare(declared.is_some(), |rare| rare.declared = declared)
    }

    fn with_rare(mut self, is_rare: bool, set: impl FnOnce(&mut Rare)) -> Self {
        if !is_rare && self.rare.is_none() {
            return self;
        }
        let mut rare = self.rare.take().unwrap_or_default();
        set(&mut rare);
        self.rare = (*rare != Rare::default()).then_some(rare);
        self
    }

    /// The id, unique in its store.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// The name for people: the id if none was given.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }

    /// The name that was given.
    #[must_use]
    pub fn own_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of the registered task that it calls.
    #[must_use]
    pub fn task(&self) -> &Arc<str> {
        &self.task
    }

    /// The arguments of the call, as JSON text; `null` for none.
    #[must_use]
    pub fn args_json(&self) -> &str {
        if self.args.is_empty() {
            "null"
        } else {
            &self.args
        }
    }

    /// The arguments of the call.
    #[must_use]
    pub fn args(&self) -> Value {
        // The text was written by `with_args`, or checked.
        serde_json::from_str(self.args_json()).unwrap_or(Value::Null)
    }

    /// When it runs.
    #[must_use]
    pub fn trigger(&self) -> &Trigger {
        &self.trigger
    }

    /// What becomes of runs that come late, overlap or fail.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        self.rare
            .as_ref()
            .map_or(&DEFAULT_POLICIES, |rare| &rare.policies)
    }

    /// Words to find it by.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.rare.as_ref().map_or(&[][..], |rare| &rare.tags);
        tags.iter().map(|tag| &**tag)
    }

    /// The alias of the executor that runs it; `default` if none was given.
    #[must_use]
    pub fn executor(&self) -> &str {
        let executor = self.rare.as_ref().and_then(|rare| rare.executor.as_deref());
        executor.unwrap_or("default")
    }

    /// The mark of the code that declared it; `None` for a job that was added by a call.
    #[must_use]
    pub fn declared(&self) -> Option<&Declared> {
        self.rare.as_ref()?.declared.as_ref()
    }

    /// What is accepted and probably not meant: of its trigger, and of policies that cut each other.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use punctual_core::{Interval, Jitter, Job, JobId, Policies};
    ///
    /// let trigger = Interval::every(Duration::from_secs(60)).build()?;
    /// let policies = Policies {
    ///     jitter: Jitter::up_to(Duration::from_secs(300)),
    ///     ..Policies::default()
    /// };
    /// let job = Job::new(JobId::new("poll")?, "inbox.poll", trigger).with_policies(policies);
    /// assert_eq!(
    ///     job.warnings()[0].to_string(),
    ///     "jitter: `300` is not less than the interval of 60 seconds, which cuts it, write less than `60`"
    /// );
    /// # Ok::<(), punctual_core::Error>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.trigger.warnings();
        warnings.extend(self.policies().cuts(&self.trigger));
        warnings
    }

    /// The job as [`plan`](crate::plan::plan) sees it.
    #[must_use]
    pub fn view<'a>(&'a self, state: &JobState) -> JobView<'a> {
        JobView {
            id: &self.id,
            trigger: &self.trigger,
            anchor: state.anchor,
            policies: self.policies(),
            next_fire: state.next_run_time,
            running: state.running,
            queued: state.queued,
            paused: state.paused,
            absence: state.absence,
        }
    }
}

impl TryFrom<Document> for Job {
    type Error = Error;

    fn try_from(document: Document) -> Result<Self, Error> {
        json::check_depth("args", &document.args)?;
        Ok(Self::new(document.id, document.task, document.trigger)
            .with_name(document.name.as_deref())
            .with_args(&document.args)
            .with_tags(document.tags)
            .with_executor(document.executor.as_deref())
            .with_policies(document.policies)
            .with_declared(document.declared))
    }
}

impl From<Job> for Document {
    fn from(job: Job) -> Self {
        Self {
            name: job.own_name().map(Into::into),
            args: job.args(),
            tags: job.tags().map(Into::into).collect(),
            executor: job
                .rare
                .as_ref()
                .and_then(|rare| rare.executor.as_deref().map(Into::into)),
            policies: *job.policies(),
            declared: job.declared().cloned(),
            id: job.id,
            task: job.task.as_ref().into(),
            trigger: job.trigger,
        }
    }
}

/// How a job stands: what changes while it is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct JobState {
    /// The nominal fire time that comes next.
    pub next_run_time: Option<DateTime<Utc>>,
    /// Keeps the phase of a trigger without a start; see [`Trigger::anchored`].
    pub anchor: Option<DateTime<Utc>>,
    /// The incarnation that it was added with. It stays the same as long as the job is in its
    /// store, and runs refer to it.
    pub birth: u64,
    /// Which definition of its fire times it belongs to. An edit that lets them begin anew changes
    /// it.
    pub incarnation: u64,
    /// Counts the changes of the stored row.
    pub revision: u64,
    /// The fencing token that was given out last. It grows with every run that is opened or taken
    /// over, and never falls for the id of a job.
    pub token: u64,
    /// How many instances are under way, on all nodes.
    pub running: u32,
    /// How many instances wait for room, on all nodes.
    pub queued: u32,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether the trigger has no further fire time: the job leaves the store with its last run.
    pub finished: bool,
    /// Whether its search for a next fire time reached its limit; an edit clears it.
    pub search_limit: bool,
    /// Why no node decided its next fire time when it was due, if that is not mere lateness.
    pub absence: MissReason,
}

impl JobState {
    /// How a job stands that is added at `now`.
    #[must_use]
    pub fn begin(first: &FirstFire, now: DateTime<Utc>) -> Self {
        Self {
            next_run_time: first.fire_time,
            anchor: first.anchor,
            absence: first.absence(now),
            ..Self::default()
        }
    }

    /// Moves on to what a [`Plan`](crate::plan::Plan) says comes next.
    pub fn advance(&mut self, next: &Next) {
        self.absence = MissReason::Grace;
        match next {
            Next::At { fire_time, .. } => self.next_run_time = Some(*fire_time),
            Next::Finished => {
                self.next_run_time = None;
                self.finished = true;
            }
            Next::Unknown(Undecided::SearchLimit | Undecided::Faulty(_)) => {
                self.next_run_time = None;
                self.search_limit = true;
            }
            // A node that lacks the code of a trigger does not claim, so nothing changes here.
            Next::Unknown(_) | Next::Paused => {}
        }
    }

    /// Begins anew from a first fire time, after an edit.
    pub fn restart(&mut self, next_run_time: Option<DateTime<Utc>>) {
        self.next_run_time = next_run_time;
        self.finished = false;
        self.search_limit = false;
        self.absence = MissReason::Grace;
    }

    /// Ends a pause, and goes on where [`resume`](crate::plan::resume) says.
    pub fn resume(&mut self, resumed: &Resumed) {
        self.paused = false;
        match resumed {
            Resumed::AsItStands => {}
            Resumed::CatchesUp => self.absence = MissReason::Paused,
            Resumed::Skips { next_run_time, .. } => {
                self.next_run_time = *next_run_time;
                self.finished = next_run_time.is_none();
                // What comes late from now on has nothing to do with the pause.
                self.absence = MissReason::Grace;
            }
        }
    }

    /// Whether the job has nothing left to do: its trigger is finished, and none of its runs is
    /// under way or waits. Such a job leaves its store.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.finished && self.running == 0 && self.queued == 0
    }
}
