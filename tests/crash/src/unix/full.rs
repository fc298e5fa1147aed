//! A disk without space.

use chrono::TimeDelta;
use punctual_store::checker::Period;

use crate::unix::clock::now;
use crate::unix::disk::Disk;
use crate::unix::judge::{AFTERMATH, Verdict};
use crate::unix::place::Place;
use crate::unix::story::{LONGEST, Story};
use crate::unix::wait::until;

/// The time without new runs after which the disk is full for all nodes.
const STILL: TimeDelta = TimeDelta::seconds(4);

/// All nodes go on when there is space again. `Err` says why that was not tried.
pub(crate) async fn disk() -> Result<Verdict, String> {
    let disk = Disk::new()?;
    let place = Place::new().with_database_on(disk.path());
    let mut story = Story::begin(place, &["ada", "bob", "cyd"]).await;
    story.all_go_on().await;
    let from = now();
    disk.fill();
    still(&story).await;
    disk.free();
    story.outage_since(from);
    // What little space is left in the journal lets one node write and another one not.
    story.doubts.push(Period::new(from, now() + AFTERMATH));
    story.all_go_on().await;
    Ok(story.end().await)
}

/// Waits until no node can claim any more.
async fn still(story: &Story) {
    let mut seen = (story.newest().await, now());
    until("the disk is full", LONGEST, async || {
        let newest = story.newest().await;
        if newest != seen.0 {
            seen = (newest, now());
        }
        (now() - seen.1 > STILL).then_some(())
    })
    .await;
}
