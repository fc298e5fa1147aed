//! What the linker found: a program of its own, since it finds all that is declared in one.

use punctual::{Scheduler, job, jobs, scheduled_job};

#[scheduled_job("@daily")]
async fn nightly() {}

mod mail {
    #[punctual::job(name = "mail.send")]
    pub(crate) async fn send() {}
}

#[job]
fn plain() {}

#[tokio::test]
async fn all_that_is_declared_is_found() {
    let scheduler = Scheduler::builder()
        .discover_expecting(["discover", "mail.send", "discover::nightly"])
        // Listed as well: no matter.
        .jobs(jobs![nightly, plain])
        .build()
        .unwrap();
    let names: Vec<_> = scheduler
        .tasks()
        .into_iter()
        .map(|task| task.name)
        .collect();
    let names: Vec<_> = names.iter().map(|name| &**name).collect();
    assert_eq!(names, ["discover::nightly", "discover::plain", "mail.send"]);
    scheduler.start().await.unwrap();
    let jobs = scheduler.get_jobs().await.unwrap();
    let ids: Vec<_> = jobs.iter().map(|own| own.id().as_str()).collect();
    assert_eq!(ids, ["discover::nightly"]);
    // A second start finds everything as it is.
    scheduler.shutdown().await.unwrap();
    scheduler.start().await.unwrap();
    assert_eq!(scheduler.get_jobs().await.unwrap().len(), 1);
    assert!(scheduler.get_jobs().vanished().await.unwrap().is_empty());
}

#[test]
fn declared_functions_can_be_called() {
    plain();
}
