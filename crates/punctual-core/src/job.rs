//! A job as the store keeps it, with its definition and its state.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

use crate::plan::{FirstFire, JobView, Next, Resumed};
use crate::{Declared, Error, JobId, MissReason, Policies, Trigger, Undecided, Warning, json};

static DEFAULT_POLICIES: LazyLock<Policies> = LazyLock::new(Policies::default);

/// The definition of a job, which names the task, its arguments, the trigger and the policies.
///
/// The state of the job is its [`JobState`]. Store and scheduler share a job and keep hundreds of
/// thousands of them, so short texts are stored inline and rare parts behind one pointer.
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
    /// JSON text, empty for no arguments. It takes a tenth of the memory of a `Value`.
    args: SmolStr,
    name: Option<SmolStr>,
    trigger: Trigger,
    rare: Option<Box<Rare>>,
}

/// The parts that most jobs leave at their defaults.
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
    /// Creates a job with default policies and without arguments.
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

    /// Returns the same job with another id.
    #[must_use]
    pub fn with_id(self, id: JobId) -> Self {
        Self { id, ..self }
    }

    /// Returns the same job with a display name. An empty name counts as absent.
    #[must_use]
    pub fn with_name(self, name: Option<&str>) -> Self {
        Self {
            name: name.filter(|name| !name.is_empty()).map(Into::into),
            ..self
        }
    }

    /// Returns the same job with another task.
    #[must_use]
    pub fn with_task(self, task: impl Into<Arc<str>>) -> Self {
        Self {
            task: task.into(),
            ..self
        }
    }

    /// Returns the same job with other arguments. An array holds positional arguments, and an
    /// object holds named ones.
    ///
    /// `serde_json` has already turned NaN and infinities in such a tree into `null`, and integers
    /// beyond 64 bits into floats. [`json::to_text`] and [`with_args_json`](Self::with_args_json)
    /// refuse them.
    #[must_use]
    pub fn with_args(self, args: &Value) -> Self {
        let args = if args.is_null() {
            SmolStr::default()
        } else {
            args.to_string().into()
        };
        Self { args, ..self }
    }

    /// Returns the same job with other arguments, given as JSON text.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON, is nested too deep, or holds a number that reading
    /// would change. See [`json::check`].
    pub fn with_args_json(self, json: &str) -> Result<Self, Error> {
        json::check("args", json)?;
        let args = if json == "null" { "" } else { json };
        Ok(Self {
            args: args.into(),
            ..self
        })
    }

    /// Returns the same job with another trigger.
    #[must_use]
    pub fn with_trigger(self, trigger: Trigger) -> Self {
        Self { trigger, ..self }
    }

    /// Returns the same job with other policies.
    #[must_use]
    pub fn with_policies(self, policies: Policies) -> Self {
        let is_rare = policies != *DEFAULT_POLICIES;
        self.with_rare(is_rare, |rare| rare.policies = policies)
    }

    /// Returns the same job with other tags.
    #[must_use]
    pub fn with_tags(self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let tags: Box<[Box<str>]> = tags.into_iter().map(|tag| tag.as_ref().into()).collect();
        self.with_rare(!tags.is_empty(), |rare| rare.tags = tags)
    }

    /// Returns the same job on another executor.
    #[must_use]
    pub fn with_executor(self, alias: Option<&str>) -> Self {
        self.with_rare(alias.is_some(), |rare| {
            rare.executor = alias.map(Into::into);
        })
    }

    /// Returns the same job with another mark of the code that declared it.
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

    /// The display name, or the id if no name was given.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }

    /// The display name that was given.
    #[must_use]
    pub fn own_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of the registered task that the job calls.
    #[must_use]
    pub fn task(&self) -> &Arc<str> {
        &self.task
    }

    /// The arguments of the call, as JSON text. Without arguments it is `null`.
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
        // `with_args` wrote the text, or `with_args_json` checked it.
        serde_json::from_str(self.args_json()).unwrap_or(Value::Null)
    }

    /// The trigger, which names the fire times of the job.
    #[must_use]
    pub fn trigger(&self) -> &Trigger {
        &self.trigger
    }

    /// The policies for runs that come late, overlap or fail.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        self.rare
            .as_ref()
            .map_or(&DEFAULT_POLICIES, |rare| &rare.policies)
    }

    /// The tags, by which jobs are found.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.rare.as_ref().map_or(&[][..], |rare| &rare.tags);
        tags.iter().map(|tag| &**tag)
    }

    /// The alias of the executor that runs the job, or `default` if none was given.
    #[must_use]
    pub fn executor(&self) -> &str {
        let executor = self.rare.as_ref().and_then(|rare| rare.executor.as_deref());
        executor.unwrap_or("default")
    }

    /// The mark of the code that declared the job. `None` for a job that was added by a call.
    #[must_use]
    pub fn declared(&self) -> Option<&Declared> {
        self.rare.as_ref()?.declared.as_ref()
    }

    /// Returns warnings about values that are accepted but probably not meant. They concern the
    /// trigger, and policies that limit each other.
    ///
    /// ```
    /// use punctual_core::{Interval, Job, JobId, Policies};
    ///
    /// let trigger = Interval::every("1m").build()?;
    /// let policies = Policies::new().jitter("5m").build()?;
    /// let job = Job::new(JobId::new("poll")?, "inbox.poll", trigger).with_policies(policies);
    /// assert_eq!(
    ///     job.warnings()[0].to_string(),
    ///     "jitter: `300` is not less than the interval of 60 seconds, which cuts it; write less than `60`"
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

