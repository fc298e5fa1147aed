//! Functions as tasks.

use punctual_core::Outcome;
use punctual_tokio::{
    Args, BoxError, CheckContext, ErrorKind, FromContext, JobContext, Output, Scheduler, State,
};
use serde::Deserialize;

use crate::support::{every, pass, runs, started};

#[derive(Clone)]
struct Db(&'static str);

#[derive(Deserialize)]
struct Mail {
    to: String,
    #[serde(default)]
    urgent: bool,
}

struct Attempt(u32);

impl FromContext for Attempt {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(Self(context.attempt()))
    }
}

async fn outcome_of(scheduler: &Scheduler, id: &str) -> punctual_core::Run {
    scheduler.run_job(id).await.unwrap();
    pass(0).await;
    runs(scheduler, id).await.swap_remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_function_may_have_eight_parameters_of_every_kind() {
    #[expect(
        clippy::too_many_arguments,
        reason = "it is the most that a task may have"
    )]
    async fn wide(
        State(db): State<Db>,
        Args(mail): Args<Mail>,
        context: JobContext,
        Attempt(attempt): Attempt,
        _five: State<Db>,
        _six: JobContext,
        _seven: Attempt,
        _eight: State<Db>,
    ) -> Output<String> {
        Output(format!(
            "{} {} {} {} {attempt}",
            db.0,
            mail.to,
            mail.urgent,
            context.job_id()
        ))
    }
    let scheduler = Scheduler::builder().state(Db("pg")).build().unwrap();
    scheduler.start().await.unwrap();
    let args = serde_json::json!({"to": "ada"});
    scheduler
        .add_job(wide, every(100))
        .id("wide")
        .args(args)
        .await
        .unwrap();
    assert_eq!(
        outcome_of(&scheduler, "wide").await.result,
        Some("pg ada false wide 1".into())
    );
}

#[tokio::test(start_paused = true)]
async fn missing_state_and_wrong_arguments_are_refused_when_the_job_is_added() {
    let scheduler = started().await;
    let error = scheduler
        .add_job(|_: State<Db>| async {}, every(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingState);
    assert!(error.to_string().contains("Db"), "{error}");
    let error = scheduler
        .add_job(|_: Args<Mail>| async {}, every(1))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("args: none were given, but the task takes `Args<Mail>`; "),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_is_a_failure_with_its_causes() {
    let scheduler = started().await;
    let fails = || async { "x".parse::<u32>().map_err(BoxError::from) };
    scheduler.add_job(fails, every(100)).id("a").await.unwrap();
    let run = outcome_of(&scheduler, "a").await;
    assert_eq!(run.state.outcome(), Some(Outcome::Failed));
    assert_eq!(run.error.as_deref(), Some("invalid digit found in string"));
}

#[tokio::test]
async fn a_plain_function_runs_on_a_thread_of_its_own() {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "parameters of tasks are values"
    )]
    fn plain(context: JobContext) -> Output<bool> {
        Output(context.attempt() == 1 && std::thread::current().name() != Some("main"))
    }
    let scheduler = started().await;
    let mut events = scheduler.events();
    scheduler
        .add_job(plain, every(100))
        .id("plain")
        .await
        .unwrap();
    scheduler.run_job("plain").await.unwrap();
    let ended = loop {
        let Some(Ok(event)) = events.next().await else {
            panic!("events ended");
        };
        if let punctual_tokio::EventKind::JobExecuted(run) = &event.kind {
            break run.clone();
        }
    };
    assert_eq!(ended.result.as_deref(), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn a_registered_task_is_called_by_name() {
    async fn send(Args((to,)): Args<(String,)>) -> Output<String> {
        Output(to)
    }
    let scheduler = Scheduler::builder()
        .task("mail.send", send)
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_job("mail.send", every(100))
        .id("a")
        .args(("ada",))
        .await
        .unwrap();
    assert_eq!(outcome_of(&scheduler, "a").await.result, Some("ada".into()));
    let error = scheduler.add_job("mail.sent", every(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    assert_eq!(
        error.to_string(),
        "task: `mail.sent` is not registered; did you mean `mail.send`? Else register it with \
         `.task(\"mail.sent\", function)` on the builder, or `#[job]`"
    );
    let modified = scheduler.modify_job("a").task("mail.sends").await;
    let error = modified.unwrap_err().to_string();
    assert!(error.contains("did you mean `mail.send`?"), "{error}");
    let error = scheduler.add_job("backup", every(1)).await.unwrap_err();
    assert!(!error.to_string().contains("did you mean"), "{error}");
    let twice = Scheduler::builder().task("a", send).task("a", send).build();
    assert!(twice.unwrap_err().is_conflict());
}

async fn sweep() {}

#[tokio::test(start_paused = true)]
async fn arguments_are_refused_where_no_parameter_could_read_them() {
    async fn count(_: State<Db>) {}
    fn plain() {}
    let builder = Scheduler::builder().task("inbox.sweep", sweep);
    let builder = builder.task("count", count).task("plain", plain);
    let builder = builder.local_task("local", sweep).state(Db("pg"));
    let scheduler = builder.build().unwrap();
    for task in ["inbox.sweep", "count", "plain", "local"] {
        let job = scheduler.add_job(task, every(1)).args((1, "two"));
        let error = job.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(
            error.to_string(),
            format!("args: the task `{task}` takes no arguments; given: [1,\"two\"]")
        );
    }
    let error = scheduler.add_job(|| async {}, every(1)).args((1,)).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("closure") && !error.contains('~'), "{error}");
    let job = scheduler.add_job("inbox.sweep", every(1)).id("a");
    job.args(()).await.unwrap();
    let error = scheduler.modify_job("a").args((1,)).await.unwrap_err();
    assert!(error.to_string().contains("`inbox.sweep`"), "{error}");
}

/// Reads the arguments in its own way.
struct Recipient(String);

impl FromContext for Recipient {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        let (name,): (String,) = context.args()?;
        Ok(Self(name))
    }

    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        context.require_args::<(String,)>()
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_may_read_the_arguments_in_ways_of_their_own() {
    let scheduler = started().await;
    let of_context = |context: JobContext| async move {
        let (name,): (String,) = context.args()?;
        Ok::<_, BoxError>(name)
    };
    let of_own = |Recipient(name): Recipient| async move { Output(name) };
    let context = scheduler.add_job(of_context, every(100)).id("context");
    context.args(("ada",)).await.unwrap();
    let own = scheduler.add_job(of_own, every(100)).id("own");
    own.args(("ada",)).await.unwrap();
    for id in ["context", "own"] {
        assert_eq!(outcome_of(&scheduler, id).await.result, Some("ada".into()));
    }
}
