//! Verbs that change many jobs.

use chrono::TimeDelta;
use punctual_tokio::{MemoryStore, Scheduler};

use crate::support::{every, ledger, pass, started};

/// Four jobs in two stores, one of each with a tag.
async fn four() -> Scheduler {
    let builder = Scheduler::builder().store("other", MemoryStore::new());
    let scheduler = builder.build().unwrap();
    for (id, store, tags) in [
        ("a", "default", vec!["billing"]),
        ("b", "default", vec![]),
        ("c", "other", vec!["billing", "late"]),
        ("d", "other", vec![]),
    ] {
        let job = scheduler.add_job(|| async {}, every(60)).id(id);
        job.store(store).tags(tags).await.unwrap();
    }
    scheduler
}

async fn ids(scheduler: &Scheduler, paused: bool) -> Vec<String> {
    let jobs = scheduler.get_jobs().paused(paused).await.unwrap();
    jobs.iter().map(|job| job.id().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn jobs_are_paused_and_resumed_by_tag_and_store_and_counted_once() {
    let scheduler = four().await;
    assert_eq!(scheduler.pause_all_jobs().tag("billing").await.unwrap(), 2);
    assert_eq!(ids(&scheduler, true).await, ["a", "c"]);
    let other = scheduler.pause_all_jobs().store("other");
    assert_eq!(other.await.unwrap(), 1, "`c` is paused already");
    assert_eq!(ids(&scheduler, true).await, ["a", "c", "d"]);
    let both = scheduler.resume_all_jobs().store("other").tag("billing");
    assert_eq!(both.await.unwrap(), 1);
    assert_eq!(scheduler.resume_all_jobs().await.unwrap(), 2);
    assert_eq!(scheduler.resume_all_jobs().await.unwrap(), 0);
    assert!(ids(&scheduler, true).await.is_empty());
    let nowhere = scheduler.pause_all_jobs().store("nowhere").await;
    assert!(nowhere.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn jobs_are_removed_by_tag_and_store() {
    let scheduler = four().await;
    assert_eq!(scheduler.remove_all_jobs().tag("late").await.unwrap(), 1);
    assert_eq!(ids(&scheduler, false).await, ["a", "b", "d"]);
    let default = scheduler.remove_all_jobs().store("default");
    assert_eq!(default.await.unwrap(), 2);
    assert_eq!(scheduler.remove_all_jobs().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_in_a_pause_of_all_jobs_is_caught_up_with_or_not() {
    let scheduler = started().await;
    let since = scheduler.now() + TimeDelta::seconds(60);
    for id in ["a", "b"] {
        let job = scheduler.add_job(|| async {}, every(60).start(since));
        job.id(id)
            .coalesce(punctual_core::Coalesce::Latest)
            .await
            .unwrap();
    }
    scheduler.pause_all_jobs().await.unwrap();
    pass(90).await;
    scheduler.resume_job("a").await.unwrap();
    assert_eq!(scheduler.resume_all_jobs().catch_up().await.unwrap(), 1);
    pass(1).await;
    let ran = |ledger: Vec<(punctual_core::Outcome, u64)>| {
        let mut own = ledger.into_iter();
        own.any(|(outcome, _)| outcome == punctual_core::Outcome::Succeeded)
    };
    assert!(!ran(ledger(&scheduler, "a").await));
    assert!(ran(ledger(&scheduler, "b").await));
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_removed_and_set() {
    let scheduler = four().await;
    let tags = async || {
        let job = scheduler.get_job("c").await.unwrap().unwrap();
        job.tags().map(str::to_owned).collect::<Vec<_>>()
    };
    let job = scheduler.modify_job("c").tag("new").tag("late");
    job.untag("billing").untag("absent").await.unwrap();
    assert_eq!(tags().await, ["new", "late"]);
    scheduler.modify_job("c").tags(["x", "y"]).await.unwrap();
    assert_eq!(tags().await, ["x", "y"]);
}
