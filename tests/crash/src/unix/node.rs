//! A process of this program that is a node: a scheduler on the file, until it is told to end.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use punctual_core::RunId;
use punctual_store::JobStore;
use punctual_tokio::{ErrorKind, Scheduler};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::Instant;

use crate::unix::body::{WORK, work};
use crate::unix::database::Lock;
use crate::unix::journal::Journal;
use crate::unix::opened::open;
use crate::unix::story::LONGEST;

const NODE: &str = "--be-a-node";

/// What it says once it runs.
pub(crate) const READY: &str = "ready";

/// Orders to take the lock of the file, and to let it go; what a node says once it has it.
pub(crate) const HOLD: &str = "--hold";
pub(crate) const LET_GO: &str = "--let-go";
pub(crate) const HOLDS: &str = "holds";

/// The order to cancel a run, before its number.
pub(crate) const CANCEL: &str = "--cancel ";

/// What a node is told when it is born.
#[derive(Serialize, Deserialize)]
pub(crate) struct Birth {
    pub(crate) name: String,
    /// The number of the process.
    pub(crate) life: usize,
    pub(crate) url: String,
    pub(crate) journal: PathBuf,
}

impl Birth {
    /// What this process is told, if it is to be a node.
    pub(crate) fn of_arguments() -> Option<Self> {
        let mut arguments = std::env::args().skip(1);
        (arguments.next()? == NODE)
            .then(|| serde_json::from_str(&arguments.next().unwrap()).unwrap())
    }

    pub(crate) fn arguments(&self) -> [String; 2] {
        [NODE.to_owned(), serde_json::to_string(self).unwrap()]
    }
}

pub(crate) fn run(birth: &Birth) {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(live(birth));
}

async fn live(birth: &Birth) {
    let store = opened(&birth.url).await;
    let journal = Journal::open(&birth.journal, birth.life, &birth.name);
    let scheduler = Scheduler::builder()
        .store("default", Arc::clone(&store))
        .state(journal.clone())
        .task(WORK, work)
        .node(birth.name.clone())
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{READY}").unwrap();
    let mut lock = None;
    // Each line names a job that is to run now; the end of them is the end of the node, also if
    // the one who writes them has died.
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(id) = orders.next_line().await.unwrap() {
        if id == HOLD {
            lock = Some(Lock::of(&birth.url).await);
            writeln!(out, "{HOLDS}").unwrap();
            continue;
        }
        if id == LET_GO {
            lock.take().map(Lock::release).unwrap().await;
            continue;
        }
        let scheduler = scheduler.clone();
        if let Some(run) = id.strip_prefix(CANCEL) {
            let run = RunId(run.parse().unwrap());
            journal.cancels(run);
            // It may have ended meanwhile.
            tokio::spawn(async move { scheduler.cancel_run(run).await });
            continue;
        }
        tokio::spawn(async move {
            // It may be busy, or removed meanwhile.
            let _ = scheduler.run_job(id).await;
        });
    }
    scheduler.shutdown().await.unwrap();
    store.close().await.unwrap();
}

/// Opens the store, again and again while it is locked or its server is away.
async fn opened(url: &str) -> Arc<dyn JobStore> {
    let started = Instant::now();
    loop {
        match open(url, None).await {
            Err(error) if error.kind() == ErrorKind::Unavailable && started.elapsed() < LONGEST => {
            }
            opened => return opened.unwrap(),
        }
    }
}
