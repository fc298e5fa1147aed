//! What is refused before anything runs, and in which words.

use std::time::Duration;

use punctual::error::ErrorKind;
use punctual::handler::{BoxError, CheckContext};
use punctual::ledger::Outcome;
use punctual::store::MemoryStore;
use punctual::store::StoreCapabilities;
use punctual::testing::FaultyStore;
use punctual::{
    Args, FromContext, Interval, JobContext, Scheduler, State, job, jobs, scheduled_job,
};

#[derive(Clone)]
struct Db;

mod needs_state {
    #[punctual::scheduled_job("@daily", id = "needs state")]
    pub(super) async fn run(_: punctual::State<super::Db>) {}
}

mod without_id {
    #[punctual::scheduled_job("@daily")]
    pub(super) async fn run(_: punctual::State<super::Db>) {}
}

mod needs_args {
    #[punctual::scheduled_job("@daily", id = "needs args")]
    pub(super) async fn run(_: punctual::Args<(u32,)>) {}
}

mod same_name {
    #[punctual::job(name = "same")]
    pub(super) async fn one() {}

    #[punctual::job(name = "same")]
    pub(super) async fn two() {}
}

#[scheduled_job("@daily", id = "same id")]
async fn first() {}

#[scheduled_job("@hourly", id = "same id")]
async fn second() {}

#[scheduled_job("@hourly", id = "elsewhere", store = "files")]
async fn elsewhere() {}

#[job(name = "refused.named")]
async fn named() {}

fn every_day() -> punctual::trigger::IntervalBuilder {
    Interval::every(Duration::from_secs(86_400))
}

/// The words of an error when a scheduler with one declared function is built.
macro_rules! refusal {
    ($($function:ty),*) => {
        Scheduler::builder().jobs(jobs![$($function),*]).build().unwrap_err()
    };
}

#[test]
fn a_declared_job_without_its_state_is_refused_by_name() {
    let error = refusal!(needs_state::run);
    assert_eq!(error.kind(), ErrorKind::MissingState);
    let text = error.to_string();
    assert!(
        text.starts_with(
            "job `needs state` of `jobs::refused::needs_state::run` (tests/behaviour/jobs/refused.rs:"
        ),
        "{text}"
    );
    assert!(
        text.ends_with("state: no value of type `jobs::refused::Db` was given; add `.state(..)` to the scheduler's builder"),
        "{text}"
    );
}

#[test]
fn a_declared_job_that_is_named_after_its_task_is_named_once() {
    let text = refusal!(without_id::run).to_string();
    let start = "job `jobs::refused::without_id::run` (tests/behaviour/jobs/refused.rs:";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn a_declared_job_without_its_arguments_is_refused() {
    let text = refusal!(needs_args::run).to_string();
    assert!(
        text.ends_with(
            "args: none were given, but the task takes `Args<(u32,)>`; give them with `.args(..)`, or with `args(..)` in the attribute"
        ),
        "{text}"
    );
}

#[test]
fn what_is_declared_twice_is_refused() {
    let error = refusal!(same_name::one, same_name::two);
    assert!(error.is_conflict(), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("task: `same` (tests/behaviour/jobs/refused.rs:"),
        "{error}"
    );
    let error = refusal!(first, second);
    assert!(error.is_conflict(), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("id: the job `same id` is declared by"),
        "{error}"
    );
    // Listed twice is not declared twice.
    let listed = jobs![first, first];
    assert!(
        Scheduler::builder()
            .jobs(listed)
            .jobs(jobs![first])
            .build()
            .is_ok()
    );
}

#[test]
fn a_store_that_is_not_there_is_refused() {
    let text = refusal!(elsewhere).to_string();
    assert!(
        text.ends_with("store: `files` is not a known alias; the only one is `default`"),
        "{text}"
    );
}

#[test]
fn what_was_expected_and_not_found_is_named() {
    // Found are the names of all declared tasks here, `same` twice among them.
    let builder =
        Scheduler::builder().discover_expecting(["jobs", "refused.named", "billing::nightly"]);
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error.to_string();
    assert!(
        text.starts_with(
            "discover: no task, job or crate `billing::nightly` is declared; a crate that is linked"
        ),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_without_a_name_is_refused_where_jobs_outlive_the_process() {
    async fn nameless() {}
    let (store, _) = FaultyStore::new(MemoryStore::new());
    let store = store.with_capabilities(StoreCapabilities::default().persistent(true));
    let scheduler = Scheduler::builder()
        .store("default", store)
        .build()
        .unwrap();
    for refused in [
        scheduler.add_job(nameless, every_day()).await,
        scheduler.add_job(|| async {}, every_day()).await,
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "store: `default` outlives the process, and a function without a stable name cannot be \
             found again; write `#[punctual::job]` above it, or give it a name on the builder with \
             `.task(\"name\", function)`"
        );
    }
    scheduler.add_job(named, every_day()).await.unwrap();
}

struct Picky;

impl FromContext for Picky {
    async fn from_context(_: &JobContext) -> Result<Self, BoxError> {
        Err("never".into())
    }

    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        match context.args_json() {
            "null" => Err("it wants arguments".into()),
            _ => Ok(()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_parameter_of_ones_own_has_a_say_when_jobs_are_added() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    let handler = |_: Picky, _: Args<(u32,)>| async {};
    let error = scheduler.add_job(handler, every_day()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the parameter `jobs::refused::Picky` cannot be made: it wants arguments"
    );
    let job = scheduler
        .add_job(handler, every_day())
        .args((1,))
        .await
        .unwrap();
    job.run().await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let runs = job.runs().await.unwrap();
    assert_eq!(
        runs[0].state.outcome(),
        Some(Outcome::Failed),
        "an error is no success"
    );
    assert_eq!(runs[0].error.as_deref(), Some("never"));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_never_recorded_as_success() {
    #[job]
    async fn fails(_: State<Db>) -> Result<u32, String> {
        Err("no".to_owned())
    }
    #[job]
    fn fails_too() -> Result<(), BoxError> {
        Err("no".into())
    }
    let scheduler = Scheduler::builder().state(Db).build().unwrap();
    scheduler.start().await.unwrap();
    let mut ids = vec![scheduler.add_job(fails, every_day()).await.unwrap()];
    ids.push(scheduler.add_job(fails_too, every_day()).await.unwrap());
    for job in ids {
        job.run().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let done = job.statistics().await.unwrap();
        assert_eq!((done.succeeded, done.failed), (0, 1));
    }
}
