//! An import is all or nothing, and says all that is wrong at once.

use std::future::ready;

use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_tokio::{ErrorKind, MemoryStore, Scheduler};
use serde_json::Value;

use crate::support::every;

async fn nothing() {}

async fn export() -> Value {
    let scheduler = Scheduler::builder().task("t", nothing).build().unwrap();
    for id in ["a", "b", "c", "d"] {
        scheduler.add_job("t", every(60)).id(id).await.unwrap();
    }
    serde_json::from_str(&scheduler.export_jobs().await.unwrap()).unwrap()
}

async fn count(scheduler: &Scheduler) -> usize {
    scheduler.get_jobs().await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn an_import_with_bad_jobs_adds_nothing_and_names_all_of_them() {
    let mut export = export().await;
    let jobs = export["jobs"].as_array_mut().unwrap();
    jobs[1]["store"] = "elsewhere".into();
    jobs[2]["job"]["trigger"] = serde_json::json!({"type": "cron", "hour": 25});
    jobs[3]["job"].as_object_mut().unwrap().remove("id");
    let mut more = jobs[0].clone();
    more["job"]["policies"] = serde_json::json!({"timeout": "5x"});
    jobs.push(more.clone());
    more["job"]["policies"] = serde_json::json!({});
    more["job"]["tag"] = "a".into();
    jobs.push(more);
    let to = Scheduler::builder().task("t", nothing).build().unwrap();
    let refused = to.import_jobs(export.to_string()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let message = refused.to_string();
    for part in [
        "nothing was added",
        "job `b`: jobs[1].store: `elsewhere` is not a known alias; the only one is `default`",
        "job `c`: jobs[2].job.trigger.hour: `25` is above the maximum 23",
        "job 4: jobs[3].job: missing field `id`",
        "job `a`: jobs[4].job.policies.timeout: `5x` has the unknown unit `x`",
        "job `a`: jobs[5].job.tag: unknown field `tag`",
        "did you mean `tags`?",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert!(!message.contains("jobs[0]"), "{message}");
    assert_eq!(count(&to).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_import_names_ids_that_are_taken_or_repeated() {
    let mut export = export().await;
    let jobs = export["jobs"].as_array_mut().unwrap();
    jobs[3]["job"]["id"] = "c".into();
    let to = Scheduler::builder().task("t", nothing).build().unwrap();
    to.add_job("t", every(1)).id("a").await.unwrap();
    let message = to
        .import_jobs(export.to_string())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("job `a`: jobs[0].job.id: is taken"),
        "{message}"
    );
    assert!(
        message.contains("job `c`: jobs[3].job.id: comes twice"),
        "{message}"
    );
    assert_eq!(count(&to).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_version_is_refused_and_a_good_one_comes_whole() {
    let mut export = export().await;
    let to = Scheduler::builder().task("t", nothing).build().unwrap();
    assert_eq!(to.import_jobs(export.to_string()).await.unwrap().len(), 4);
    assert_eq!(count(&to).await, 4);
    export["version"] = 7.into();
    let message = to
        .import_jobs(export.to_string())
        .await
        .unwrap_err()
        .to_string();
    assert!(message.contains("version 7"), "{message}");
    let message = to.import_jobs("[]").await.unwrap_err().to_string();
    assert!(message.starts_with("import: "), "{message}");
    assert!(
        message.ends_with("; give the text that `export_jobs` returned"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_over_but_for_a_run_elsewhere_is_left_out() {
    let work = || tokio::time::sleep(crate::support::seconds(1_000));
    let from = Scheduler::builder().task("t", work).build().unwrap();
    from.start().await.unwrap();
    let once = punctual_core::Date::at(from.now());
    from.add_job("t", once).id("once").await.unwrap();
    from.add_job("t", every(60)).id("again").await.unwrap();
    crate::support::pass(1).await;
    let export = from.export_jobs().await.unwrap();
    let to = Scheduler::builder().task("t", nothing).build().unwrap();
    let added = to.import_jobs(&export).await.unwrap();
    assert_eq!((added.len(), count(&to).await), (1, 1));
}

/// Repeating the import may help, which its error has to tell.
#[tokio::test(start_paused = true)]
async fn an_import_that_a_store_breaks_off_adds_nothing_and_has_the_kind_of_the_failure() {
    let export = export().await.to_string();
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().store("default", store);
    let to = builder.task("t", nothing).build().unwrap();
    faults.next([StoreCall::Add], Fault::slow(|| ready(())));
    faults.next([StoreCall::Add], Fault::Failed);
    let broken_off = to.import_jobs(&export).await.unwrap_err();
    assert_eq!(broken_off.kind(), ErrorKind::Unavailable, "{broken_off}");
    assert!(broken_off.is_temporary());
    assert_eq!(count(&to).await, 0);
    assert_eq!(to.import_jobs(&export).await.unwrap().len(), 4);
}
