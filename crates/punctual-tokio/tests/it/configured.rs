//! Schedulers from files and from the environment.

use std::time::Duration;

use punctual_core::{Coalesce, MaxInstances};
use punctual_tokio::{Args, Scheduler, SchedulerConfig};

use crate::support::pass;

const FILE: &str = r#"
timezone = "Europe/Berlin"
node = "worker-1"

[stores.default]
type = "memory"
per_job = 2

[executors.disk]
type = "blocking"
threads = 1

[executors.command]
type = "command"
programs = 1

[job_defaults]
misfire_grace_time = 30
max_instances = 2

[[jobs]]
id = "sweep"
task = "sweep"
name = "Sweep"
trigger = { type = "interval", seconds = 1 }
args = [7]
tags = ["mail"]
executor = "disk"
policies = { coalesce = "earliest" }

[[jobs]]
id = "dump"
program = { program = "true" }
trigger = "30 2 * * *"

[[jobs]]
id = "launch"
task = "sweep"
args = [1]
trigger = { type = "date", run_at = 2099-01-01T10:00:00 }
"#;

async fn sweep(Args((_,)): Args<(u32,)>) {}

fn build(config: SchedulerConfig) -> Scheduler {
    let builder = Scheduler::builder().task("sweep", sweep);
    builder.config(config).build().unwrap()
}

