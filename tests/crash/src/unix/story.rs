//! The parts that all stories have, which are a database, nodes on it, an editor, and a good end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Run, RunId, RunState};
use punctual_store::checker::Period;
use punctual_store::{
    Error as StoreError, JobFilter, JobPage, JobStore as _, RunFilter, StoredJob,
};
use punctual_tokio::{ErrorKind, NewJob, Scheduler};

use crate::unix::body::{WORK, work};
use crate::unix::clock::now;
use crate::unix::fleet::Fleet;
use crate::unix::jobs;
use crate::unix::journal::Journal;
use crate::unix::opened::open;
use crate::unix::place::Place;
use crate::unix::recording_store::{Recording, RecordingStore};
use crate::unix::wait::until;

/// The time within which a story expects what has to happen. The slowest is to notice that a node is
/// dead, which takes 8 seconds and the time between two renewals.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// The longest time after which a node that could not write asks again.
const ASKED_AGAIN: TimeDelta = TimeDelta::seconds(10);

/// A number of connections above that of a store's pool.
const CONNECTIONS: usize = 16;

pub(crate) struct Story {
    pub(crate) place: Place,
    pub(crate) fleet: Fleet,
    pub(crate) store: RecordingStore,
    /// A scheduler that runs nothing and only edits.
    pub(crate) editor: Scheduler,
    journal: Journal,
    /// The periods in which no process could write to the store.
    pub(crate) outages: Vec<Period>,
    /// The periods in which a node may have been taken for dead although its process was neither killed
    /// nor stopped.
    pub(crate) doubts: Vec<Period>,
    /// The number of times that the server of the database was killed.
    pub(crate) server_kills: usize,
}

impl Story {
    /// Starts all nodes and opens the store concurrently, on a database that has no tables yet.
    pub(crate) async fn begin(place: Place, names: &[&str]) -> Self {
        let mut fleet = Fleet::default();
        for name in names {
            fleet.start(&place, name);
        }
        // The story tests the nodes and not the editor, so the editor waits for a lock for longer.
        let store = Recording::store(open(place.url(), Some(LONGEST)).await.unwrap());
        let journal = Journal::open(&place.journal(), usize::MAX, "editor");
        let editor = Scheduler::builder()
            .store("default", store.clone())
            .state(journal.clone())
            .task(WORK, work)
            .build()
            .unwrap();
        let mut story = Self {
            place,
            fleet,
            store,
            editor,
            journal,
            outages: Vec::new(),
            doubts: Vec::new(),
            server_kills: 0,
        };
        story.add(jobs::first()).await;
        story.fleet.all_ready().await;
        story
    }

    pub(crate) async fn add(&self, jobs: Vec<NewJob>) {
        for added in self.editor.add_jobs(jobs).await.unwrap() {
            added.unwrap();
        }
    }

    /// Lets the editor cancel a run, which may have ended since it was listed.
    pub(crate) async fn cancel(&self, run: RunId) {
        self.journal.cancels(run);
        match self.editor.cancel_run(run).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            cancelled => cancelled.unwrap(),
        }
    }

    pub(crate) async fn rows(&self) -> Vec<StoredJob> {
        self.list().await.unwrap().jobs
    }

    async fn list(&self) -> Result<JobPage, StoreError> {
        self.store.list(JobFilter::default()).await
    }

    pub(crate) async fn open_runs(&self) -> Vec<Run> {
        let filter = RunFilter {
            open: true,
            ..RunFilter::default()
        };
        self.store.runs(filter).await.unwrap()
    }

    /// The newest number of a run.
    pub(crate) async fn newest(&self) -> RunId {
        let filter = RunFilter {
            limit: 1,
            ..RunFilter::default()
        };
        let runs = self.store.runs(filter).await.unwrap();
        runs.first().map_or(RunId(0), |run| run.id)
    }

    /// The names of all nodes that the store lists.
    pub(crate) async fn names(&self) -> Vec<String> {
        let nodes = self.store.nodes().await.unwrap();
        nodes
            .iter()
            .map(|node| node.info.name.to_string())
            .collect()
    }

    /// Waits until the store of the editor answers.
    pub(crate) async fn is_reached(&self) {
        let mut answers = 0;
        until("the store answers", LONGEST, async || {
            // Lists have connections of their own.
            let (nodes, listed) = (self.store.nodes().await, self.list().await);
            match nodes.is_ok() && listed.is_ok() {
                true => answers += 1,
                false => answers = 0,
            }
            // Each connection of a pool may be one that the server has forgotten.
            (answers > CONNECTIONS).then_some(())
        })
        .await;
    }

    /// Notes that no process could write from a time until now.
    pub(crate) fn outage_since(&mut self, from: DateTime<Utc>) {
        self.outages.push(Period::new(from, now() + ASKED_AGAIN));
    }

    /// Waits until every job that is not paused has a fire time after now that was decided.
    pub(crate) async fn all_go_on(&self) {
        let since = now();
        let rows = self.rows().await;
        for row in rows.iter().filter(|row| !row.state.paused) {
            let (id, key) = (row.job.id(), row.state.incarnation);
            until(&format!("{id} goes on"), LONGEST, async || {
                let filter = RunFilter {
                    from: Some(since),
                    limit: 1,
                    ..RunFilter::job(id.clone())
                };
                let runs = self.store.runs(filter).await.unwrap();
                let has_left = self.store.get(id.clone()).await.unwrap().is_none();
                (has_left || runs.iter().any(|run| run.key.incarnation == key)).then_some(())
            })
            .await;
        }
    }

    /// Lets everything come to its end, and all nodes with it.
    pub(crate) async fn rest(&mut self) -> DateTime<Utc> {
        self.fleet.all_ready().await;
        self.all_go_on().await;
        for row in self.rows().await {
            match self.editor.pause_job(row.job.id()).await {
                // Some leave with their last run.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                paused => paused.unwrap(),
            }
        }
        until("nothing is under way", LONGEST, async || {
            // What waits of a paused job goes on waiting.
            let open = self.open_runs().await;
            let is_begun = |run: &Run| run.state == RunState::Running;
            (!open.iter().any(is_begun)).then_some(())
        })
        .await;
        until("the dead are forgotten", LONGEST, async || {
            (self.names().await.len() == self.fleet.up.len()).then_some(())
        })
        .await;
        self.fleet.dismiss().await;
        assert_eq!(self.names().await, [""; 0]);
        now()
    }
}
