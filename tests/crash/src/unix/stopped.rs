//! A process that gets no turn for a while, with runs under way or with the lock of the file.

use std::collections::BTreeSet;
use std::time::Duration;

use punctual_core::{OnLost, Outcome, Run, RunId, RunState};
use punctual_store::checker::Execution;

use crate::unix::clock::now;
use crate::unix::database::{Lock, is_locked};
use crate::unix::jobs;
use crate::unix::journal;
use crate::unix::judge::{Verdict, first_name};
use crate::unix::node::LET_GO;
use crate::unix::place::Place;
use crate::unix::story::{LONGEST, Story};
use crate::unix::wait::until;

const SLEEPER: &str = "bob";
const INDEX: usize = 1;
const SPAN: Duration = Duration::from_secs(15);

/// Others settle its runs; when it goes on it finds that out, and goes by another name.
pub(crate) async fn for_15_seconds(place: Place) -> Verdict {
    let mut story = Story::begin(place, &["ada", SLEEPER, "cyd"]).await;
    story.add(jobs::long()).await;
    story.all_go_on().await;
    let under_way = stop(&mut story).await;
    tokio::time::sleep(SPAN).await;
    until("others settle its runs", LONGEST, async || {
        let is_listed = story.names().await.iter().any(|name| name == SLEEPER);
        (!is_listed && of_sleeper(&story).await.is_empty()).then_some(())
    })
    .await;
    story.fleet.go_on(INDEX);
    let name = until("it comes back", LONGEST, async || {
        let names = story.names().await;
        names.into_iter().find(|name| first_name(name) == SLEEPER)
    })
    .await;
    assert_ne!(name, SLEEPER);
    story.all_go_on().await;
    let verdict = story.end().await;
    for (run, on_lost) in under_way {
        let fate = verdict.ledger.iter().find(|later| later.id == run.id);
        let fate = fate.unwrap_or_else(|| panic!("the ledger forgot {run:?}"));
        match on_lost {
            OnLost::Record => assert_eq!(fate.state.outcome(), Some(Outcome::Lost), "{run:?}"),
            _ => assert_ne!(fate.node.as_deref(), Some(SLEEPER), "{run:?}"),
        }
    }
    assert_ne!(verdict.reruns(), 0);
    verdict
}

/// Stops it while it has runs of both kinds, and bodies of both that have not ended, and while it does
/// not write: the test has the lock until all of it stands still.
async fn stop(story: &mut Story) -> Vec<(Run, OnLost)> {
    until("it has runs of both kinds under way", LONGEST, async || {
        if !has_both_kinds(&of_sleeper(story).await) {
            return None;
        }
        let lock = Lock::of(story.place.url()).await;
        // What is under way now stays under way until others can write again.
        let under_way = of_sleeper(story).await;
        story.fleet.stop(INDEX);
        lock.release().await;
        // A body may have ended since, and its end waits to be told.
        let mut running = under_way.clone();
        let bodies = bodies_under_way(story);
        running.retain(|(run, _)| bodies.contains(&run.id));
        let is_it = has_both_kinds(&running);
        if !is_it {
            story.fleet.go_on(INDEX);
        }
        is_it.then_some(under_way)
    })
    .await
}

/// Runs that it has written down the begin of, and no end.
fn bodies_under_way(story: &Story) -> BTreeSet<RunId> {
    let written = journal::read(&story.place.journal());
    let is_its = |body: &&Execution| body.node == SLEEPER && body.ended.is_none();
    let bodies = written.attempts.values().filter(is_its);
    bodies.map(|body| body.run).collect()
}

/// Runs that are lost with their node, and runs that begin anew elsewhere.
fn has_both_kinds(runs: &[(Run, OnLost)]) -> bool {
    let is_lost = |(_, on_lost): &(Run, OnLost)| *on_lost == OnLost::Record;
    runs.iter().any(is_lost) && !runs.iter().all(is_lost)
}

/// All wait for it; when it goes on, all go on, and none was taken for dead.
pub(crate) async fn with_the_lock(place: Place) -> Verdict {
    let mut story = Story::begin(place, &["ada", SLEEPER, "cyd"]).await;
    story.all_go_on().await;
    let names = story.names().await;
    let from = now();
    story.fleet.hold(INDEX).await;
    story.fleet.stop(INDEX);
    let newest = story.newest().await;
    tokio::time::sleep(SPAN).await;
    assert!(is_locked(story.place.url()).await);
    assert_eq!(story.newest().await, newest, "no node can claim");
    story.fleet.go_on(INDEX);
    story.fleet.order(INDEX, LET_GO).await;
    until("it lets go", LONGEST, async || {
        (!is_locked(story.place.url()).await).then_some(())
    })
    .await;
    story.outage_since(from);
    story.all_go_on().await;
    assert_eq!(story.names().await, names);
    let verdict = story.end().await;
    assert_eq!(verdict.lost(), 0);
    assert_eq!(verdict.reruns(), 0);
    verdict
}

/// What it has under way, and what becomes of that when its node dies.
async fn of_sleeper(story: &Story) -> Vec<(Run, OnLost)> {
    let rows = story.rows().await;
    let open = story.open_runs().await.into_iter();
    let is_its = |run: &Run| run.node.as_deref() == Some(SLEEPER);
    let its = open.filter(|run| run.state == RunState::Running && is_its(run));
    let with_policy = its.filter_map(|run| {
        let row = rows.iter().find(|row| *row.job.id() == run.job)?;
        let on_lost = row.job.policies().on_lost();
        Some((run, on_lost))
    });
    with_policy.collect()
}
