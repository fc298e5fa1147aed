//! Lists over several stores, whole and page by page.

use punctual_core::{JobId, Run};
use punctual_store::{JobStore, RunCursor};
use punctual_tokio::{
    Cursor, ErrorKind, JobCursor, JobFilter, JobOrder, JobSnapshot, MemoryStore, RunFilter,
    Scheduler,
};

use crate::support::{every, pass};

/// A scheduler with stores `0`, `1`, .. that hold jobs of these ids.
async fn with_stores(ids: &[&[&str]]) -> (Scheduler, Vec<MemoryStore>) {
    let stores: Vec<_> = ids.iter().map(|_| MemoryStore::new()).collect();
    let mut builder = Scheduler::builder();
    for (index, store) in stores.iter().enumerate() {
        builder = builder.store(&index.to_string(), store.clone());
    }
    let scheduler = builder.build().unwrap();
    for (index, ids) in ids.iter().enumerate() {
        for id in *ids {
            let job = scheduler.add_job(async || {}, every(60)).id(*id);
            job.store(index.to_string()).await.unwrap();
        }
    }
    (scheduler, stores)
}

fn ids(jobs: &[JobSnapshot]) -> Vec<&str> {
    jobs.iter().map(|job| job.job.id().as_str()).collect()
}

/// The ids of all pages. Each cursor goes through its text, as in a link.
async fn pages(scheduler: &Scheduler, filter: JobFilter) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor: Option<Cursor> = None;
    for _ in 0..100 {
        let page = scheduler.get_jobs_page(filter.clone(), cursor.as_ref());
        let page = page.await.unwrap();
        if page.next.is_some() {
            assert_eq!(page.items.len(), filter.limit, "a page is full");
        }
        seen.extend(ids(&page.items).into_iter().map(str::to_owned));
        let Some(next) = page.next else {
            return seen;
        };
        cursor = Some(next.to_string().parse().unwrap());
    }
    panic!("the pages come to no end: {seen:?}");
}

const A: &[&str] = &["a1", "a2", "a3", "m", "n", "o", "p", "q"];
const B: &[&str] = &["c", "d", "e", "f", "g", "z1", "z2", "z3"];

