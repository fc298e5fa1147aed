//! Rules about jobs.

use chrono::TimeDelta;
use punctual_core::{Declared, JobId, Policies};

use super::fixture::{add, at, current, due, due_job, expect, insert, job, text};
use crate::{ChangedJobs, DueRequest, JobFilter, JobStore, OnConflict, Update};

pub(super) async fn conflict(store: &dyn JobStore) -> Result<(), String> {
    let first = due_job(store, "a", Policies::default()).await?;
    let second = add(store, insert(job("a")?, due(at(99)))).await;
    expect(
        "adding the id again is a conflict",
        second.is_err_and(|error| error.is_conflict()),
        true,
    )?;
    expect("the first job", current(store, "a").await?, first)
}

pub(super) async fn round_trip(store: &dyn JobStore) -> Result<(), String> {
    let policies = Policies::new()
        .jitter(std::time::Duration::from_micros(1_500_001))
        .build()
        .expect("the policies of the suite are valid");
    let args = [("key".to_owned(), "värde".into())].into_iter().collect();
    let job = job("a")?
        .with_name(Some("Ärende"))
        .with_tags(["x", "y"])
        .with_policies(policies)
        .with_declared(Some(Declared::new("billing", "every day at nine")))
        .with_args(&punctual_args(args));
    let next = at(10) + TimeDelta::microseconds(123_456);
    let stored = add(store, insert(job.clone(), due(next)))
        .await
        .map_err(text)?;
    let read = current(store, "a").await?;
    expect("the job that is read", &read, &stored)?;
    expect("its definition", &*read.job, &job)?;
    expect(
        "its next fire time, to the microsecond",
        read.state.next_run_time,
        Some(next),
    )?;
    for (by, count) in [("billing", 1), ("bill", 0)] {
        let filter = JobFilter {
            declared_by: Some(by.to_owned()),
            ..JobFilter::default()
        };
        let listed = store.list(filter).await.map_err(text)?.jobs;
        expect("how many jobs the crate declared", listed.len(), count)?;
    }
    Ok(())
}

fn punctual_args(map: serde_json::Map<String, serde_json::Value>) -> serde_json::Value {
    serde_json::Value::Object(map)
}

pub(super) async fn ids(store: &dyn JobStore) -> Result<(), String> {
    let longest = "長".repeat(punctual_core::limits::MAX_ID_CHARS);
    let ids = ["a", "A", "å", "a b", "' or 1=1 --", "%", "🦀", &longest];
    for id in ids {
        due_job(store, id, Policies::default()).await?;
    }
    for id in ids {
        expect("the id", current(store, id).await?.job.id().as_str(), id)?;
    }
    Ok(())
}

pub(super) async fn stale(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let update = |next| Update {
        job: stored.job.clone(),
        state: {
            let mut state = stored.state;
            state.next_run_time = Some(next);
            state
        },
        new_incarnation: false,
        decided: None,
        now: at(5),
    };
    store.update(update(at(20))).await.map_err(text)?;
    let second = store.update(update(at(30))).await;
    expect(
        "an update of an old revision is stale",
        second.is_err_and(|error| error.is_stale()),
        true,
    )?;
    expect(
        "the next fire time",
        current(store, "a").await?.state.next_run_time,
        Some(at(20)),
    )
}

pub(super) async fn replace(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let mut paused = stored.state;
    paused.paused = true;
    let update = Update {
        job: stored.job.clone(),
        state: paused,
        new_incarnation: false,
        decided: None,
        now: at(5),
    };
    store.update(update).await.map_err(text)?;
    let mut again = insert(job("a")?.with_name(Some("new")), due(at(99)));
    again.on_conflict = OnConflict::Replace;
    let replaced = add(store, again).await.map_err(text)?;
    expect("it is still paused", replaced.state.paused, true)?;
    expect(
        "its next fire time",
        replaced.state.next_run_time,
        Some(at(10)),
    )?;
    expect("its name", current(store, "a").await?.job.name(), "new")
}

