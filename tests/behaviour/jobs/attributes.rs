//! What attributes declare.

use std::time::Duration;

use punctual::handler::BoxError;
use punctual::policy::{Coalesce, OnLost, Overlap, Policies, Retry};
use punctual::scheduler::JobStatus;
use punctual::{
    Date, FromContext, Interval, JobContext, Scheduler, State, Trigger, jobs, scheduled_job,
};
use serde_json::json;

#[derive(Clone)]
struct Db;

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Mail {
    to: String,
    urgent: bool,
}

/// Goes with any arguments, and with none.
struct Any;

impl FromContext for Any {
    async fn from_context(_: &JobContext) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

#[scheduled_job(
    cron(day = "3rd fri", hour = "0-3"),
    timezone = "Asia/Shanghai",
    id = "report",
    name = "The report",
    tags = ["money", "monthly"],
    args(to = "ada", urgent = true),
    misfire_grace_time(hours = 1, minutes = 30),
    coalesce = all(at_most = 3),
    max_instances = 2,
    overlap = queue(at_most = 5),
    jitter = 2.5,
    timeout = 60,
    retry(attempts = 4, backoff = 2, cap(minutes = 1)),
    on_lost = rerun(at_most = 3),
    paused
)]
async fn report(State(_db): State<Db>, punctual::Args(mail): punctual::Args<Mail>) {
    assert!(mail.urgent, "{}", mail.to);
}

#[scheduled_job("*/5 9-17 * * mon-fri")]
#[scheduled_job(
    interval(minutes = 2),
    id = "often",
    args("x", 3),
    next_run_time = "2040-01-01T00:00:00Z"
)]
#[scheduled_job(trigger = Interval::every(PERIOD), id = "expression", args = (PERIOD.as_secs(),))]
#[scheduled_job(
    or(cron(day = "last"), "0 0 1 * *"),
    id = "either",
    timezone = "Europe/Paris"
)]
#[scheduled_job(crontab("0 0 1 * mon", day_and_weekday = true), id = "both")]
#[scheduled_job(date("2040-03-01T10:00:00", timezone = "Europe/Paris"), id = "once")]
#[scheduled_job(calendar_interval(months = 1, hour = 9), id = "monthly")]
#[scheduled_job(interval(seconds = 1), id = "at start", run_at_start, max_instances = unlimited)]
fn tick(_: Any) {}

const PERIOD: Duration = Duration::from_secs(90);

mod mail {
    /// A task without a schedule.
    #[punctual::job(name = "mail.send", schema)]
    pub(crate) async fn send(punctual::Args(_): punctual::Args<super::Mail>) -> Result<(), String> {
        Ok(())
    }

    #[punctual::job]
    pub(crate) fn r#type() {}
}