#[tokio::test(start_paused = true)]
async fn jobs_of_several_stores_are_one_list_whole_cut_off_and_in_pages() {
    let (scheduler, _stores) = with_stores(&[A, B]).await;
    let mut all = [A, B].concat();
    all.sort_unstable();
    let listed = scheduler.get_jobs(JobFilter::default()).await.unwrap();
    assert_eq!(ids(&listed), all);
    for limit in 1..=all.len() + 1 {
        let filter = JobFilter {
            limit,
            ..JobFilter::default()
        };
        assert_eq!(pages(&scheduler, filter.clone()).await, all, "{limit}");
        let first = scheduler.get_jobs(filter.clone()).await.unwrap();
        assert_eq!(ids(&first), all[..limit.min(all.len())], "{limit}");
        // Who goes on after a place of his own finds the same order.
        let mut seen = ids(&first).join(" ");
        let mut last = first.last().map(|job| job.job.id().clone());
        while let Some(id) = last {
            let filter = JobFilter {
                after: Some(JobCursor::from(id)),
                ..filter.clone()
            };
            let next = scheduler.get_jobs(filter).await.unwrap();
            seen.extend(ids(&next).into_iter().flat_map(|id| [" ", id]));
            last = next.last().map(|job| job.job.id().clone());
        }
        assert_eq!(seen, all.join(" "), "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_order_holds_over_all_stores() {
    let (scheduler, _stores) = with_stores(&[&["a", "b", "c"], &[], &["d", "e", "f"]]).await;
    for (id, hours) in [("a", 6), ("d", 5), ("b", 4), ("e", 3), ("c", 2)] {
        let job = scheduler.reschedule_job(id, every(hours * 3_600));
        job.await.unwrap();
    }
    scheduler.pause_job("f").await.unwrap();
    for limit in 0..=7 {
        let filter = JobFilter {
            order: JobOrder::NextRun,
            limit,
            ..JobFilter::default()
        };
        let wanted = ["c", "e", "b", "d", "a", "f"];
        assert_eq!(pages(&scheduler, filter).await, wanted, "{limit}");
    }
    scheduler.start().await.unwrap();
    // Only these have run, and one of them failed.
    let bad = || async { Err::<(), _>("bad") };
    scheduler
        .add_job(bad, every(1))
        .id("x")
        .store("2")
        .await
        .unwrap();
    let good = scheduler.add_job(async || {}, every(1)).id("y");
    good.store("0").await.unwrap();
    pass(1).await;
    for limit in 0..=9 {
        let filter = JobFilter {
            order: JobOrder::LastOutcome,
            limit,
            ..JobFilter::default()
        };
        let wanted = ["x", "y", "a", "b", "c", "d", "e", "f"];
        assert_eq!(pages(&scheduler, filter).await, wanted, "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_stays_comes_once_while_others_come_and_go() {
    let (scheduler, _stores) = with_stores(&[A, B]).await;
    let filter = JobFilter {
        limit: 3,
        ..JobFilter::default()
    };
    let mut seen = Vec::new();
    let mut cursor = None;
    let mut gone = ["a1", "z3", "c", "q", "f"].into_iter();
    loop {
        let page = scheduler.get_jobs_page(filter.clone(), cursor.as_ref());
        let page = page.await.unwrap();
        seen.extend(ids(&page.items).into_iter().map(str::to_owned));
        if let Some(id) = gone.next() {
            scheduler.remove_job(id).await.unwrap();
        }
        let Some(next) = page.next else {
            break;
        };
        cursor = Some(next);
    }
    for id in ["a2", "a3", "d", "e", "g", "m", "n", "o", "p", "z1", "z2"] {
        assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{id}");
    }
    assert!(seen.is_sorted(), "{seen:?}");
}

/// A run and its store by its job, since each store has numbers of its own.
fn place(run: &Run) -> (RunCursor, String) {
    (RunCursor::of(run), run.job.to_string())
}

#[tokio::test(start_paused = true)]
async fn runs_of_several_stores_are_one_list_whole_cut_off_and_in_pages() {
    // The jobs are due together, so runs of two stores have one place in the list.
    let (scheduler, stores) = with_stores(&[&["a", "b"], &["c"], &["d", "e", "f"]]).await;
    scheduler.start().await.unwrap();
    pass(600).await;
    let mut all = Vec::new();
    for store in &stores {
        all.extend(store.runs(RunFilter::default()).await.unwrap());
    }
    assert_eq!(all.len(), 60);
    let mut wanted: Vec<_> = all.iter().map(place).collect();
    wanted.sort_unstable();
    let listed = scheduler.runs(RunFilter::default()).await.unwrap();
    assert!(listed.is_sorted_by_key(|run| std::cmp::Reverse(RunCursor::of(run))));
    for limit in [0, 1, 2, 7, 59, 60, 61] {
        let filter = RunFilter {
            limit,
            ..RunFilter::default()
        };
        let first = scheduler.runs(filter.clone()).await.unwrap();
        let cut = if limit == 0 { 60 } else { limit.min(60) };
        assert_eq!(first, listed[..cut], "{limit}");
        let mut seen = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = scheduler.runs_page(filter.clone(), cursor.as_ref());
            let page = page.await.unwrap();
            seen.extend(page.items);
            let Some(next) = page.next else {
                break;
            };
            cursor = Some(next.to_string().parse().unwrap());
        }
        assert_eq!(seen, listed, "{limit}");
        let mut places: Vec<_> = seen.iter().map(place).collect();
        places.sort_unstable();
        assert_eq!(places, wanted, "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_another_list_is_refused_in_words() {
    let (scheduler, _stores) = with_stores(&[A, B]).await;
    let filter = JobFilter {
        limit: 1,
        ..JobFilter::default()
    };
    let page = scheduler.get_jobs_page(filter.clone(), None).await.unwrap();
    let cursor = page.next.unwrap();
    let by_time = JobFilter {
        order: JobOrder::NextRun,
        ..filter.clone()
    };
    let both = JobFilter {
        after: Some(JobCursor::from(JobId::new("m").unwrap())),
        ..filter
    };
    let rest = "; take the `next` of the page before, or none";
    for (refused, wanted) in [
        (
            scheduler.get_jobs_page(by_time, Some(&cursor)).await.err(),
            "cursor: it is of a list in the order Id, not NextRun",
        ),
        (
            scheduler.get_jobs_page(both, Some(&cursor)).await.err(),
            "cursor: the filter's `after` names a place, too",
        ),
        (
            scheduler
                .runs_page(RunFilter::default(), Some(&cursor))
                .await
                .err(),
            "cursor: it is of a list of jobs",
        ),
        (
            "page2".parse::<Cursor>().err(),
            "cursor: it is not the text of a cursor",
        ),
        (
            "".parse::<Cursor>().err(),
            "cursor: it is not the text of a cursor",
        ),
    ] {
        let error = refused.unwrap();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), format!("{wanted}{rest}"));
    }
}
