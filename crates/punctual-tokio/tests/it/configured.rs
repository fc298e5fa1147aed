//! Schedulers from files and from the environment.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::Coalesce;
use punctual_store::JobStore;
use punctual_tokio::{Args, Config, Error, ErrorKind, MemoryStore, Scheduler, StoreConfig};

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

fn build(config: Config) -> Scheduler {
    let builder = Scheduler::builder().task("sweep", sweep);
    builder.config(config).build().unwrap()
}

fn refusal(toml: &str) -> String {
    Config::from_toml(toml).unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_is_built_from_a_file() {
    let scheduler = build(Config::from_toml(FILE).unwrap());
    scheduler.start().await.unwrap();
    let sweep = scheduler.get_job("sweep").await.unwrap().unwrap();
    assert_eq!(sweep.name(), "Sweep");
    assert_eq!(sweep.args_json(), "[7]");
    assert_eq!(sweep.executor(), "disk");
    let policies = sweep.policies();
    assert_eq!(policies.coalesce(), Coalesce::Earliest);
    assert_eq!(policies.max_instances(), Some(2));
    assert_eq!(policies.misfire_grace_time(), Some(Duration::from_secs(30)));
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
    let scheduler = build(Config::from_json(json).unwrap());
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
    let config = Config::from_toml(FILE)
        .unwrap()
        .with_variables("APP_", variables);
    let scheduler = build(config);
    scheduler.start().await.unwrap();
    let dump = scheduler.get_job("dump").await.unwrap().unwrap();
    assert_eq!(dump.policies().max_instances(), Some(5));
    assert!(dump.trigger().to_string().contains("Asia/Tokyo"));
}

#[tokio::test(start_paused = true)]
async fn a_restart_with_another_file_updates_its_jobs_and_reports_the_vanished() {
    let store = MemoryStore::new();
    let file = |jobs: &str| Config::from_toml(jobs).unwrap();
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
fn a_policy_of_a_file_is_refused_in_words_of_ours() {
    let job = "[[jobs]]\nid = 'a'\ntask = 't'\ntrigger = '@daily'\npolicies = ";
    for (toml, message) in [
        (
            "[job_defaults]\ntimeout = '5'".to_owned(),
            "config: job_defaults.timeout: `5` has no unit; write `5s` for seconds",
        ),
        (
            "[job_defaults]\nmax_instances = 0".to_owned(),
            "config: job_defaults.max_instances: `0` lets nothing run; write 1 or more, or pause the job",
        ),
        (
            format!("{job}{{ overlap = 'queue' }}"),
            "config: jobs[0].policies.overlap: `queue` needs a limit; write `queue(3)`",
        ),
    ] {
        assert_eq!(refusal(&toml), message);
    }
}

#[test]
fn defaults_that_are_no_table_are_refused_by_their_own_name() {
    let refused = Config::from_toml("job_defaults = '5m'").unwrap_err();
    assert_eq!(refused.field(), Some("job_defaults"), "{refused}");
}

#[test]
fn a_variable_that_was_refused_is_not_forgotten_over_the_next_layer() {
    let layer = |value: &str| [("P_RELEASE".to_owned(), value.to_owned())];
    let config = Config::default().with_variables("P_", layer("1e400"));
    let config = config.with_variables("P_", layer("7"));
    let refused = Scheduler::builder().config(config).build().unwrap_err();
    assert!(refused.to_string().contains("1e400"), "{refused}");
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
    let config = Config::from_toml(&unknown).unwrap();
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
    let zone = Config::from_toml("timezone = 'Mars/Base'").unwrap();
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
    let config = Config::from_toml(file).unwrap();
    let store = config.stores().next().unwrap();
    assert_eq!(
        (store.alias(), store.url()),
        (Some("ledger"), "sqlite:jobs.db")
    );
    assert_eq!(store.table_prefix(), Some("shop_"));
    let build = |builder: punctual_tokio::SchedulerBuilder| builder.config(config.clone()).build();
    let refused = build(Scheduler::builder()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "stores.ledger: `sqlite:jobs.db` was not opened; call `.open_stores(punctual::store::open)` after \
         `.config(..)`, or open it and give it to the builder as `ledger`"
    );
    let opened = MemoryStore::new();
    build(Scheduler::builder().store("ledger", opened)).unwrap();
    let refused = refusal("[stores.ledger]\ntype = \"sql\"\npath = \"jobs.db\"");
    assert!(refused.contains("unknown field `path`"), "{refused}");
}

#[test]
fn what_a_file_lacks_may_come_from_the_environment() {
    let file = || Config::from_toml("[stores.ledger]\ntype = 'sql'").unwrap();
    let refused = Scheduler::builder().config(file()).build().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "config: stores.ledger: missing field `url`"
    );
    assert_eq!(refused.field(), Some("stores.ledger"));
    let url = [("P_STORES__LEDGER__URL".to_owned(), "sqlite:x".to_owned())];
    let config = file().with_variables("P_", url);
    assert_eq!(config.stores().next().unwrap().url(), "sqlite:x");
    let wrong = [("P_TIMEZON".to_owned(), "UTC".to_owned())];
    let refused = Scheduler::builder().config(Config::default().with_variables("P_", wrong));
    let refused = refused.build().unwrap_err();
    assert!(refused.to_string().contains("`timezone`"), "{refused}");
}

#[test]
fn an_unknown_key_is_named_once() {
    let refused = Config::from_toml("timezon = 'UTC'").unwrap_err();
    let told = refused.to_string();
    assert!(
        told.starts_with("config: unknown field `timezon`, "),
        "{told}"
    );
    assert_eq!(refused.field(), Some("timezon"));
    let refused = Config::from_toml("job_defaults.max_instance = 2").unwrap_err();
    let told = refused.to_string();
    assert!(
        told.starts_with("config: job_defaults.max_instance: is not a policy; did you mean"),
        "{told}"
    );
    assert_eq!(refused.field(), Some("job_defaults.max_instance"));
}

#[test]
fn a_file_is_read_by_its_name_and_named_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    Config::from_file(file("a.toml", FILE)).unwrap();
    Config::from_file(file("a.json", "{\"timezone\": \"UTC\"}")).unwrap();
    let wrong = Config::from_file(file("b.toml", "timezon = 1")).unwrap_err();
    let told = wrong.to_string();
    assert!(told.contains("b.toml`: unknown field `timezon`"), "{told}");
    let told = Config::from_file(file("a.yaml", "")).unwrap_err();
    assert_eq!(
        (told.kind(), told.field()),
        (ErrorKind::Invalid, Some("config"))
    );
    assert!(
        told.to_string()
            .ends_with("name the file `.toml` or `.json`"),
        "{told}"
    );
    let told = Config::from_file(folder.path().join("none.toml")).unwrap_err();
    assert_eq!((told.kind(), told.field()), (ErrorKind::Io, Some("config")));
    assert!(
        told.to_string().ends_with("none.toml` cannot be read"),
        "{told}"
    );
    assert!(std::error::Error::source(&told).is_some());
}

