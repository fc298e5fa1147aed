//! `tests/test_job.py` of 3.11: what is refused when a job is changed.

use punctual_core::{Job, Policies, Trigger, When};
use punctual_store::testing::FaultyStore;
use punctual_store::{MemoryStore, StoreCapabilities};
use punctual_tokio::{Args, ErrorKind};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};

const COMPILER: &str =
    "the compiler refuses another type; what comes as JSON is refused with the field";

async fn positional(_: Args<(i64, String)>) {}

#[derive(serde::Deserialize)]
struct Named {
    #[expect(dead_code, reason = "it is only there to be asked for")]
    a: i64,
}

async fn named(_: Args<Named>) {}

fn policies_refused(json: &str) {
    let error = serde_json::from_str::<Policies>(json)
        .expect_err(json)
        .to_string();
    assert!(!error.is_empty());
}

/// A stored job with one more field, or another value.
fn job_refused(change: impl FnOnce(&mut serde_json::Value), names: &str) {
    let mut json = serde_json::json!({
        "id": "a", "task": "t", "trigger": {"type": "cron", "hour": 3}, "policies": {}
    });
    serde_json::from_value::<Job>(json.clone()).expect("the job itself is good");
    change(&mut json);
    let error = serde_json::from_value::<Job>(json).unwrap_err().to_string();
    assert!(error.contains(names), "{error}");
}

async fn modify_refuses_args<M>(
    task: impl punctual_tokio::Handler<M>,
    args: impl serde::Serialize,
    good: impl serde::Serialize,
) {
    let fixture = Fixture::with(|builder| builder.task("t", task));
    fixture
        .scheduler
        .add_job("t", every(1))
        .id("a")
        .args(good)
        .await
        .unwrap();
    let error = fixture
        .scheduler
        .modify_job("a")
        .args(args)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("args: "), "{error}");
}

pub(crate) const CASES: &[Case] = &[
    different("test_private_modify_bad_id", COMPILER, || {
        job_refused(|job| job["id"] = 3.into(), "");
        job_refused(|job| job["id"] = "".into(), "id");
    }),
    different(
        "test_private_modify_id",
        "there is no verb that changes an id",
        || {
            paused(async {
                let fixture = Fixture::new();
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture
                    .scheduler
                    .modify_job("a")
                    .name("alternate")
                    .await
                    .unwrap();
                assert_eq!(fixture.ids().await, ["a"]);
            });
        },
    ),
    same("test_private_modify_bad_func", || {
        paused(async {
            let fixture = Fixture::new();
            fixture
                .scheduler
                .add_job(nothing, every(1))
                .id("a")
                .await
                .unwrap();
            let error = fixture
                .scheduler
                .modify_job("a")
                .task("1")
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownTask);
        });
    }),
    different(
        "test_private_modify_func_ref",
        "tasks are named, not imported by path: only what was registered can be called",
        || {
            paused(async {
                let fixture = Fixture::with(|builder| builder.task("dummyfunc", nothing));
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture
                    .scheduler
                    .modify_job("a")
                    .task("dummyfunc")
                    .await
                    .unwrap();
                assert_eq!(fixture.job("a").await.task(), "dummyfunc");
            });
        },
    ),
    same("test_private_modify_unreachable_func", || {
        paused(async {
            let (disk, _) = FaultyStore::new(MemoryStore::new());
            let disk = disk.with_capabilities(StoreCapabilities::default().persistent(true));
            let fixture = Fixture::with(|builder| builder.store("disk", disk));
            let closure = || async {};
            fixture.scheduler.add_job(closure, every(1)).await.unwrap();
            let stored = fixture.scheduler.add_job(closure, every(1)).store("disk");
            let error = stored.await.unwrap_err();
            assert!(error.to_string().contains("stable name"), "{error}");
        });
    }),
    different(
        "test_private_modify_update_name",
        "without a name, a job is called by its id: closures have no names",
        || {
            paused(async {
                let fixture = Fixture::new();
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                assert_eq!(fixture.job("a").await.name(), "a");
            });
        },
    ),
    same("test_private_modify_bad_args", || {
        paused(modify_refuses_args(positional, 1, (1, "x")));
    }),
    same("test_private_modify_bad_kwargs", || {
        paused(modify_refuses_args(named, 1, serde_json::json!({"a": 1})));
    }),
    different("test_private_modify_bad_name[integer]", COMPILER, || {
        job_refused(|job| job["name"] = 1.into(), "");
    }),
    same("test_private_modify_bad_name[empty string]", || {
        paused(async {
            let fixture = Fixture::new();
            let add = || fixture.scheduler.add_job(nothing, every(1)).id("a");
            let refused = add().name("").await.unwrap_err();
            assert_eq!(refused.field(), Some("name"));
            add().await.unwrap();
            let refused = fixture.scheduler.modify_job("a").name("").await;
            assert_eq!(refused.unwrap_err().field(), Some("name"));
            assert_eq!(fixture.job("a").await.name(), "a");
        });
    }),
    different(
        "test_private_modify_bad_misfire_grace_time[string]",
        COMPILER,
        || {
            policies_refused(r#"{"misfire_grace_time": "foo"}"#);
        },
    ),
    same("test_private_modify_bad_misfire_grace_time[zero]", || {
        let zero: Policies = serde_json::from_str(r#"{"misfire_grace_time": 0}"#).unwrap();
        assert!(zero.check().is_err());
    }),
    same(
        "test_private_modify_bad_misfire_grace_time[negative]",
        || {
            policies_refused(r#"{"misfire_grace_time": -1}"#);
        },
    ),
    different(
        "test_private_modify_bad_max_instances[None]",
        "none is no limit, here as for the grace time",
        || {
            let none: Policies = serde_json::from_str(r#"{"max_instances": null}"#).unwrap();
            assert_eq!(none.max_instances(), None);
        },
    ),
    different(
        "test_private_modify_bad_max_instances[string]",
        COMPILER,
        || {
            policies_refused(r#"{"max_instances": "foo"}"#);
        },
    ),
    same("test_private_modify_bad_max_instances[zero]", || {
        policies_refused(r#"{"max_instances": 0}"#);
    }),
    same("test_private_modify_bad_max_instances[negative]", || {
        policies_refused(r#"{"max_instances": -1}"#);
    }),
    same("test_private_modify_bad_trigger", || {
        let error = "foo".parse::<Trigger>().unwrap_err();
        assert!(!error.to_string().is_empty());
        job_refused(|job| job["trigger"] = "foo".into(), "");
    }),
    different(
        "test_private_modify_bad_executor",
        "an alias is looked up when a job is added",
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, every(1)).executor("1");
                assert!(job.await.unwrap_err().is_not_found());
            });
        },
    ),
    different("test_private_modify_bad_next_run_time", COMPILER, || {
        let error = "1".parse::<When>().unwrap_err();
        assert!(error.contains("is not a valid date or time"), "{error}");
    }),
    different("test_private_modify_bad_argument", COMPILER, || {
        job_refused(|job| job["scheduler"] = 1.into(), "scheduler");
    }),
];
