//! A process that gets no turn for a while, with runs under way.

use std::time::Duration;

use punctual_core::{Outcome, Run};

use crate::unix::database;
use crate::unix::judge::{Verdict, first_name};
use crate::unix::place::Place;
use crate::unix::story::{LONGEST, Story};
use crate::unix::wait::until;

const SLEEPER: &str = "bob";
const SPAN: Duration = Duration::from_secs(15);

/// Others settle its runs; when it goes on it finds that out, and goes by another name.
pub(crate) async fn for_15_seconds() -> Verdict {
    let mut story = Story::begin(Place::new(), &["ada", SLEEPER, "cyd"]).await;
    story.all_go_on().await;
    let under_way = stop(&mut story).await;
    tokio::time::sleep(SPAN).await;
    until("others settle its runs", LONGEST, async || {
        let is_listed = story.names().await.iter().any(|name| name == SLEEPER);
        (!is_listed && of_sleeper(&story).await.is_empty()).then_some(())
    })
    .await;
    story.fleet.go_on(1);
    let name = until("it comes back", LONGEST, async || {
        let names = story.names().await;
        names.into_iter().find(|name| first_name(name) == SLEEPER)
    })
    .await;
    assert_ne!(name, SLEEPER);
    story.all_go_on().await;
    let verdict = story.end().await;
    for run in under_way {
        let fate = verdict.ledger.iter().find(|later| later.id == run.id);
        let outcome = fate.and_then(|run| run.state.outcome());
        assert!(
            matches!(outcome, None | Some(Outcome::Lost)),
            "{run:?}: {outcome:?}"
        );
    }
    verdict
}

/// Stops it while it has runs under way and does not write: a process that is stopped while it
/// has the lock of the file keeps everybody out, as `locked` tries.
async fn stop(story: &mut Story) -> Vec<Run> {
    loop {
        until("it has a run under way", LONGEST, async || {
            (!of_sleeper(story).await.is_empty()).then_some(())
        })
        .await;
        story.fleet.stop(1);
        let under_way = of_sleeper(story).await;
        if !under_way.is_empty() && database::can_be_written(&story.place).await {
            return under_way;
        }
        story.fleet.go_on(1);
        story.fleet.forget_stop(1);
    }
}

async fn of_sleeper(story: &Story) -> Vec<Run> {
    let open = story.open_runs().await.into_iter();
    open.filter(|run| run.node.as_deref() == Some(SLEEPER))
        .collect()
}
