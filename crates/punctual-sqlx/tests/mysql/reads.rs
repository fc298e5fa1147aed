//! The rows that the server reads for a call, in tables with many rows. A statement that walks through a
//! table reads all of them.

use std::future::Future;

use punctual_core::CancelReason;
use punctual_sqlx::MysqlStore;
use punctual_store::{
    CancelRequest, DueRequest, Error, JobFilter, JobStore, OpenRequest, RecentRequest, Retention,
    RunFilter,
};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};

use crate::fixture::{add, advance, at, begun, ended, job, node, renew, request};
use crate::folder::Folder;
use crate::opening::run;

/// The most rows that a call may read. Due jobs are read task by task, at most a page of each of ten.
const FEW: i64 = 5_000;

/// Copies of the first job, and entries of the ledger for them.
const JOBS: &str = "INSERT INTO punctual_jobs (birth, id, version, name, task, args_json, trigger_json, tags_json, \
     executor, policies_json, declared_json, next_run_time, anchor, incarnation, revision, token, \
     absence, statistics_json, edit) \
     SELECT birth + 1000 + seq, CONCAT('copy ', seq), version, name, CONCAT('task ', seq % 10), args_json, \
     trigger_json, tags_json, executor, policies_json, declared_json, next_run_time + seq, anchor, \
     incarnation + 1000 + seq, revision, token, absence, statistics_json, edit \
     FROM punctual_jobs, seq_1_to_{jobs} WHERE id = 'first'";
const RUNS: &str = "INSERT INTO punctual_runs (id, opened, job, nth, birth, incarnation, origin, fire_time, token, \
     state, node, epoch, ends_instance, started, finished, turn) \
     SELECT (1 << 40) + seq, seq, CONCAT('copy ', seq % 1000), 1 + seq DIV 1000, seq, seq, 'scheduled', seq, 1, \
     'succeeded', 'one', 1, 1, seq, 1772366400000000 + seq, 0 FROM seq_1_to_{runs}";

const READ: &str = "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS \
     WHERE VARIABLE_NAME LIKE 'HANDLER_READ%'";

/// Counts the rows that calls on the one connection of a pool read.
struct Reads {
    pool: MySqlPool,
    too_many: Vec<String>,
}

impl Reads {
    async fn so_far(&self) -> i64 {
        let read = sqlx::query_scalar(READ).fetch_one(&self.pool).await;
        read.unwrap()
    }

    async fn of<T>(&mut self, name: &str, call: impl Future<Output = Result<T, Error>>) -> T {
        let before = self.so_far().await;
        let answer = call.await.unwrap();
        let read = self.so_far().await - before;
        if read > FEW {
            self.too_many.push(format!("{name} reads {read} rows"));
        }
        answer
    }
}

#[tokio::test]
async fn calls_read_few_of_many_rows() {
    read_among(50_000, 50_000).await;
}

#[tokio::test]
#[ignore = "makes a database of gigabytes"]
async fn calls_read_few_of_a_million_jobs_and_ten_million_runs() {
    read_among(1_000_000, 10_000_000).await;
}

async fn read_among(jobs: u64, runs: u64) {
    let folder = Folder::new();
    let pool = MySqlPoolOptions::new().max_connections(1);
    let pool = pool.connect(&folder.url("jobs")).await.unwrap();
    let store = MysqlStore::open_in(pool.clone()).await.unwrap();
    let stored = add(&store, job("first")).await.unwrap();
    let lease = node(&store, "one").await;
    for statement in [JOBS, RUNS, "ANALYZE TABLE punctual_jobs, punctual_runs"] {
        let statement = statement.replace("{jobs}", &jobs.to_string());
        let statement = statement.replace("{runs}", &runs.to_string());
        run(&mut pool.acquire().await.unwrap(), &statement).await;
    }
    let since = store.changes(0).await.unwrap().counter;
    let begun = begun(&store, &lease, job("begun")).await;
    let mut reads = Reads {
        pool,
        too_many: Vec::new(),
    };
    let id = || "copy 7".try_into().unwrap();

    let mut page = DueRequest::through(at(3_600), 100);
    reads.of("due", store.due(page.clone())).await;
    page.tasks = None;
    reads.of("due of all tasks", store.due(page)).await;
    let claim = request(&lease, vec![advance(&stored, at(10))], vec![]);
    reads.of("claim", store.claim(&claim)).await;
    let ends = request(&lease, vec![], vec![ended(begun)]);
    reads.of("an end", store.claim(&ends)).await;
    reads.of("get", store.get(id())).await;
    let list = JobFilter {
        limit: 100,
        ..JobFilter::default()
    };
    reads.of("a page of jobs", store.list(list)).await;
    let mut ledger = RunFilter {
        limit: 100,
        ..RunFilter::default()
    };
    reads.of("a page of runs", store.runs(ledger.clone())).await;
    ledger.job = Some(id());
    reads.of("runs of a job", store.runs(ledger)).await;
    let recent = RecentRequest::new(vec![id()], 10);
    reads.of("recent", store.recent(recent)).await;
    reads.of("statistics", store.statistics(id())).await;
    reads.of("changes", store.changes(since)).await;
    let open = OpenRequest::new(lease.clone(), 100);
    reads.of("open runs", store.open_runs(open)).await;
    let cancel = CancelRequest::new(begun, CancelReason::User, at(12));
    reads.of("cancel", store.cancel(cancel)).await;
    reads
        .of("a renewal", async {
            Ok(renew(&store, &lease, at(13)).await)
        })
        .await;
    reads.of("nodes", store.nodes()).await;
    let old = Retention::default().ended_before(Some(at(-3_600)));
    reads.of("a purge of nothing", store.purge(old, 100)).await;
    reads.of("a removal", store.remove(id(), at(14))).await;
    reads.of("leave", store.leave(lease)).await;
    let too_many = reads.too_many;
    assert!(too_many.is_empty(), "of {jobs} and {runs}: {too_many:#?}");
}
