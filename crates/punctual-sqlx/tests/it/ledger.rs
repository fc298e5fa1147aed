//! A page of the ledger costs what it shows, for a ledger of any size.

use punctual_core::{Job, JobId, Policies, RunId, RunState, Unlimited};
use punctual_store::{JobStore, RecentRequest, RunCursor, RunFeed, RunFilter};

use crate::fixture::{add, advance, at, begun, ended, insert, job, node, request};
use crate::folder::Folder;
use crate::opening::{connect, run};
use crate::work::{Watched, is_no_scan};

/// Opens a run of each of these new jobs.
async fn open_more(watched: &Watched, node_name: &str, ids: std::ops::Range<usize>) {
    let lease = node(&watched.store, node_name).await;
    let jobs = ids.map(|id| insert(job(&format!("job {id:04}"))));
    let added = watched.store.add(jobs.collect()).await.unwrap();
    let claims = added.iter().flatten().map(|stored| advance(stored, at(10)));
    let claims = request(&lease, claims.collect(), vec![]);
    watched.store.claim(&claims).await.unwrap();
}

fn open(limit: usize) -> RunFilter {
    RunFilter {
        open: true,
        limit,
        ..RunFilter::default()
    }
}

/// Returns the numbers of a page of open runs, and its cost.
async fn page(watched: &Watched, filter: RunFilter) -> (Vec<u64>, u64) {
    let (runs, steps) = watched.steps(watched.store.runs(filter)).await;
    let numbers = runs.unwrap().iter().map(|run| run.id.0).collect();
    (numbers, steps)
}

fn place(id: u64) -> RunCursor {
    RunCursor::new(at(10), RunId(id))
}

#[tokio::test]
async fn a_page_of_open_runs_does_not_read_all_that_are_open() {
    let folder = Folder::new();
    let watched = Watched::open(&folder, "jobs.db").await;
    open_more(&watched, "one", 0..50).await;
    let (_, few) = page(&watched, open(10)).await;
    open_more(&watched, "one", 50..500).await;
    let (newest, many) = page(&watched, open(10)).await;
    assert_eq!(newest, (491..=500).rev().collect::<Vec<_>>());
    is_no_scan(few, many);
    let next = RunFilter {
        before: Some(place(100)),
        ..open(10)
    };
    let (next, many) = page(&watched, next).await;
    assert_eq!(next, (90..=99).rev().collect::<Vec<_>>());
    is_no_scan(few, many);
}

#[tokio::test]
async fn an_open_run_is_found_by_its_number_alone() {
    let folder = Folder::new();
    let watched = Watched::open(&folder, "jobs.db").await;
    open_more(&watched, "one", 0..50).await;
    let this = |id| RunFilter {
        id: Some(RunId(id)),
        ..open(10)
    };
    let (found, few) = page(&watched, this(7)).await;
    assert_eq!(found, [7]);
    open_more(&watched, "one", 50..500).await;
    let (found, many) = page(&watched, this(7)).await;
    assert_eq!(found, [7]);
    is_no_scan(few, many);
    assert_eq!(page(&watched, this(501)).await.0, [] as [u64; 0]);
}

/// The list holds runs of several nodes, of several epochs of one node, and of no node.
#[tokio::test]
async fn open_runs_of_all_owners_are_listed_in_one_order() {
    let folder = Folder::new();
    let watched = Watched::open(&folder, "jobs.db").await;
    for (index, name) in ["b", "a", "b", "c"].into_iter().enumerate() {
        open_more(&watched, name, index * 3..index * 3 + 3).await;
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_runs SET node = NULL, epoch = NULL, state = 'queued' WHERE id % 4 = 0; \
         UPDATE punctual_runs SET state = 'succeeded', finished = 1 WHERE id = 7",
    )
    .await;
    let mut seen: Vec<u64> = Vec::new();
    let mut filter = open(4);
    loop {
        let (numbers, _) = page(&watched, filter.clone()).await;
        seen.extend(&numbers);
        match numbers.last() {
            Some(last) => filter.before = Some(place(*last)),
            None => break,
        }
    }
    assert_eq!(seen, [12, 11, 10, 9, 8, 6, 5, 4, 3, 2, 1]);
    let (all, _) = page(&watched, open(0)).await;
    assert_eq!(all, seen);
}

fn crowded() -> Job {
    job("a").with_policies(Policies::new().max_instances(Unlimited).build().unwrap())
}

#[tokio::test]
async fn open_runs_of_a_job_are_those_of_its_earlier_rows_too() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let first = begun(&store, &lease, crowded()).await;
    begun(&store, &lease, job("b")).await;
    store.remove("a".try_into().unwrap(), at(0)).await.unwrap();
    let second = begun(&store, &lease, crowded()).await;
    let filter = RunFilter {
        open: true,
        ..RunFilter::job("a".try_into().unwrap())
    };
    let runs = store.runs(filter).await.unwrap();
    let numbers: Vec<_> = runs.iter().map(|run| run.id).collect();
    assert_eq!(numbers, [second, first]);
    add(&store, job("c")).await.unwrap();
}

