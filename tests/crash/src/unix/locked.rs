//! A database that another program keeps locked.

use std::time::Duration;

use crate::unix::clock::now;
use crate::unix::database::Lock;
use crate::unix::judge::Verdict;
use crate::unix::place::Place;
use crate::unix::story::Story;

/// Longer than a node may be silent.
const SPAN: Duration = Duration::from_secs(12);

/// Keeps all nodes from claiming and from renewing their leases. None is taken for dead.
pub(crate) async fn for_12_seconds(place: Place) -> Verdict {
    let mut story = Story::begin(place, &["ada", "bob", "cyd"]).await;
    story.all_go_on().await;
    let names = story.names().await;
    let lock = Lock::of(story.place.url()).await;
    let (from, newest) = (now(), story.newest().await);
    tokio::time::sleep(SPAN).await;
    assert_eq!(story.newest().await, newest, "nobody can claim");
    lock.release().await;
    story.outage_since(from);
    story.all_go_on().await;
    assert_eq!(story.names().await, names);
    let verdict = story.end().await;
    assert_eq!(verdict.lost(), 0);
    assert_eq!(verdict.reruns(), 0);
    verdict
}
