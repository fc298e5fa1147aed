//! `#[derive(FromContext)]`.

use std::time::Duration;

use punctual::error::ErrorKind;
use punctual::handler::BoxError;
use punctual::{Args, FromContext, Interval, JobContext, Output, Scheduler, State, job};

#[derive(Clone)]
struct Db(&'static str);

#[derive(FromContext)]
struct Deps {
    db: State<Db>,
    #[from_context(via(State))]
    greeting: &'static str,
    #[from_context(via(Args))]
    names: Vec<String>,
    context: JobContext,
}

#[derive(FromContext)]
struct Pair<A, B>(A, B);

#[derive(FromContext)]
struct Nothing;

#[job(name = "derived.greet")]
async fn greet(
    deps: Deps,
    Pair(State(db), _): Pair<State<Db>, Nothing>,
) -> Result<Output<String>, BoxError> {
    let Deps {
        db: State(own),
        greeting,
        names,
        context,
    } = deps;
    assert_eq!(own.0, db.0);
    Ok(Output(format!(
        "{greeting} {} of {} in {}",
        names.join(" and "),
        context.job_id(),
        db.0
    )))
}

#[tokio::test(start_paused = true)]
async fn fields_are_parameters() {
    let scheduler = Scheduler::builder()
        .state(Db("pg"))
        .state("hello")
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    let day = Interval::every(Duration::from_secs(86_400));
    let added = scheduler.add_job(greet, day).id("g").args(["ada", "grace"]);
    let job = added.await.unwrap();
    job.run().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let runs = job.runs().await.unwrap();
    let result = runs[0].result.clone();
    assert_eq!(
        result,
        Some("hello ada and grace of g in pg".into()),
        "{runs:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn fields_are_checked_when_a_job_is_added() {
    let day = || Interval::every(Duration::from_secs(86_400));
    let scheduler = Scheduler::builder().state(Db("pg")).build().unwrap();
    let error = scheduler.add_job(greet, day()).args([1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingState);
    assert!(error.to_string().contains("`&str`"), "{error}");
    let scheduler = Scheduler::builder()
        .state(Db("pg"))
        .state("hi")
        .build()
        .unwrap();
    let error = scheduler.add_job(greet, day()).args([1]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "args: do not fit `Args<Vec<String>>`: invalid type: integer `1`, expected a string; given: [1]"
    );
}

#[derive(FromContext)]
struct Place {
    #[from_context(via(State))]
    db: Db,
}

#[job(name = "derived.sweep")]
async fn sweep(place: Place) -> Output<&'static str> {
    Output(place.db.0)
}

#[tokio::test(start_paused = true)]
async fn fields_that_read_no_arguments_take_none() {
    let scheduler = Scheduler::builder().state(Db("pg")).build().unwrap();
    let day = Interval::every(Duration::from_secs(86_400));
    let error = scheduler.add_job(sweep, day).args(("ada",)).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "args: the task `derived.sweep` takes no arguments; given: [\"ada\"]"
    );
}
