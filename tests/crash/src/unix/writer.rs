//! A process of this program that writes, and says after each answer of the store what is promised.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::plan::plan;
use punctual_core::{Interval, Job, JobId, JobState};
use punctual_sqlx::SqliteStore;
use punctual_store::{
    Claim, ClaimKind, ClaimRequest, Insert, JobStore as _, Lease, NodeInfo, OnConflict,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

use crate::unix::body::WORK;

const WRITER: &str = "--be-a-writer";

/// What it says before the name of a job that was added, and whose run was claimed.
pub(crate) const PROMISED: &str = "promised ";

/// Jobs that it adds: enough for the log to be brought into the database, and begun anew.
const JOBS: usize = 32;

/// What a job takes.
const BYTES: usize = 200_000;

/// How a writer opens its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As all do.
    Ours,
    /// In a pool of the application that waits for the disk only to tidy up the log.
    Seldom,
    /// In one that never waits for it.
    Never,
}

impl Manner {
    /// How this process is to write, if it is to be a writer, and where.
    pub(crate) fn of_arguments() -> Option<(Self, String)> {
        let mut arguments = std::env::args().skip(1);
        let manner = match arguments.next()?.strip_prefix(WRITER)? {
            "=seldom" => Self::Seldom,
            "=never" => Self::Never,
            _ => Self::Ours,
        };
        Some((manner, arguments.next()?))
    }

    pub(crate) fn arguments(self, file: &str) -> [String; 2] {
        let how = match self {
            Self::Ours => "ours",
            Self::Seldom => "seldom",
            Self::Never => "never",
        };
        [format!("{WRITER}={how}"), file.to_owned()]
    }

    async fn open(self, file: &str) -> SqliteStore {
        let synchronous = match self {
            Self::Ours => {
                let url = format!("sqlite://{file}");
                return SqliteStore::open(&url).await.unwrap();
            }
            Self::Seldom => SqliteSynchronous::Normal,
            Self::Never => SqliteSynchronous::Off,
        };
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        SqliteStore::open_in(pool).await.unwrap()
    }
}

pub(crate) fn run(manner: Manner, file: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = manner.open(file).await;
        let node = NodeInfo::new("writer".into()).tasks(vec![WORK.into()]);
        let lease = store.register(node).await.unwrap();
        for number in 0..JOBS {
            let id = format!("job {number}");
            add_and_claim(&store, &lease, &id).await;
            // In one call: who reads along sees one promise a line.
            let promise = format!("{PROMISED}{id}\n");
            std::io::stdout().write_all(promise.as_bytes()).unwrap();
        }
    });
}

/// Adds a job that is due, and claims its run.
async fn add_and_claim(store: &SqliteStore, lease: &Lease, id: &str) {
    let due: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
    let later = due + Duration::from_secs(3_600);
    let trigger = Interval::every(Duration::from_secs(3_600)).start(due);
    let args = serde_json::json!("x".repeat(BYTES));
    let job = Job::new(JobId::new(id).unwrap(), WORK, trigger.build().unwrap()).with_args(&args);
    let mut state = JobState::default();
    state.next_run_time = Some(due);
    let insert = Insert::new(Arc::new(job), state, due).on_conflict(OnConflict::Refuse);
    let row = store.add(vec![insert]).await.unwrap().remove(0).unwrap();
    let claim = Claim::new(
        row.job.id().clone(),
        row.state.birth,
        ClaimKind::Advance {
            revision: row.state.revision,
            plan: plan(&row.job.view(&row.state), later - Duration::from_secs(1)),
        },
    );
    let request = ClaimRequest::new(lease.clone(), due)
        .claims(vec![claim])
        .takes_waiting(true);
    store.claim(&request).await.unwrap();
}