async fn started() -> Scheduler {
    let scheduler = Scheduler::builder()
        .state(Db)
        .jobs(jobs![report, tick, mail::send, mail::r#type])
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

#[tokio::test(start_paused = true)]
async fn an_attribute_takes_everything_that_add_job_takes() {
    let scheduler = started().await;
    let stored = scheduler.get_job("report").await.unwrap().unwrap();
    assert_eq!(stored.status(), JobStatus::Paused);
    let job = stored;
    assert_eq!(job.task(), "jobs::attributes::report");
    assert_eq!(job.name(), "The report");
    assert_eq!(job.tags().collect::<Vec<_>>(), ["money", "monthly"]);
    assert_eq!(job.args(), json!({"to": "ada", "urgent": true}));
    let trigger = r#"cron(day="3rd fri", hour="0-3", timezone="Asia/Shanghai")"#;
    assert_eq!(job.trigger(), &trigger.parse::<Trigger>().unwrap());
    let expected = Policies::new()
        .misfire_grace_time("1h 30m")
        .coalesce(Coalesce::all(3))
        .max_instances(2)
        .overlap(Overlap::queue(5))
        .jitter("2.5s")
        .timeout("1m")
        .retry(Retry::attempts(4).backoff("2s").cap("60s"))
        .on_lost(OnLost::rerun(3));
    assert_eq!(*job.policies(), expected.build().unwrap());
}

#[scheduled_job("@daily", id = "two", max_instances = 2, timeout = unlimited)]
fn with_some_policies() {}

#[tokio::test]
async fn policies_that_an_attribute_does_not_name_are_those_of_the_scheduler() {
    let defaults = Policies::new().coalesce(Coalesce::Earliest).timeout("9s");
    let builder = Scheduler::builder().job_defaults(defaults);
    let scheduler = builder.jobs(jobs![with_some_policies]).build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.get_job("two").await.unwrap().unwrap();
    let policies = Policies::new()
        .max_instances(2)
        .coalesce(Coalesce::Earliest);
    assert_eq!(*job.policies(), policies.build().unwrap());
    scheduler.shutdown().await.unwrap();
}

#[scheduled_job(
    "30 2 * * *",
    timezone = "Europe/Paris",
    id = "texts",
    misfire_grace_time = "1h 30m",
    timeout = "5m",
    jitter = "250ms",
    overlap = queue(3),
    coalesce = all(24),
    on_lost = rerun(2),
    retry(attempts = 3, backoff = "2s", cap = "10m")
)]
fn with_texts() {}

#[tokio::test]
async fn an_attribute_takes_the_texts_of_the_code() {
    let builder = Scheduler::builder().jobs(jobs![with_texts]);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.get_job("texts").await.unwrap().unwrap();
    let policies = Policies::new()
        .misfire_grace_time("1h 30m")
        .timeout("5m")
        .jitter("250ms")
        .overlap(Overlap::queue(3))
        .coalesce(Coalesce::all(24))
        .on_lost(OnLost::rerun(2))
        .retry(Retry::attempts(3).backoff("2s").cap("10m"));
    assert_eq!(*job.policies(), policies.build().unwrap());
    scheduler.shutdown().await.unwrap();
}

#[scheduled_job("@daily", next_run_time = "2040-01-01T00:00:00")]
fn at_a_local_time() {}

#[tokio::test]
async fn an_extra_fire_time_without_an_offset_is_local_time_of_the_scheduler() {
    let scheduler = Scheduler::builder().timezone("Europe/Berlin");
    let scheduler = scheduler.jobs(jobs![at_a_local_time]).build().unwrap();
    scheduler.start().paused().await.unwrap();
    let jobs = scheduler.get_jobs().await.unwrap();
    let next = jobs[0].next_run_time().unwrap();
    assert_eq!(next.to_rfc3339(), "2039-12-31T23:00:00+00:00");
}

#[tokio::test(start_paused = true)]
async fn one_function_may_declare_several_jobs() {
    let scheduler = started().await;
    let jobs = scheduler.get_jobs().task("jobs::attributes::tick");
    let jobs = jobs.await.unwrap();
    let described: Vec<_> = jobs
        .iter()
        .map(|own| format!("{}: {} {}", own.id(), own.trigger(), own.args()))
        .collect();
    assert_eq!(
        described,
        [
            r#"at start: interval(seconds=1, timezone="UTC") null"#,
            r#"both: crontab(expr="0 0 1 * mon", timezone="UTC", day_and_weekday=true) null"#,
            r#"either: or(cron(day="last", timezone="Europe/Paris"), crontab(expr="0 0 1 * *", timezone="Europe/Paris")) null"#,
            r#"expression: interval(minutes=1, seconds=30, timezone="UTC") [90]"#,
            r#"jobs::attributes::tick: crontab(expr="*/5 9-17 * * mon-fri", timezone="UTC") null"#,
            r#"monthly: calendar_interval(months=1, hour=9, timezone="UTC") null"#,
            r#"often: interval(minutes=2, timezone="UTC") ["x",3]"#,
            r#"once: date(run_at="2040-03-01T10:00:00", timezone="Europe/Paris") null"#,
        ]
    );
    let often = jobs.iter().find(|own| own.id().as_str() == "often");
    let next = often.unwrap().next_run_time().unwrap();
    assert_eq!(next.to_rfc3339(), "2040-01-01T00:00:00+00:00");
    let at_start = jobs.iter().find(|own| own.id().as_str() == "at start");
    assert_eq!(at_start.unwrap().policies().max_instances(), None);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_with_their_schema() {
    let scheduler = started().await;
    let tasks = scheduler.tasks();
    let names: Vec<_> = tasks.iter().map(|task| &*task.name).collect();
    assert_eq!(
        names,
        [
            "jobs::attributes::mail::type",
            "jobs::attributes::report",
            "jobs::attributes::tick",
            "mail.send",
        ]
    );
    let schema = tasks[3].args_schema.as_ref().unwrap();
    assert_eq!(schema["properties"]["urgent"]["type"], "boolean");
    assert_eq!(schema["required"], json!(["to", "urgent"]));
    assert_eq!(tasks[2].args_schema, None);
}

#[tokio::test(start_paused = true)]
async fn a_declared_function_is_known_by_its_name_wherever_it_is_added() {
    // This builder was not told of it.
    let scheduler = Scheduler::builder().build().unwrap();
    let later = Date::at(scheduler.now() + chrono::TimeDelta::days(1));
    let mail = Mail {
        to: "ada".to_owned(),
        urgent: false,
    };
    let added = scheduler
        .add_job(mail::send, later)
        .args(mail)
        .await
        .unwrap();
    let stored = added.get().await.unwrap().unwrap();
    assert_eq!(stored.task(), "mail.send");
    // A function that was given a name on the builder is known by that.
    async fn plain() {}
    let scheduler = Scheduler::builder().task("plain", plain).build().unwrap();
    let added = scheduler
        .add_job(plain, Interval::every(PERIOD))
        .await
        .unwrap();
    let stored = added.get().await.unwrap().unwrap();
    assert_eq!(stored.task(), "plain");
}

#[test]
fn a_declared_function_can_still_be_called() {
    tick(Any);
    mail::r#type();
}

mod conditional {
    #[punctual::job(name = "hidden")]
    #[cfg(any())]
    fn never_compiled(_: DoesNotExist) {}
}
