//! Rules about the ledger.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    CancelReason, JobId, Outcome, Outcomes, Policies, RunId, SkipReason, Unlimited,
};

use super::fixture::{
    advance, at, claim, current, decided, due, due_job, ended, expect, insert, job, node, text, won,
};
use crate::{
    ClaimKind, JobFilter, JobStore, LastRun, Lease, Retention, RunCursor, RunEnd, RunFilter,
};

/// Runs a job at the seconds 10, 20 and so on, and ends each run five milliseconds later.
pub(super) async fn run_often(
    store: &dyn JobStore,
    lease: &Lease,
    id: &str,
    times: i64,
) -> Result<Vec<RunId>, String> {
    let mut stored = due_job(store, id, Policies::default()).await?;
    let mut runs = Vec::new();
    for time in 1..=times {
        let now = at(10 * time);
        let reply = claim(store, lease, vec![advance(&stored, 0, now)], vec![])
            .await
            .map_err(text)?;
        let run = won(&reply, 0)?.first;
        let end = RunEnd {
            started: Some(now.timestamp_micros()),
            finished: (now + TimeDelta::milliseconds(5)).timestamp_micros(),
            ..ended(run)
        };
        claim(store, lease, vec![], vec![end]).await.map_err(text)?;
        runs.push(run);
        stored = current(store, id).await?;
    }
    Ok(runs)
}

async fn numbers(store: &dyn JobStore, filter: RunFilter) -> Result<Vec<RunId>, String> {
    let runs = store.runs(filter).await.map_err(text)?;
    Ok(runs.iter().map(|run| run.id).collect())
}

async fn places(store: &dyn JobStore, filter: RunFilter) -> Result<Vec<RunCursor>, String> {
    let runs = store.runs(filter).await.map_err(text)?;
    Ok(runs.iter().map(RunCursor::of).collect())
}