pub(super) async fn window(store: &dyn JobStore) -> Result<(), String> {
    let later = at(10) + TimeDelta::microseconds(1);
    for (id, next) in [
        ("d", later),
        ("c", at(10)),
        ("b", at(10)),
        ("a", at(10)),
        ("e", at(20)),
    ] {
        add(store, insert(job(id)?, due(next)))
            .await
            .map_err(text)?;
    }
    let read = |through, limit| store.due(DueRequest::through(through, limit));
    let window = read(at(15), 10).await.map_err(text)?;
    let ids: Vec<_> = window
        .jobs
        .iter()
        .map(|due| due.stored.job.id().as_str())
        .collect();
    expect("the jobs", ids, vec!["c", "b", "a", "d"])?;
    expect("what comes beyond", window.beyond, Some(at(20)))?;
    let cut = read(at(15), 2).await.map_err(text)?;
    expect("a cut window", cut.jobs.len(), 2)?;
    expect("what comes beyond the cut", cut.beyond, Some(at(10)))?;
    let rest = DueRequest::through(at(15), 2).after(cut.next);
    let rest = store.due(rest).await.map_err(text)?;
    let ids: Vec<_> = rest
        .jobs
        .iter()
        .map(|due| due.stored.job.id().as_str())
        .collect();
    expect("the next page", ids, vec!["a", "d"])?;
    expect("there is no further page", rest.next, None)
}

/// A node is not told of overdue jobs whose tasks it does not know.
pub(super) async fn known_tasks(store: &dyn JobStore) -> Result<(), String> {
    for index in 0..5 {
        let stranger = job(&format!("s{index}"))?.with_task("others.task");
        add(store, insert(stranger, due(at(1))))
            .await
            .map_err(text)?;
    }
    due_job(store, "own", Policies::default()).await?;
    add(store, insert(job("later")?, due(at(70))))
        .await
        .map_err(text)?;
    let known = Some(["unused".into(), "task".into()].into());
    let request = DueRequest::through(at(50), 3).tasks(known);
    let due = store.due(request).await.map_err(text)?;
    let ids: Vec<_> = due
        .jobs
        .iter()
        .map(|due| due.stored.job.id().as_str())
        .collect();
    expect("the jobs", ids, vec!["own"])?;
    expect("what comes beyond", due.beyond, Some(at(70)))
}

pub(super) async fn paused(store: &dyn JobStore) -> Result<(), String> {
    let mut state = due(at(10));
    state.paused = true;
    add(store, insert(job("a")?, state)).await.map_err(text)?;
    let request = DueRequest::through(at(100), 10);
    let window = store.due(request).await.map_err(text)?;
    expect("the jobs that are due", window.jobs.len(), 0)?;
    expect("what comes beyond", window.beyond, None)
}

/// A job whose task no node knows waits for a later node, and is listed until then.
pub(super) async fn unknown_task(store: &dyn JobStore) -> Result<(), String> {
    super::fixture::node(store, "one").await?;
    let stranger = job("a")?.with_task("nobody.knows");
    add(store, insert(stranger, due(at(10))))
        .await
        .map_err(text)?;
    let request = DueRequest::through(at(100), 10);
    let window = store.due(request).await.map_err(text)?;
    expect("the jobs that are due", window.jobs.len(), 1)?;
    let listed = store.list(JobFilter::default()).await.map_err(text)?.jobs;
    expect("the jobs", listed.len(), 1)
}

/// An incarnation is not used again after its job is gone, so that the keys of old runs never
/// collide with those of new ones.
pub(super) async fn incarnations(store: &dyn JobStore) -> Result<(), String> {
    let mut last = 0;
    for id in ["a", "b", "a", "a"] {
        let id = JobId::new(id).map_err(text)?;
        store.remove(id.clone(), at(0)).await.map_err(text)?;
        let stored = due_job(store, id.as_str(), Policies::default()).await?;
        expect("it grows", stored.state.incarnation > last, true)?;
        last = stored.state.incarnation;
    }
    store.clear(at(0)).await.map_err(text)?;
    let stored = due_job(store, "a", Policies::default()).await?;
    expect("it grows", stored.state.incarnation > last, true)
}

/// A caller that has read the counter is told of later edits.
pub(super) async fn changes(store: &dyn JobStore) -> Result<(), String> {
    due_job(store, "a", Policies::default()).await?;
    let counter = store.changes(0).await.map_err(text)?.counter;
    due_job(store, "b", Policies::default()).await?;
    let changes = store.changes(counter).await.map_err(text)?;
    expect("the counter grows", changes.counter > counter, true)?;
    let ids: Vec<_> = match &changes.jobs {
        ChangedJobs::Many => return Ok(()),
        ChangedJobs::These(jobs) => jobs.iter().map(|stored| stored.job.id().as_str()).collect(),
    };
    expect("what was edited", ids, vec!["b"])
}
