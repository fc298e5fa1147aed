//! Jobs that are due soon. The store reads a page of each task, even if many jobs of other tasks
//! are overdue.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Interval, Job, Overlap};
use punctual_core::{JobState, Policies};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, DueRequest, Insert, JobStore, KnownTasks, OnConflict,
};
use serde_json::json;

use crate::fixture::{add, advance, at, begun, due, ended, ids, job, node, renew, request};
use crate::folder::{Folder, Store};
use crate::opening::{connect, run};

/// Returns a job of a task that is due at this second.
fn of_task(id: &str, task: &str, second: i64) -> Insert {
    let trigger = Interval::every(std::time::Duration::from_secs(10)).start(at(0));
    let job = Job::new(id.try_into().unwrap(), task, trigger.build().unwrap());
    let mut state = JobState::default();
    state.next_run_time = Some(at(second));
    Insert::new(Arc::new(job), state, at(0)).on_conflict(OnConflict::Refuse)
}

async fn filled(folder: &Folder, jobs: &[(&str, &str, i64)]) -> Store {
    let store = folder.open("jobs.db").await;
    let jobs = jobs.iter().map(|(id, task, at)| of_task(id, task, *at));
    let added = store.add(jobs.collect()).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    store
}

fn tasks(names: &[&str]) -> KnownTasks {
    names.iter().map(|name| Arc::from(*name)).collect()
}

#[tokio::test]
async fn pages_of_due_jobs_follow_each_other() {
    let folder = Folder::new();
    let jobs = [
        ("e", "one", 30),
        ("b", "two", 10),
        ("a", "one", 10),
        ("d", "two", 20),
        ("other", "three", 10),
        ("later", "two", 90),
        ("latest", "three", 80),
    ];
    let store = filled(&folder, &jobs).await;
    let mut request = DueRequest::through(at(60), 2).tasks(Some(tasks(&["one", "two"])));
    let mut seen = Vec::new();
    loop {
        let page = store.due(request.clone()).await.unwrap();
        seen.push((ids(&page).join(" "), page.beyond));
        request = request.after(page.next);
        if page.next.is_none() {
            break;
        }
    }
    let wanted = [("b a", Some(at(20))), ("d e", Some(at(90)))];
    assert_eq!(seen, wanted.map(|(ids, beyond)| (ids.to_owned(), beyond)));
    let all = store.due(DueRequest::through(at(60), 9)).await.unwrap();
    assert_eq!(ids(&all), ["b", "a", "other", "d", "e"]);
    assert_eq!((all.next, all.beyond), (None, Some(at(80))));
    let none = DueRequest::through(at(60), 9).tasks(Some(tasks(&[])));
    let none = store.due(none).await.unwrap();
    assert_eq!((ids(&none).len(), none.beyond), (0, None));
}

/// A page that holds only rows that cannot be decoded does not end the list.
#[tokio::test]
async fn rows_that_cannot_be_read_do_not_end_a_page() {
    let folder = Folder::new();
    let jobs = [
        ("a", "task", 10),
        ("b", "task", 20),
        ("c", "task", 30),
        ("good", "task", 40),
        ("d", "task", 70),
        ("later", "task", 80),
    ];
    let store = filled(&folder, &jobs).await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET trigger_json = '?' WHERE length(id) = 1",
    )
    .await;
    let page = store.due(DueRequest::through(at(60), 1)).await.unwrap();
    assert_eq!(ids(&page), ["good"]);
    assert_eq!((page.next, page.beyond), (None, Some(at(80))));
}

#[tokio::test]
async fn long_arguments_come_with_the_claim() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let short = json!("x".repeat(1_022));
    let long = json!("x".repeat(1_023));
    add(&store, job("short").with_args(&short)).await.unwrap();
    add(&store, job("long").with_args(&long)).await.unwrap();
    let found = due(&store, at(10)).await;
    let heads: Vec<_> = found.jobs.iter().map(|job| job.is_head).collect();
    assert_eq!(
        (ids(&found), heads),
        (vec!["short", "long"], vec![false, true])
    );
    assert_eq!(found.jobs[0].stored.job.args(), short);
    let head = &found.jobs[1].stored;
    assert_eq!(head.job.args_json(), "null");
    let claim = advance(head, at(10)).wants_job(true);
    let reply = store.claim(&request(&lease, vec![claim], vec![])).await;
    let reply = reply.unwrap();
    let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    assert_eq!(won.job.as_ref().unwrap().args(), long);
}

