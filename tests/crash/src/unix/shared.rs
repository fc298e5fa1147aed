//! Several processes on one database, and nothing that goes wrong.

use std::collections::BTreeSet;

use crate::unix::journal;
use crate::unix::judge::Verdict;
use crate::unix::place::Place;
use crate::unix::story::{LONGEST, Story};
use crate::unix::wait::until;

/// They open a database together that has no tables yet, and share what is due.
pub(crate) async fn database(place: Place) -> Verdict {
    let story = Story::begin(place, &["ada", "bob", "cyd", "dan"]).await;
    for _ in 0..3 {
        story.all_go_on().await;
    }
    until("several have work", LONGEST, async || {
        let written = journal::read(&story.place.journal());
        let lives: BTreeSet<usize> = written
            .attempts
            .keys()
            .map(|attempt| attempt.life)
            .collect();
        (lives.len() > 1).then_some(())
    })
    .await;
    let verdict = story.end().await;
    assert_eq!(verdict.lost(), 0);
    assert_eq!(verdict.reruns(), 0);
    assert!(verdict.workers().len() > 1, "{:?}", verdict.workers());
    verdict
}
