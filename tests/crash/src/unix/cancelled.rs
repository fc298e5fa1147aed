//! Processes that cancel runs, of their own and of others.

use punctual_core::{CancelReason, Outcome, Run, RunId, RunState};
use punctual_store::JobStore as _;
use punctual_store::RunFilter;

use crate::unix::jobs;
use crate::unix::judge::Verdict;
use crate::unix::place::Place;
use crate::unix::story::{LONGEST, Story};
use crate::unix::wait::until;

const CANCELLED: Outcome = Outcome::Cancelled(CancelReason::User);

/// Whose run a process cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    AnotherProcess,
    /// It waits, so it has no node.
    None,
}

/// Each process cancels runs of all kinds, and the judge knows of each who did that.
pub(crate) async fn by_all_processes(place: Place) -> Verdict {
    let mut story = Story::begin(place, &["ada", "bob", "cyd"]).await;
    story.add(jobs::long()).await;
    story.all_go_on().await;
    let mut cancelled = Vec::new();
    for caller in 0..story.fleet.up.len() {
        for whose in [Whose::Own, Whose::AnotherProcess, Whose::None] {
            cancelled.push(cancels(&mut story, caller, whose).await);
        }
    }
    let verdict = story.end().await;
    for run in cancelled {
        assert!(
            is_without_caller(&verdict, run),
            "the judge does not miss the caller of run {run}"
        );
    }
    verdict
}

/// Lets a process cancel such runs until one of them ends by that, and answers which.
async fn cancels(story: &mut Story, caller: usize, whose: Whose) -> RunId {
    let name = story.fleet.name(caller).to_owned();
    let what = format!("{name} cancels a run ({whose:?})");
    until(&what, LONGEST, async || {
        let open = story.open_runs().await;
        let run = open.iter().find(|run| is_of(run, &name) == whose)?;
        story.fleet.cancel(caller, run.id).await;
        let what = format!("run {} is over", run.id);
        let outcome = until(&what, LONGEST, async || outcome_of(story, run).await).await;
        (outcome == CANCELLED).then_some(run.id)
    })
    .await
}

async fn outcome_of(story: &Story, run: &Run) -> Option<Outcome> {
    let filter = RunFilter {
        from: Some(run.fire_time()),
        ..RunFilter::job(run.job.clone())
    };
    let runs = story.store.runs(filter).await.unwrap();
    let it = runs.iter().find(|one| one.id == run.id)?;
    it.state.outcome()
}

fn is_of(run: &Run, caller: &str) -> Whose {
    match run.state {
        RunState::Running if run.node.as_deref() == Some(caller) => Whose::Own,
        RunState::Running => Whose::AnotherProcess,
        _ => Whose::None,
    }
}

fn is_without_caller(verdict: &Verdict, run: RunId) -> bool {
    let its = format!("run {run}: ");
    let mut found = verdict.without_callers.iter();
    found.any(|one| one.seen.starts_with(&its) && one.seen.contains("no caller cancelled it"))
}
