//! How a scheduler is put together: configuration, defaults, triggers by name.

use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{Coalesce, Custom, Date, Policies, Trigger};
use punctual_store::MemoryStore;
use punctual_tokio::{Config, ErrorKind, Executor, Scheduler, SchedulerBuilder};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};
use crate::times::{berlin, refused};

const BUILDER: &str = "a scheduler is put together by a typed builder: an option that does not exist is a compiler error, not ignored";

const TYPES: &str =
    "the compiler refuses what is no executor or store; the builder refuses what cannot work";

const ALIASES: &str = "aliases are looked up when a job is added, not when it is due";

fn defaults() -> Policies {
    Policies::new()
        .misfire_grace_time(Duration::from_secs(5))
        .coalesce(Coalesce::all(10))
        .max_instances(9)
        .build()
        .unwrap()
}

fn configured(builder: SchedulerBuilder) -> SchedulerBuilder {
    builder
        .timezone("UTC")
        .job_defaults(defaults())
        .executor("default", Executor::tokio())
        .executor("alter", Executor::blocking(2))
        .store("default", MemoryStore::new())
        .store("bar", MemoryStore::new())
}

/// What the upstream configuration tests set is in force.
fn is_in_force() {
    takes_effect(configured);
}

/// The same as variables of the environment, which are flat as an ini file is.
fn is_in_force_from_variables() {
    let variables = [
        ("TIMEZONE", "UTC"),
        ("JOB_DEFAULTS__MISFIRE_GRACE_TIME", "5"),
        ("JOB_DEFAULTS__COALESCE", r#"{"all": {"at_most": 10}}"#),
        ("JOB_DEFAULTS__MAX_INSTANCES", "9"),
        ("EXECUTORS__ALTER__TYPE", "blocking"),
        ("EXECUTORS__ALTER__THREADS", "2"),
        ("STORES__BAR__TYPE", "memory"),
    ];
    let variables = variables.map(|(name, value)| (format!("PUNCTUAL_{name}"), value.to_owned()));
    let config = Config::from_variables("PUNCTUAL_", variables).unwrap();
    takes_effect(|builder| builder.config(config));
}

/// The same as a file with sections.
fn is_in_force_from_a_file() {
    let config = Config::from_toml(
        r#"
        timezone = "UTC"
        job_defaults = { misfire_grace_time = 5, coalesce = { all = { at_most = 10 } }, max_instances = 9 }
        executors.alter = { type = "blocking", threads = 2 }
        stores.bar = { type = "memory" }
        "#,
    );
    takes_effect(|builder| builder.config(config.unwrap()));
}

fn takes_effect(configured: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) {
    paused(async {
        let fixture = Fixture::with(configured);
        let job = fixture.scheduler.add_job(nothing, every(60)).id("a");
        job.executor("alter").store("bar").await.unwrap();
        let job = fixture.job("a").await;
        assert_eq!(*job.policies(), defaults());
        assert_eq!((job.executor(), job.store()), ("alter", "bar"));
        let at_midnight = fixture
            .scheduler
            .add_job(nothing, "cron(hour=0)".parse::<Trigger>().unwrap());
        at_midnight.id("b").await.unwrap();
        let next = fixture.job("b").await.next_run_time().unwrap();
        assert_eq!(next.to_rfc3339(), "2011-04-04T00:00:00+00:00");
    });
}

fn custom_trigger_is_used() {
    paused(async {
        let due = berlin("2011-04-03 18:41:00");
        let fixture = Fixture::started_with(|builder| {
            builder.trigger_with("dummy", move |config| {
                if config["a"] == 1 && config["b"] == "x" {
                    Ok(move |t| (t < due).then_some(due))
                } else {
                    Err(format!("{config} was not what was written"))
                }
            })
        })
        .await;
        let trigger = Custom::named("dummy").config(serde_json::json!({"a": 1, "b": "x"}));
        fixture
            .scheduler
            .add_job(nothing, trigger)
            .id("a")
            .await
            .unwrap();
        assert_eq!(fixture.job("a").await.next_run_time(), Some(due));
    });
}

pub(crate) const CASES: &[Case] = &[
    different("TestBaseScheduler::test_constructor", BUILDER, || {
        paused(async {
            let scheduler = Scheduler::builder().timezone("Mars/Olympus").build();
            assert!(scheduler.unwrap_err().to_string().contains("Mars/Olympus"));
            let error = Config::from_toml("time_zone = \"UTC\"").unwrap_err();
            assert!(error.to_string().contains("timezone"), "{error}");
            assert!(
                Scheduler::builder()
                    .timezone("Europe/Berlin")
                    .build()
                    .is_ok()
            );
        });
    }),
    same(
        "TestBaseScheduler::test_configure[ini-style]",
        is_in_force_from_variables,
    ),
    same(
        "TestBaseScheduler::test_configure[yaml-style]",
        is_in_force_from_a_file,
    ),
    different(
        "TestBaseScheduler::test_configure_private[references]",
        BUILDER,
        is_in_force,
    ),
    same(
        "TestBaseScheduler::test_configure_private[instances]",
        is_in_force,
    ),
    different(
        "TestBaseScheduler::test_configure_private_invalid_executor",
        TYPES,
        || {
            paused(async {
                let none = Scheduler::builder().executor("default", Executor::blocking(0));
                assert_eq!(none.build().unwrap_err().kind(), ErrorKind::Invalid);
            });
        },
    ),
    different(
        "TestBaseScheduler::test_configure_private_invalid_jobstore",
        TYPES,
        || {
            paused(async {
                let twice = Scheduler::builder()
                    .store("default", MemoryStore::new())
                    .store("default", MemoryStore::new());
                assert!(twice.build().unwrap_err().is_conflict());
            });
        },
    ),
    same("TestBaseScheduler::test_create_default_executor", || {
        paused(async {
            let fixture = Fixture::started().await;
            let job = fixture.scheduler.add_job(nothing, every(1)).id("a");
            job.executor("default").await.unwrap();
            fixture.jump(1).await;
            assert_eq!(fixture.runs("a").await.len(), 1);
        });
    }),
    same("TestBaseScheduler::test_create_default_jobstore", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture.scheduler.add_job(nothing, every(1)).id("a");
            job.store("default").await.unwrap();
            assert_eq!(fixture.job("a").await.store(), "default");
        });
    }),
    different("TestBaseScheduler::test_lookup_executor", ALIASES, || {
        paused(async {
            let fixture = Fixture::with(|builder| builder.executor("executor", Executor::tokio()));
            let job = fixture.scheduler.add_job(nothing, every(1));
            job.executor("executor").await.unwrap();
        });
    }),
    different(
        "TestBaseScheduler::test_lookup_executor_nonexistent",
        ALIASES,
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, every(1));
                let error = job.executor("executor").await.unwrap_err();
                assert!(
                    error.is_not_found() && error.to_string().contains("executor"),
                    "{error}"
                );
            });
        },
    ),
    same("TestBaseScheduler::test_lookup_jobstore", || {
        paused(async {
            let fixture = Fixture::with(|builder| builder.store("store", MemoryStore::new()));
            let job = fixture.scheduler.add_job(nothing, every(1));
            job.store("store").await.unwrap();
        });
    }),
    same(
        "TestBaseScheduler::test_lookup_jobstore_nonexistent",
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, every(1));
                let error = job.store("store").await.unwrap_err();
                assert!(error.is_not_found(), "{error}");
            });
        },
    ),
    same(
        "TestBaseScheduler::test_create_trigger[load plugin]",
        custom_trigger_is_used,
    ),
    same(
        "TestBaseScheduler::test_create_trigger[plugin loaded]",
        custom_trigger_is_used,
    ),
    same("TestBaseScheduler::test_create_trigger_instance", || {
        paused(async {
            let fixture = Fixture::new();
            let trigger = Date::at(berlin("2011-04-04")).build().unwrap();
            let job = fixture.scheduler.add_job(nothing, trigger.clone());
            job.id("a").await.unwrap();
            assert_eq!(
                fixture.job("a").await.next_run_time(),
                trigger.next(None, fixture.clock.now())
            );
        });
    }),
    different(
        "TestBaseScheduler::test_create_trigger_default_type",
        "`add_job` asks for a trigger; a job for now says so, and is not missed however late the start is",
        || {
            paused(async {
                let fixture = Fixture::new();
                let now = Date::at(fixture.scheduler.now());
                fixture
                    .scheduler
                    .add_job(nothing, now)
                    .id("a")
                    .await
                    .unwrap();
                fixture.jump(3_600).await;
                fixture.scheduler.start().await.unwrap();
                fixture.settle().await;
                assert_eq!(
                    fixture.scheduler.statistics("a").await.unwrap().succeeded,
                    1
                );
            });
        },
    ),
    same(
        "TestBaseScheduler::test_create_trigger_bad_trigger_type",
        || {
            let error = refused(r#"{"type": 1}"#);
            assert!(error.starts_with("type: "), "{error}");
        },
    ),
    same(
        "TestBaseScheduler::test_create_trigger_bad_plugin_type",
        || {
            paused(async {
                let fixture = Fixture::with(|builder| {
                    builder.trigger_with("dummy", |_| {
                        Err::<fn(DateTime<Utc>) -> Option<DateTime<Utc>>, _>(
                            "this is no trigger".into(),
                        )
                    })
                });
                let job = fixture.scheduler.add_job(nothing, Custom::named("dummy"));
                let error = job.await.unwrap_err();
                assert!(error.to_string().contains("this is no trigger"), "{error}");
            });
        },
    ),
    same(
        "TestBaseScheduler::test_create_trigger_nonexisting_plugin",
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, Custom::named("dummy"));
                let error = job.await.unwrap_err();
                assert!(error.to_string().contains("dummy"), "{error}");
            });
        },
    ),
    different(
        "TestBaseScheduler::test_create_lock",
        "no lock is held over a pass: handles are cheap and any number of tasks use one scheduler",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let adding = (0..100).map(|index| {
                    let scheduler = fixture.scheduler.clone();
                    tokio::spawn(async move {
                        let job = scheduler.add_job(nothing, every(60));
                        job.id(format!("{index}")).await.map(drop)
                    })
                });
                for task in adding.collect::<Vec<_>>() {
                    task.await.unwrap().unwrap();
                }
                assert_eq!(fixture.ids().await.len(), 100);
            });
        },
    ),
    different(
        "TestBaseScheduler::test_serialize_scheduler",
        "a scheduler cannot be serialised, which the compiler says; its jobs can",
        || {
            paused(async {
                let fixture = Fixture::with(|builder| builder.task("t", nothing));
                fixture
                    .scheduler
                    .add_job("t", every(60))
                    .id("a")
                    .await
                    .unwrap();
                let json = fixture.scheduler.export_jobs().await.unwrap();
                assert!(json.contains(r#""id": "a""#), "{json}");
            });
        },
    ),
];