fn refusal(toml: &str) -> String {
    SchedulerConfig::from_toml(toml).unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_is_built_from_a_file() {
    let scheduler = build(SchedulerConfig::from_toml(FILE).unwrap());
    scheduler.start().await.unwrap();
    let sweep = scheduler.get_job("sweep").await.unwrap().unwrap();
    assert_eq!(sweep.name(), "Sweep");
    assert_eq!(sweep.args_json(), "[7]");
    assert_eq!(sweep.executor(), "disk");
    let policies = sweep.policies();
    assert_eq!(policies.coalesce, Coalesce::Earliest);
    assert_eq!(policies.max_instances, MaxInstances::at_most(2));
    assert_eq!(
        policies.misfire_grace_time.limit(),
        Some(Duration::from_secs(30))
    );
    let dump = scheduler.get_job("dump").await.unwrap().unwrap();
    assert_eq!(dump.executor(), "command");
    assert_eq!(
        dump.trigger().to_string(),
        r#"crontab(expr="30 2 * * *", timezone="Europe/Berlin")"#
    );
    let launch = scheduler.get_job("launch").await.unwrap().unwrap();
    let next = launch.state().next_run_time.unwrap();
    assert_eq!(next.to_rfc3339(), "2099-01-01T09:00:00+00:00");
    pass(5).await;
    let runs = scheduler.runs().job("sweep");
    assert_eq!(
        runs.await.unwrap().len(),
        2,
        "the ledger is as small as the file says"
    );
}

#[tokio::test(start_paused = true)]
async fn json_says_the_same_as_toml() {
    let json = r#"{"timezone":"Europe/Berlin","jobs":[{"id":"a","task":"sweep","args":[1],"trigger":"@daily"}]}"#;
    let scheduler = build(SchedulerConfig::from_json(json).unwrap());
    scheduler.start().await.unwrap();
    let jobs = scheduler.get_jobs().await.unwrap();
    assert_eq!(jobs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn environment_variables_overrule_the_file() {
    let variables = [
        ("APP_TIMEZONE", "Asia/Tokyo"),
        ("APP_JOB_DEFAULTS__MAX_INSTANCES", "5"),
        ("APP_EXECUTORS__DISK__THREADS", "3"),
        ("OTHER", "ignored"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = SchedulerConfig::from_toml_and_env(FILE, "APP_", variables).unwrap();
    let scheduler = build(config);
    scheduler.start().await.unwrap();
    let dump = scheduler.get_job("dump").await.unwrap().unwrap();
    assert_eq!(dump.policies().max_instances, MaxInstances::at_most(5));
    assert!(dump.trigger().to_string().contains("Asia/Tokyo"));
}

#[tokio::test(start_paused = true)]
async fn a_restart_with_another_file_updates_its_jobs_and_reports_the_vanished() {
    let store = punctual_tokio::MemoryStore::new();
    let file = |jobs: &str| SchedulerConfig::from_toml(jobs).unwrap();
    let build = |config| {
        let builder = Scheduler::builder().store("default", store.clone());
        builder.task("sweep", sweep).config(config).build().unwrap()
    };
    let both = r#"
        [[jobs]]
        id = "a"
        task = "sweep"
        args = [1]
        trigger = "@daily"
        [[jobs]]
        id = "b"
        task = "sweep"
        args = [1]
        trigger = "@daily""#;
    let first = build(file(both));
    first.start().await.unwrap();
    first.modify_job("a").name("edited").await.unwrap();
    first.shutdown().await.unwrap();
    let same = build(file(both));
    same.start().await.unwrap();
    let a = same.get_job("a").await.unwrap().unwrap();
    assert_eq!(
        a.name(),
        "edited",
        "an edit lasts while the file says the same"
    );
    same.shutdown().await.unwrap();
    let other = build(file(
        &both
            .replace("[1]", "[2]")
            .replace("id = \"b\"", "id = \"c\""),
    ));
    other.start().await.unwrap();
    let a = other.get_job("a").await.unwrap().unwrap();
    assert_eq!((a.name(), a.args_json()), ("a", "[2]"));
    let vanished = other.get_jobs().vanished().await.unwrap();
    let ids: Vec<_> = vanished.iter().map(|job| job.id().as_str()).collect();
    assert_eq!(ids, ["b"]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let cases = [
        ("time_zone = 'UTC'", "did you mean `timezone`?"),
        (
            "[executors.disk]\ntype = 'blocking'\nthread = 2",
            "did you mean `threads`?",
        ),
        (
            "[executors.disk]\ntype = 'blockin'",
            "did you mean `blocking`?",
        ),
        (
            "[job_defaults]\nmax_instance = 2",
            "did you mean `max_instances`?",
        ),
        (
            "[stores.default]\ntype = 'memory'\nper_jobs = 2",
            "did you mean `per_job`?",
        ),
        (
            "[[jobs]]\nid = 'a'\ntask = 't'\ntriger = '@daily'",
            "did you mean `trigger`?",
        ),
    ];
    for (toml, hint) in cases {
        let message = refusal(toml);
        assert!(message.contains(hint), "{toml}: {message}");
        assert!(message.starts_with("config: "), "{message}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_place() {
    let job = "[[jobs]]\nid = 'a'\ntrigger = '@daily'\n";
    let cases = [
        ("timezone = ", "config: TOML"),
        (
            "[executors.disk]\ntype = 'blocking'\nthreads = 'x'",
            "executors.disk",
        ),
        (
            "[[jobs]]\nid = 'a'\ntask = 't'\ntrigger = '61 * * * *'",
            "jobs[0].trigger",
        ),
        (job, "neither `task` nor `program`"),
    ];
    for (toml, part) in cases {
        let message = refusal(toml);
        assert!(message.contains(part), "{toml}: {message}");
    }
    let unknown = format!("{job}task = 'nobody'");
    let config = SchedulerConfig::from_toml(&unknown).unwrap();
    let refused = Scheduler::builder()
        .config(config)
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("job `a` of the configuration"),
        "{refused}"
    );
    assert!(refused.contains("`nobody`"), "{refused}");
    let zone = SchedulerConfig::from_toml("timezone = 'Mars/Base'").unwrap();
    let refused = Scheduler::builder()
        .config(zone)
        .build()
        .unwrap_err()
        .to_string();
    assert!(refused.contains("Mars/Base"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_configured_store_in_a_database_is_refused_until_it_is_opened() {
    let file = "[stores.ledger]\ntype = \"sql\"\nurl = \"sqlite:jobs.db\"\nprefix = \"shop_\"";
    let config = SchedulerConfig::from_toml(file).unwrap();
    let store = config.sql_stores().next().unwrap();
    assert_eq!((store.alias, store.url), ("ledger", "sqlite:jobs.db"));
    assert_eq!(store.prefix, Some("shop_"));
    let build = |builder: punctual_tokio::SchedulerBuilder| builder.config(config.clone()).build();
    let refused = build(Scheduler::builder()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "stores.ledger: `sqlite:jobs.db` was not opened: let `punctual::store::open_stores` do it, or \
         open it and give it to the builder as `ledger`"
    );
    let opened = punctual_tokio::MemoryStore::new();
    build(Scheduler::builder().store("ledger", opened)).unwrap();
    let refused = refusal("[stores.ledger]\ntype = \"sql\"\npath = \"jobs.db\"");
    assert!(refused.contains("unknown field `path`"), "{refused}");
    let refused = refusal("[stores.ledger]\ntype = \"sql\"");
    assert!(refused.contains("missing field `url`"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_limit_has_none_whatever_the_defaults_say() {
    let json = r#"{
        "job_defaults": {"max_instances": 3, "misfire_grace_time": 30, "timeout": 5},
        "jobs": [{"id": "a", "task": "sweep", "args": [1], "trigger": "@daily",
                  "policies": {"max_instances": null, "misfire_grace_time": null}}]
    }"#;
    let scheduler = build(SchedulerConfig::from_json(json).unwrap());
    scheduler.start().await.unwrap();
    let job = scheduler.get_job("a").await.unwrap().unwrap();
    let policies = job.policies();
    assert_eq!(policies.max_instances, MaxInstances::UNLIMITED);
    assert_eq!(policies.misfire_grace_time.limit(), None);
    assert_eq!(policies.timeout.limit(), Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_declared_job_whose_row_cannot_be_read_holds_up_no_other() {
    let file = r#"
        jobs = [
            { id = "bad", task = "sweep", args = [1], trigger = { type = "interval", seconds = 1 } },
            { id = "good", task = "sweep", args = [1], trigger = { type = "interval", seconds = 1 } },
        ]
    "#;
    let (store, faults) = crate::ways::faulty();
    faults.damage("bad");
    let builder = Scheduler::builder().store("default", store);
    let builder = builder.task("sweep", sweep);
    let config = SchedulerConfig::from_toml(file).unwrap();
    let scheduler = builder.config(config).build().unwrap();
    scheduler.start().await.unwrap();
    pass(3).await;
    assert_eq!(scheduler.statistics("good").await.unwrap().succeeded, 3);
    assert_eq!(scheduler.statistics("bad").await.unwrap().runs(), 0);
    scheduler.shutdown().await.unwrap();
}