fn recent(jobs: std::ops::Range<usize>, per_job: usize) -> RecentRequest {
    let ids = jobs.map(|id| JobId::new(format!("job {id:04}")).unwrap());
    RecentRequest::new(ids.collect(), per_job)
}

/// Gives each job this many ended entries after those that it has.
async fn fill(folder: &Folder, first: i64, entries: i64) {
    let statement = "WITH RECURSIVE more(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM more \
         WHERE n < ?2) INSERT INTO punctual_runs (id, opened, job, birth, incarnation, origin, \
         fire_time, state, finished) SELECT ?1 + j.birth * ?2 + n, n, j.id, j.birth, j.birth, \
         'scheduled', ?1 + n, 'succeeded', n FROM punctual_jobs AS j CROSS JOIN more";
    sqlx::query(statement)
        .bind(first)
        .bind(entries)
        .execute(&mut connect(folder, "jobs.db").await)
        .await
        .unwrap();
}

/// Neither other entries of the jobs nor other jobs are read.
#[tokio::test]
async fn the_newest_runs_of_many_jobs_cost_what_is_shown() {
    let folder = Folder::new();
    let watched = Watched::open(&folder, "jobs.db").await;
    open_more(&watched, "one", 0..30).await;
    fill(&folder, 1_000, 20).await;
    let of_ten = |per_job| watched.store.recent(recent(10..20, per_job));
    let (runs, few) = watched.steps(of_ten(5)).await;
    let runs = runs.unwrap();
    // The open run of each job is older than its newest entries.
    assert_eq!(runs.len(), 10 * 6);
    assert!(
        runs.iter()
            .skip(5)
            .step_by(6)
            .all(|run| run.state == RunState::Running)
    );
    fill(&folder, 100_000, 200).await;
    open_more(&watched, "two", 30..300).await;
    let (runs, many) = watched.steps(of_ten(5)).await;
    assert_eq!(runs.unwrap().len(), 10 * 6);
    is_no_scan(few, many);
}

#[tokio::test]
async fn the_feed_of_runs_costs_what_is_new_and_told() {
    let folder = Folder::new();
    let watched = Watched::open(&folder, "jobs.db").await;
    open_more(&watched, "one", 0..30).await;
    let feed = |since| watched.store.runs_since(since, 10);
    let end = feed(RunFeed::END).await.unwrap().next;
    let (idle, few) = watched.steps(feed(end)).await;
    assert_eq!(idle.unwrap().runs, vec![]);
    open_more(&watched, "two", 30..300).await;
    let (news, _) = watched.steps(feed(end)).await;
    let news = news.unwrap();
    assert!((news.runs.len(), news.more) == (10, true));
    let end = feed(RunFeed::END).await.unwrap().next;
    let (idle, many) = watched.steps(feed(end)).await;
    assert_eq!(idle.unwrap().runs, vec![]);
    is_no_scan(few, many);
}

/// Each transaction numbers its ends once. A run that it has opened itself gets no number.
#[tokio::test]
async fn ends_are_numbered_in_the_order_of_commits() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let runs = [
        begun(&store, &lease, job("a")).await,
        begun(&store, &lease, job("b")).await,
        begun(&store, &lease, job("c")).await,
    ];
    for ends in [vec![runs[2]], vec![runs[1], runs[0]]] {
        let ends = ends.into_iter().map(ended).collect();
        store.claim(&request(&lease, vec![], ends)).await.unwrap();
    }
    let mut other = connect(&folder, "jobs.db").await;
    let ended: Vec<Option<i64>> = sqlx::query_scalar("SELECT ended FROM punctual_runs ORDER BY id")
        .fetch_all(&mut other)
        .await
        .unwrap();
    assert_eq!(ended, [Some(3), Some(2), Some(1)]);
}

/// A page that holds only rows that cannot be decoded costs no more than another one.
#[tokio::test]
async fn pages_that_cannot_be_read_are_not_read_row_by_row() {
    let folder = Folder::new();
    let watched = Watched::open(&folder, "jobs.db").await;
    open_more(&watched, "one", 0..450).await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_runs SET origin = 'dream' WHERE id BETWEEN 2 AND 449; \
         UPDATE punctual_jobs SET trigger_json = '?' WHERE birth BETWEEN 2 AND 449",
    )
    .await;
    let newest = RunFilter {
        limit: 2,
        ..RunFilter::default()
    };
    let (found, steps) = page(&watched, newest).await;
    assert_eq!(found, [450, 1]);
    assert!(steps < 450 * 60, "{steps} steps");
}