#[test]
fn no_message_of_a_configuration_shows_a_password() {
    let url = "postgres://app:s3cret@db/jobs";
    let wrong = [
        format!("stores.default = \"{url}\""),
        format!("stores.default = \"{url}"),
        format!("timezon = \"{url}\""),
        format!("\"{url}\" = 1"),
        format!("release = \"{url}\""),
    ];
    for text in wrong {
        let error = Config::from_toml(&text).unwrap_err();
        let told = format!("{error} {error:?} {error:#?}");
        assert!(!told.contains("s3cret"), "{told}");
    }
    let file = format!("stores.ledger = {{ type = 'sql', url = '{url}' }}");
    let config = Config::from_toml(&file).unwrap();
    let refused = Scheduler::builder()
        .config(config.clone())
        .build()
        .unwrap_err();
    let stores: Vec<_> = config.stores().collect();
    let told = format!("{config:?} {stores:?} {refused} {refused:#?}");
    assert!(
        !told.contains("s3cret") && told.contains("app:***@db"),
        "{told}"
    );
}

#[tokio::test]
async fn stores_of_a_configuration_are_opened_by_a_function() {
    let file =
        "stores.a = { type = 'sql', url = 'mine:a' }\nstores.b = { type = 'sql', url = 'mine:b' }";
    let config = Config::from_toml(file).unwrap();
    let open = async |config: StoreConfig| -> Result<Arc<dyn JobStore>, Error> {
        assert_eq!((config.url(), config.alias()), ("mine:b", Some("b")));
        let store: Arc<dyn JobStore> = Arc::new(MemoryStore::new());
        Ok(store)
    };
    let builder = Scheduler::builder().store("a", MemoryStore::new());
    let builder = builder
        .config(config.clone())
        .open_stores(open)
        .await
        .unwrap();
    builder.build().unwrap();
    let fail = async |_| {
        Err(Error::from(punctual_store::Error::unavailable(
            "it is away",
        )))
    };
    let error = Scheduler::builder()
        .config(config)
        .open_stores(fail)
        .await
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "stores.a: the store failed: it is away");
    assert_eq!(error.field(), Some("stores.a"));
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_limit_has_none_whatever_the_defaults_say() {
    let json = r#"{
        "job_defaults": {"max_instances": 3, "misfire_grace_time": 30, "timeout": 5},
        "jobs": [{"id": "a", "task": "sweep", "args": [1], "trigger": "@daily",
                  "policies": {"max_instances": null, "misfire_grace_time": null}}]
    }"#;
    let scheduler = build(Config::from_json(json).unwrap());
    scheduler.start().await.unwrap();
    let job = scheduler.get_job("a").await.unwrap().unwrap();
    let policies = job.policies();
    assert_eq!(policies.max_instances(), None);
    assert_eq!(policies.misfire_grace_time(), None);
    assert_eq!(policies.timeout(), Some(Duration::from_secs(5)));
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
    let config = Config::from_toml(file).unwrap();
    let scheduler = builder.config(config).build().unwrap();
    scheduler.start().await.unwrap();
    pass(3).await;
    assert_eq!(scheduler.statistics("good").await.unwrap().succeeded, 3);
    assert_eq!(scheduler.statistics("bad").await.unwrap().runs(), 0);
    scheduler.shutdown().await.unwrap();
}

#[test]
fn a_job_that_a_configuration_has_twice_is_refused() {
    let job = "[[jobs]]\nid = 'a'\ntask = 'sweep'\ntrigger = '@daily'\nargs = [1]\n";
    let config = Config::from_toml(&format!("{job}{job}")).unwrap();
    let builder = Scheduler::builder().task("sweep", sweep).config(config);
    let error = builder.build().unwrap_err();
    let text =
        "id: the job `a` is declared twice by the configuration; give one of them another `id`";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.field(), Some("id"));
}

#[test]
fn a_file_that_is_not_there_says_in_which_folder_it_was_looked_for() {
    let error = Config::from_file("absent/punctual.toml").unwrap_err();
    let folder = std::env::current_dir().unwrap();
    let hint = format!("it was looked for in `{}`", folder.display());
    assert!(error.to_string().ends_with(&hint), "{error}");
}
