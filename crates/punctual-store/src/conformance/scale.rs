//! Rules about many jobs in one store.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use chrono::TimeDelta;
use punctual_core::Policies;

use super::fixture::{advance, at, claim, due, due_job, expect, insert, job, node, text};
use crate::{ClaimAnswer, ClaimReply, DueRequest, Error, JobFilter, JobStore, RunFilter};

/// The number of nodes that ask at the same time.
const NODES: usize = 8;
/// The number of jobs that are added in one call.
const AT_A_TIME: u32 = 10_000;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Waits for all calls, which are under way concurrently.
async fn together<T>(mut calls: Vec<Boxed<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = calls.iter().map(|_| None).collect();
    poll_fn(move |context| {
        for (call, answer) in calls.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = call.as_mut().poll(context)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().any(Option::is_none) {
            return Poll::Pending;
        }
        Poll::Ready(answers.drain(..).flatten().collect())
    })
    .await
}

pub(super) async fn at_once(store: &dyn JobStore) -> Result<(), String> {
    let stored = due_job(store, "a", Policies::default()).await?;
    let mut leases = Vec::new();
    for index in 0..NODES {
        leases.push(node(store, &format!("node {index}")).await?);
    }
    let stored = &stored;
    let calls = leases.iter().map(|lease| {
        let claims = vec![advance(stored, 0, at(10))];
        Box::pin(claim(store, lease, claims, vec![])) as Boxed<'_, Result<ClaimReply, Error>>
    });
    let mut won = 0;
    for reply in together(calls.collect()).await {
        let answers = reply.map_err(text)?.answers;
        won += usize::from(matches!(answers[..], [ClaimAnswer::Won(_)]));
    }
    expect("how many won", won, 1)?;
    let runs = store.runs(RunFilter::default()).await.map_err(text)?;
    expect("the runs of the fire time", runs.len(), 1)
}

/// Adds `jobs` jobs, one second apart, and reads the first of them.
///
/// A store of a million jobs has to start without reading all of them. This takes minutes, so
/// [`check`](super::check) leaves it out.
///
/// # Errors
///
/// Returns a text if the window or a page of the list is wrong.
pub async fn many_jobs(store: &dyn JobStore, jobs: u32) -> Result<(), String> {
    let mut next = 0;
    while next < jobs {
        let through = jobs.min(next + AT_A_TIME);
        let batch: Result<Vec<_>, String> = (next..through)
            .map(|index| {
                let second = at(10) + TimeDelta::seconds(i64::from(index));
                Ok(insert(job(&format!("job {index:07}"))?, due(second)))
            })
            .collect();
        let answers = store.add(batch?).await.map_err(text)?;
        let refused = answers.into_iter().find_map(Result::err);
        expect("a refusal", refused.map(text), None)?;
        next = through;
    }
    let request = DueRequest::through(at(70), 1_000);
    let window = store.due(request).await.map_err(text)?;
    expect("the jobs of a minute", window.jobs.len(), 61)?;
    expect("what comes beyond", window.beyond, Some(at(71)))?;
    let filter = JobFilter {
        limit: 10,
        ..JobFilter::default()
    };
    let page = store.list(filter).await.map_err(text)?.jobs;
    expect("a page of the list", page.len(), 10)
}