pub(super) async fn pages(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let mut runs = run_often(store, &lease, "a", 3).await?;
    runs.extend(run_often(store, &lease, "b", 2).await?);
    let stored = due_job(store, "open", Policies::default()).await?;
    let reply = claim(store, &lease, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    runs.push(won(&reply, 0)?.first);
    runs.reverse();
    let mut seen: Vec<RunCursor> = Vec::new();
    loop {
        let filter = RunFilter {
            before: seen.last().copied(),
            limit: 2,
            ..RunFilter::default()
        };
        let page = places(store, filter).await?;
        if page.is_empty() || seen.len() > runs.len() {
            break;
        }
        seen.extend(page);
    }
    let ids: Vec<_> = seen.iter().map(|place| place.id).collect();
    expect("all pages", &ids, &runs)?;
    let filter = RunFilter {
        before: Some(seen[3]),
        ..RunFilter::job("a".try_into().map_err(text)?)
    };
    expect(
        "of one job",
        numbers(store, filter).await?,
        runs[4..].to_vec(),
    )
}

/// The last run is in the row of the job and in lists. It stays when the ledger has forgotten it.
pub(super) async fn last_run(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    due_job(store, "new", Policies::default()).await?;
    let ran = run_often(store, &lease, "a", 2).await?;
    let last = listed_last(store, "a").await?.ok_or("no last run")?;
    let (started, finished) = (at(20), at(20) + TimeDelta::milliseconds(5));
    expect("its number", last.id, ran[1])?;
    expect("its fire time", last.fire_time, at(20))?;
    let times = (last.started, last.finished);
    expect("its times", times, (Some(started), finished))?;
    expect("its outcome", last.outcome, Outcome::Succeeded)?;
    // A run that is open and one that was cancelled before it began are not the last one.
    let stored = current(store, "a").await?;
    let reply = claim(store, &lease, vec![advance(&stored, 0, at(30))], vec![]);
    let run = won(&reply.await.map_err(text)?, 0)?.first;
    expect(
        "the last run beside an open one",
        listed_last(store, "a").await?,
        Some(last),
    )?;
    let cancelled = RunEnd {
        outcome: Outcome::Cancelled(CancelReason::User),
        started: None,
        attempts: 0,
        ..ended(run)
    };
    claim(store, &lease, vec![], vec![cancelled])
        .await
        .map_err(text)?;
    expect(
        "the last run after one that never began",
        listed_last(store, "a").await?,
        Some(last),
    )?;
    let retention = Retention {
        per_job: Some(0),
        ..Retention::default()
    };
    store.purge(retention, 10).await.map_err(text)?;
    expect(
        "the last run when it is forgotten",
        listed_last(store, "a").await?,
        Some(last),
    )?;
    let id = "a".try_into().map_err(text)?;
    let statistics = store.statistics(id).await.map_err(text)?;
    expect("that of the statistics", statistics.last_run, Some(last))?;
    expect("that of a new job", listed_last(store, "new").await?, None)
}

/// Runs overlap, and the older one ends last.
pub(super) async fn last_of_two(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let policies = Policies::new()
        .max_instances(Unlimited)
        .build()
        .expect("the policies of the suite are valid");
    let mut stored = due_job(store, "a", policies).await?;
    let mut runs = Vec::new();
    for now in [at(10), at(20)] {
        let claims = vec![advance(&stored, 0, now)];
        let reply = claim(store, &lease, claims, vec![]).await.map_err(text)?;
        runs.push(won(&reply, 0)?.first);
        stored = current(store, "a").await?;
    }
    for run in [runs[1], runs[0]] {
        claim(store, &lease, vec![], vec![ended(run)])
            .await
            .map_err(text)?;
        let last = listed_last(store, "a").await?.map(|last| last.id);
        expect("the newest run that ran", last, Some(runs[1]))?;
    }
    Ok(())
}

async fn listed_last(store: &dyn JobStore, id: &str) -> Result<Option<LastRun>, String> {
    let page = store.list(JobFilter::default()).await.map_err(text)?;
    let mut listed = page.jobs.iter().zip(&page.last_runs);
    let found = listed.find(|(stored, _)| stored.job.id().as_str() == id);
    let (_, last) = found.ok_or_else(|| format!("job `{id}` is not listed"))?;
    Ok(*last)
}

/// Lists runs that ended in several ways, fire times without a run, and an open run.
pub(super) async fn by_outcomes(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let mut wanted = Vec::new();
    for (id, outcome) in [
        ("a", Outcome::Succeeded),
        ("b", Outcome::Failed),
        ("c", Outcome::Cancelled(CancelReason::User)),
        ("d", Outcome::Cancelled(CancelReason::Shutdown)),
    ] {
        let stored = due_job(store, id, Policies::default()).await?;
        let reply = claim(store, &lease, vec![advance(&stored, 0, at(10))], vec![]);
        let run = won(&reply.await.map_err(text)?, 0)?.first;
        let end = RunEnd {
            outcome,
            ..ended(run)
        };
        claim(store, &lease, vec![], vec![end])
            .await
            .map_err(text)?;
        wanted.push((id.to_owned(), outcome));
    }
    let gone = due_job(store, "gone", Policies::default()).await?;
    store
        .remove(gone.job.id().clone(), at(15))
        .await
        .map_err(text)?;
    wanted.push(("gone".to_owned(), Outcome::Skipped(SkipReason::Edited)));
    let stored = due_job(store, "open", Policies::default()).await?;
    let reply = claim(store, &lease, vec![advance(&stored, 0, at(10))], vec![]);
    won(&reply.await.map_err(text)?, 0)?;
    wanted.reverse();
    for outcomes in [
        Outcomes::ALL,
        Outcomes::NONE,
        Outcomes::FAILED | Outcomes::SUCCEEDED,
        Outcomes::CANCELLED,
        Outcome::Cancelled(CancelReason::Shutdown).into(),
        Outcomes::UNSUCCESSFUL,
        Outcomes::NOT_STARTED,
    ] {
        let filter = RunFilter {
            outcomes: Some(outcomes),
            ..RunFilter::default()
        };
        let runs = store.runs(filter).await.map_err(text)?.into_iter();
        let seen = runs.map(|run| (run.job.to_string(), run.outcome()));
        let wanted = wanted.iter().filter(|(_, own)| outcomes.contains(*own));
        let wanted = wanted.map(|(id, own)| (id.clone(), Some(*own)));
        expect(
            &format!("runs with {outcomes:?}"),
            seen.collect::<Vec<_>>(),
            wanted.collect::<Vec<_>>(),
        )?;
    }
    Ok(())
}

fn with_micros(at: DateTime<Utc>, micros: i64) -> DateTime<Utc> {
    at + TimeDelta::microseconds(micros)
}

pub(super) async fn microseconds(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let next = with_micros(at(10), 123_457);
    let answers = store.add(vec![insert(job("a")?, due(next))]).await;
    let mut answers = answers.map_err(text)?;
    let stored = answers.pop().ok_or("no answer")?.map_err(text)?;
    let mut claimed = advance(&stored, 0, next);
    claimed.kind = ClaimKind::Advance {
        revision: stored.state.revision,
        plan: decided(&stored, 0, next),
    };
    let reply = claim(store, &lease, vec![claimed], vec![])
        .await
        .map_err(text)?;
    let (started, finished) = (with_micros(at(10), 123_459), with_micros(at(11), 1));
    let end = RunEnd {
        started: Some(started.timestamp_micros()),
        finished: finished.timestamp_micros(),
        ..ended(won(&reply, 0)?.first)
    };
    claim(store, &lease, vec![], vec![end])
        .await
        .map_err(text)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    let times: Vec<_> = runs
        .iter()
        .map(|run| (run.fire_time(), run.started, run.finished))
        .collect();
    let wanted = vec![(next, Some(started), Some(finished))];
    expect("the times of the run", times, wanted)
}

/// Three runs succeed and one fails.
pub(super) async fn usual(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let id: JobId = "a".try_into().map_err(text)?;
    let runs = run_often(store, &lease, "a", 3).await?;
    let statistics = store.statistics(id.clone()).await.map_err(text)?;
    let wanted = (Some(runs[2]), Some(Outcome::Succeeded));
    let last = statistics.last_run.map(|last| last.id);
    expect("the last run", (last, statistics.last_outcome()), wanted)?;
    let usual = (statistics.usual_micros, statistics.deviation_micros);
    expect("what is usual", usual, (Some(5_000), 1_407))?;
    let stored = current(store, "a").await?;
    let reply = claim(store, &lease, vec![advance(&stored, 0, at(40))], vec![])
        .await
        .map_err(text)?;
    let failed = RunEnd {
        outcome: Outcome::Failed,
        started: Some(at(40).timestamp_micros()),
        finished: at(50).timestamp_micros(),
        ..ended(won(&reply, 0)?.first)
    };
    let run = failed.run;
    claim(store, &lease, vec![], vec![failed])
        .await
        .map_err(text)?;
    let statistics = store.statistics(id).await.map_err(text)?;
    let last = statistics.last_run.map(|last| last.id);
    expect("the last run", last, Some(run))?;
    let usual_now = (statistics.usual_micros, statistics.deviation_micros);
    expect("what is usual after a failure", usual_now, usual)
}

pub(super) async fn by_age(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    // An open run, older than all ended ones.
    let stored = due_job(store, "open", Policies::default()).await?;
    let reply = claim(store, &lease, vec![advance(&stored, 0, at(10))], vec![])
        .await
        .map_err(text)?;
    let open = won(&reply, 0)?.first;
    let runs = run_often(store, &lease, "a", 3).await?;
    let retention = Retention {
        ended_before: Some(at(30)),
        ..Retention::default()
    };
    for wanted in [1, 1, 0] {
        let purged = store.purge(retention, 1).await.map_err(text)?;
        expect("how many are forgotten at a time", purged, wanted)?;
    }
    let left = numbers(store, RunFilter::default()).await?;
    expect("what is left", left, vec![runs[2], open])?;
    let id = "a".try_into().map_err(text)?;
    let statistics = store.statistics(id).await.map_err(text)?;
    expect("the statistics", statistics.succeeded, 3)
}

pub(super) async fn by_count(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    let many = run_often(store, &lease, "many", 3).await?;
    let few = run_often(store, &lease, "few", 1).await?;
    let retention = Retention {
        per_job: Some(2),
        ..Retention::default()
    };
    let purged = store.purge(retention, 10).await.map_err(text)?;
    expect("how many are forgotten", purged, 1)?;
    let left = numbers(store, RunFilter::default()).await?;
    expect("what is left", left, vec![few[0], many[2], many[1]])
}

/// A run that outlives its job does not count for a later job of the same id.
pub(super) async fn statistics_of_one_job(store: &dyn JobStore) -> Result<(), String> {
    let node = node(store, "one").await?;
    let stored = due_job(store, "a", Policies::default()).await?;
    let claims = vec![advance(&stored, 0, at(10))];
    let run = won(&claim(store, &node, claims, vec![]).await.map_err(text)?, 0)?.first;
    let id = stored.job.id().clone();
    store.remove(id.clone(), at(11)).await.map_err(text)?;
    due_job(store, "a", Policies::default()).await?;
    claim(store, &node, vec![], vec![ended(run)])
        .await
        .map_err(text)?;
    let counted = store.statistics(id).await.map_err(text)?.succeeded;
    expect("the runs of the new job that succeeded", counted, 0)
}
