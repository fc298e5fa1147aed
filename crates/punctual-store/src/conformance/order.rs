//! A rule about the orders in which jobs are listed.

use punctual_core::{JobId, JobState, Outcome, Policies};

use super::fixture::{add, at, claim, decided, due, ended, expect, insert, job, manual_of, node};
use super::fixture::{text, won};
use crate::{JobCursor, JobFilter, JobOrder, JobStore, Lease, RunEnd};

/// The jobs by id, with the next fire time, whether it is paused, and the outcome of the last run.
const JOBS: [(&str, Option<i64>, bool, Option<Outcome>); 8] = [
    ("e1", Some(30), false, Some(Outcome::Failed)),
    ("b1", Some(20), false, Some(Outcome::Succeeded)),
    ("d2", Some(20), false, None),
    ("a2", None, false, Some(Outcome::Succeeded)),
    ("f2", Some(10), false, Some(Outcome::TimedOut)),
    ("c1", Some(15), true, None),
    ("g2", Some(20), false, Some(Outcome::Lost)),
    ("h2", None, false, None),
];

/// The pages of every order, in several sizes, form the list that the test sorts itself.
pub(super) async fn orders(store: &dyn JobStore) -> Result<(), String> {
    let lease = node(store, "one").await?;
    for (id, next, paused, outcome) in JOBS {
        let mut state = next.map_or_else(JobState::default, |next| due(at(next)));
        state.paused = paused;
        add(store, insert(job(id)?, state)).await.map_err(text)?;
        if let Some(outcome) = outcome {
            run_once(store, &lease, id, outcome).await?;
        }
    }
    let orders = [JobOrder::Id, JobOrder::NextRun, JobOrder::LastOutcome];
    for (order, search) in orders.into_iter().flat_map(|o| [(o, None), (o, Some("2"))]) {
        let wanted = sorted(store, order, search).await?;
        for limit in [1, 2, 3, 4, 5, 7, 8, 100, 0] {
            let filter = JobFilter {
                order,
                limit,
                search: search.map(Into::into),
                ..JobFilter::default()
            };
            let what = format!("pages of {limit} in the order of {order:?}");
            expect(&what, &pages(store, filter).await?, &wanted)?;
        }
    }
    Ok(())
}

async fn run_once(
    store: &dyn JobStore,
    lease: &Lease,
    id: &str,
    outcome: Outcome,
) -> Result<(), String> {
    let stored = super::fixture::current(store, id).await?;
    let mut plan = decided(&stored, 0, at(0));
    plan.start = vec![at(1)];
    let by_hand = manual_of(&stored, plan);
    let reply = claim(store, lease, vec![by_hand], vec![]).await;
    let run = won(&reply.map_err(text)?, 0)?.first;
    let end = RunEnd {
        outcome,
        ..ended(run)
    };
    let reply = claim(store, lease, vec![], vec![end]).await;
    reply.map(drop).map_err(text)
}

/// Returns the ids in an order, sorted from one unordered list of all jobs.
async fn sorted(
    store: &dyn JobStore,
    order: JobOrder,
    search: Option<&str>,
) -> Result<Vec<String>, String> {
    let all = store.list(JobFilter::default()).await.map_err(text)?.jobs;
    let mut places = Vec::new();
    for stored in &all {
        let id = stored.job.id();
        let statistics = store.statistics(id.clone()).await.map_err(text)?;
        if search.is_none_or(|part| id.as_str().contains(part)) {
            places.push(JobCursor::of(order, stored, statistics.last_outcome()));
        }
    }
    places.sort();
    Ok(places.iter().map(|place| place.id.to_string()).collect())
}

/// Returns the ids of all pages.
pub(super) async fn pages(
    store: &dyn JobStore,
    mut filter: JobFilter,
) -> Result<Vec<String>, String> {
    let mut seen = Vec::new();
    loop {
        let page = store.list(filter.clone()).await.map_err(text)?;
        if filter.limit > 0 && page.next.is_some() {
            expect("the length of a page", page.jobs.len(), filter.limit)?;
        }
        let ids = page.jobs.iter().map(|stored| stored.job.id().clone());
        let places: Vec<_> = page.ranks.iter().copied().zip(ids).collect();
        expect("the ranks", page.ranks.len(), page.jobs.len())?;
        expect("the last runs", page.last_runs.len(), page.jobs.len())?;
        expect("the order of the places", places.is_sorted(), true)?;
        if let Some(next) = &page.next {
            let next = (next.rank, next.id.clone());
            expect("the last place", places.last(), Some(&next))?;
        }
        seen.extend(page.jobs.iter().map(|stored| stored.job.id().to_string()));
        match page.next {
            Some(next) if seen.len() <= ENOUGH => filter.after = Some(next),
            _ => return Ok(seen),
        }
    }
}

/// The maximum number of jobs. No rule lists more.
const ENOUGH: usize = 25;

pub(super) async fn by_id(store: &dyn JobStore) -> Result<(), String> {
    let ids: Vec<_> = (0..ENOUGH).map(|index| format!("j{index:02}")).collect();
    for id in &ids {
        super::fixture::due_job(store, id, Policies::default()).await?;
    }
    let filter = JobFilter {
        limit: 10,
        ..JobFilter::default()
    };
    expect("the pages", &pages(store, filter.clone()).await?, &ids)?;
    let id = JobId::new(&ids[11]).map_err(text)?;
    let after = JobFilter {
        after: Some(JobCursor::from(id)),
        ..filter
    };
    let rest = pages(store, after).await?;
    expect("what comes after an id", &rest[..], &ids[12..])
}
