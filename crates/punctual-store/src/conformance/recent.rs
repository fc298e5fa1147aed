//! A rule about the newest runs of several jobs.

use punctual_core::{JobId, Policies, RunId, Unlimited};

use super::fixture::{advance, at, claim, current, due_job, ended, expect, node, text, won};
use super::ledger::run_often;
use crate::{JobStore, Lease, RecentRequest, RunFilter};

pub(super) async fn recent(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let often = run_often(store, &lease, "often", 3).await?;
    let open = open_one(store, &lease).await?;
    run_often(store, &lease, "gone", 1).await?;
    // The fire times that are overdue by then become a range without a run.
    store.remove(id("gone")?, at(25)).await.map_err(text)?;
    let gone = numbers(
        &store
            .runs(RunFilter::job(id("gone")?))
            .await
            .map_err(text)?,
    );
    expect("what is left of a job that is gone", gone.len(), 2)?;
    let jobs = ["often", "nobody", "open", "gone", "open", "often"];
    let jobs: Result<Vec<_>, _> = jobs.into_iter().map(id).collect();
    let jobs = jobs?;
    for (per_job, wanted) in [
        (0, vec![open[0]]),
        (1, vec![often[2], open[2], open[0], gone[0]]),
        (
            2,
            vec![
                often[2], often[1], open[2], open[1], open[0], gone[0], gone[1],
            ],
        ),
    ] {
        let request = RecentRequest::new(jobs.clone(), per_job);
        let seen = store.recent(request).await.map_err(text)?;
        expect(&format!("the newest {per_job}"), numbers(&seen), wanted)?;
    }
    let whole = store.runs(RunFilter::job(id("open")?)).await;
    let told = RecentRequest::new(vec![id("open")?], 9);
    let told = store.recent(told).await.map_err(text)?;
    expect("the runs as they are", told, whole.map_err(text)?)?;
    let many = RecentRequest::new(jobs, RecentRequest::MAX_RUNS);
    let refused = store.recent(many).await;
    let is_refused = refused.is_err_and(|error| error.is_refused());
    expect("too much is refused", is_refused, true)
}

/// Makes three runs of a job, the first of which stays open.
async fn open_one(store: &dyn JobStore, lease: &Lease) -> Result<Vec<RunId>, String> {
    let policies = Policies::new()
        .max_instances(Unlimited)
        .build()
        .expect("the policies of the suite are valid");
    let mut stored = due_job(store, "open", policies).await?;
    let mut runs = Vec::new();
    for now in [at(10), at(20), at(30)] {
        let claims = vec![advance(&stored, 0, now)];
        let reply = claim(store, lease, claims, vec![]).await.map_err(text)?;
        runs.push(won(&reply, 0)?.first);
        stored = current(store, "open").await?;
    }
    let ends = vec![ended(runs[1]), ended(runs[2])];
    claim(store, lease, vec![], ends).await.map_err(text)?;
    Ok(runs)
}

fn id(id: &str) -> Result<JobId, String> {
    JobId::new(id).map_err(text)
}

fn numbers(runs: &[punctual_core::Run]) -> Vec<RunId> {
    runs.iter().map(|run| run.id).collect()
}