/// Otherwise a run would be opened that no node can begin.
#[tokio::test]
async fn a_head_whose_arguments_cannot_be_read_is_not_claimed() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let long = json!("x".repeat(2_000));
    add(&store, job("a").with_args(&long)).await.unwrap();
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET args_json = '[' || args_json",
    )
    .await;
    let found = due(&store, at(10)).await;
    let claim = advance(&found.jobs[0].stored, at(10)).wants_job(true);
    let reply = store.claim(&request(&lease, vec![claim], vec![])).await;
    let reply = reply.unwrap();
    assert!(matches!(reply.answers[..], [ClaimAnswer::Lost(None)]));
}

fn queueing(id: &str) -> Job {
    job(id).with_policies(Policies::new().overlap(Overlap::queue(2)).build().unwrap())
}

/// Returns the ids of the jobs whose waiting runs may start. A request for due jobs and a renewal
/// have to agree.
async fn waiting(store: &Store, through: DateTime<Utc>) -> Vec<(String, DateTime<Utc>)> {
    let lease = node(store, "observer").await;
    let renewal = renew(store, &lease, through).await.waiting;
    let window = due(store, through).await.waiting;
    assert_eq!(renewal, window);
    let jobs = window.into_iter();
    jobs.map(|job| (job.id.to_string(), job.due)).collect()
}

#[tokio::test]
async fn jobs_whose_waiting_runs_may_start_are_named() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let first = begun(&store, &lease, queueing("queued")).await;
    let stored = store.get("queued".try_into().unwrap()).await;
    let claims = vec![advance(&stored.unwrap().unwrap(), at(20))];
    store.claim(&request(&lease, claims, vec![])).await.unwrap();
    let retried = begun(&store, &lease, job("retried")).await;
    assert_eq!(waiting(&store, at(99)).await, vec![]);
    let again = ended(retried).retry_at(Some(at(40).timestamp_micros()));
    let mut ends = request(&lease, vec![], vec![again, ended(first)]);
    ends.takes_waiting = false;
    let reply = store.claim(&ends).await.unwrap();
    assert_eq!(reply.handed, vec![]);
    let named = |id: &str, due| (id.to_owned(), due);
    let early = vec![named("queued", DateTime::UNIX_EPOCH)];
    assert_eq!(waiting(&store, at(39)).await, early);
    let both = vec![
        named("queued", DateTime::UNIX_EPOCH),
        named("retried", at(40)),
    ];
    assert_eq!(waiting(&store, at(50)).await, both);
    let unknown = DueRequest::through(at(50), 9).tasks(Some(tasks(&["other"])));
    assert_eq!(store.due(unknown).await.unwrap().waiting, vec![]);
}

/// A run of a job that is damaged while it waits goes on waiting until the row is repaired.
#[tokio::test]
async fn nothing_of_a_damaged_job_is_handed_out() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let retried = begun(&store, &lease, job("a")).await;
    let again = ended(retried).retry_at(Some(at(5).timestamp_micros()));
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET trigger_json = trigger_json || '?'",
    )
    .await;
    let reply = store.claim(&request(&lease, vec![], vec![again])).await;
    assert_eq!(reply.unwrap().handed, vec![]);
    run(
        &mut other,
        "UPDATE punctual_jobs SET trigger_json = rtrim(trigger_json, '?')",
    )
    .await;
    let stored = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    let promote = Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Promote,
    );
    let reply = store.claim(&request(&lease, vec![promote], vec![])).await;
    let handed = reply.unwrap().handed;
    assert_eq!(handed[0].runs[0].id, retried);
    assert_eq!(handed[0].runs[0].attempts, 1);
}

#[tokio::test]
async fn a_job_is_named_by_the_earliest_of_its_waiting_runs() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let retried = begun(&store, &lease, queueing("a")).await;
    let again = ended(retried).retry_at(Some(at(40).timestamp_micros()));
    store
        .claim(&request(&lease, vec![], vec![again]))
        .await
        .unwrap();
    let mut other = connect(&folder, "jobs.db").await;
    let statement = "UPDATE punctual_jobs SET running = 0, queued = 1";
    run(&mut other, statement).await;
    let early = vec![("a".to_owned(), DateTime::UNIX_EPOCH)];
    assert_eq!(waiting(&store, at(50)).await, early);
}