/// The state of a job, which changes while it is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct JobState {
    /// The nominal fire time that comes next.
    pub next_run_time: Option<DateTime<Utc>>,
    /// The instant from which a trigger without a start counts. See [`Trigger::anchored`].
    pub anchor: Option<DateTime<Utc>>,
    /// The incarnation that the job was added with. It stays the same while the job is in its
    /// store, and runs refer to it.
    pub birth: u64,
    /// The number of the current definition of the job's fire times. An edit that lets the fire
    /// times begin anew changes it.
    pub incarnation: u64,
    /// The number of changes of the stored row.
    pub revision: u64,
    /// The fencing token that was given out last. It grows with every run that is opened or taken
    /// over, and never decreases for the id of a job.
    pub token: u64,
    /// The number of instances that are under way, on all nodes.
    pub running: u32,
    /// The number of instances that wait for room, on all nodes.
    pub queued: u32,
    /// `true` if the job is paused.
    pub paused: bool,
    /// `true` if the trigger has no further fire time. The job then leaves the store with its last
    /// run.
    pub finished: bool,
    /// `true` if the search for a next fire time reached its limit. An edit clears this.
    pub search_limit: bool,
    /// The reason why no node decided the next fire time when it was due, if it is more than
    /// lateness.
    pub absence: MissReason,
}

impl JobState {
    /// Creates the state of a job that is added at `now`.
    #[must_use]
    pub fn begin(first: &FirstFire, now: DateTime<Utc>) -> Self {
        Self {
            next_run_time: first.fire_time,
            anchor: first.anchor,
            absence: first.absence(now),
            ..Self::default()
        }
    }

    /// Moves on to the next fire time that a [`Plan`](crate::plan::Plan) decided.
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
            // A node that lacks the code of a trigger does not claim, so nothing changes.
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

    /// Ends a pause, and continues where [`resume`](crate::plan::resume) decided.
    pub fn resume(&mut self, resumed: &Resumed) {
        self.paused = false;
        match resumed {
            Resumed::AsItStands => {}
            Resumed::CatchesUp => self.absence = MissReason::Paused,
            Resumed::Skips { next_run_time, .. } => {
                self.next_run_time = *next_run_time;
                self.finished = next_run_time.is_none();
                // The pause is not the reason for lateness from now on.
                self.absence = MissReason::Grace;
            }
        }
    }

    /// Returns whether the job has nothing left to do, so that it leaves its store. This is the
    /// case if its trigger is finished and none of its runs is under way or waits.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.finished && self.running == 0 && self.queued == 0
    }
}
