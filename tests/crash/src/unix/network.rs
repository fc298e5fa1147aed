//! Nodes whose network fails, on a server of the story's own.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::Run;
use punctual_store::checker::Period;
use punctual_store::{JobStore as _, RunFilter};

use crate::unix::clock::now;
use crate::unix::judge::{AFTERMATH, Verdict};
use crate::unix::place::Place;
use crate::unix::proxy::Weather;
use crate::unix::story::{LONGEST, Story};
use crate::unix::wait::until;

const NAMES: [&str; 3] = ["ada", "bob", "cyd"];

/// The node whose network fails, if only one does.
const INDEX: usize = 1;

/// The length of a fault, which is longer than a node may be silent.
const SPAN: Duration = Duration::from_secs(15);

/// The time after a fault within which the nodes have to be as before.
const AFTER: TimeDelta = TimeDelta::seconds(10);

/// The time for which the rate is measured.
const MEASURED: TimeDelta = TimeDelta::seconds(5);

/// Lets one node hear nothing for a while. Then it hears answers that later answers to other nodes have
/// overtaken.
pub(crate) async fn one_is_silent(place: Place) -> Verdict {
    let mut story = Story::begin(place.with_proxies(&NAMES).await, &NAMES).await;
    story.all_go_on().await;
    let before = rate_before(&story).await;
    let from = now();
    story.place.turns(NAMES[INDEX], Weather::Silent);
    tokio::time::sleep(SPAN).await;
    until("others settle its runs", LONGEST, async || {
        let names = story.names().await;
        names.iter().all(|name| name != NAMES[INDEX]).then_some(())
    })
    .await;
    story.place.turns(NAMES[INDEX], Weather::Fine);
    let life = story.fleet.up[INDEX].life;
    story.fleet.lives[life].stopped = Some((from, now()));
    is_as_before(&story, before).await;
    story.end().await
}

/// Lets the network of all nodes fail for a while in the same manner.
pub(crate) async fn all_have(place: Place, weather: Weather) -> Verdict {
    let mut story = Story::begin(place.with_proxies(&NAMES).await, &NAMES).await;
    story.all_go_on().await;
    let before = rate_before(&story).await;
    let from = now();
    for name in NAMES {
        story.place.turns(name, weather);
    }
    tokio::time::sleep(SPAN).await;
    for name in NAMES {
        story.place.turns(name, Weather::Fine);
    }
    story.outage_since(from);
    // A node that finds the server early may take one for dead that finds it late.
    story.doubts.push(Period::new(from, now() + AFTERMATH));
    is_as_before(&story, before).await;
    story.end().await
}

/// Waits for a span without faults, and counts the runs that began in it.
async fn rate_before(story: &Story) -> usize {
    let from = now();
    begun(story, from).await
}

/// Counts the runs that began in a span, once it is over.
async fn begun(story: &Story, from: DateTime<Utc>) -> usize {
    let until_then = from + MEASURED;
    let wait = (until_then + TimeDelta::seconds(1) - now()).to_std();
    tokio::time::sleep(wait.unwrap_or_default()).await;
    let filter = RunFilter {
        from: Some(from - AFTER),
        ..RunFilter::default()
    };
    let runs = story.store.runs(filter).await.unwrap();
    let is_then = |run: &&Run| run.started.is_some_and(|at| at >= from && at < until_then);
    runs.iter().filter(is_then).count()
}

/// Checks that the nodes run as much as before, some seconds after a fault.
async fn is_as_before(story: &Story, before: usize) {
    let after = begun(story, now() + AFTER).await;
    assert!(
        after * 100 >= before * 95,
        "{before} runs began in {MEASURED} before the fault, and {after} after it"
    );
}
