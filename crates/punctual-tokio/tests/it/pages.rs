//! Lists over several stores, whole, page by page and item by item.

use punctual_core::Run;
use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_store::{JobStore, RunCursor, RunFilter};
use punctual_tokio::{
    Cursor, ErrorKind, GetJobs, JobOrder, JobSnapshot, JobStream, MemoryStore, NewJob, RunStream,
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
    jobs.iter().map(|job| job.id().as_str()).collect()
}

/// The ids of all pages. Each cursor goes through its text, as in a link.
async fn pages(list: GetJobs, size: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor: Option<Cursor> = None;
    for _ in 0..100 {
        let page = list.clone().page(size).after(cursor).await.unwrap();
        if page.next.is_some() {
            assert_eq!(page.items.len(), size, "a page is full");
        }
        seen.extend(ids(&page.items).into_iter().map(str::to_owned));
        let Some(next) = page.next else {
            return seen;
        };
        cursor = Some(next.to_string().parse().unwrap());
    }
    panic!("the pages come to no end: {seen:?}");
}

/// The ids that a stream returns.
async fn streamed(mut jobs: JobStream) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(job) = jobs.next().await.transpose().unwrap() {
        seen.push(job.id().to_string());
    }
    seen
}

const A: &[&str] = &["a1", "a2", "a3", "m", "n", "o", "p", "q"];
const B: &[&str] = &["c", "d", "e", "f", "g", "z1", "z2", "z3"];

#[tokio::test(start_paused = true)]
async fn jobs_of_several_stores_are_one_list_whole_cut_off_and_in_pages() {
    let (scheduler, _stores) = with_stores(&[A, B]).await;
    let mut all = [A, B].concat();
    all.sort_unstable();
    assert_eq!(ids(&scheduler.get_jobs().await.unwrap()), all);
    assert_eq!(streamed(scheduler.get_jobs().stream()).await, all);
    for limit in 0..=all.len() + 1 {
        let cut = &all[..limit.min(all.len())];
        let first = scheduler.get_jobs().limit(limit);
        assert_eq!(ids(&first.clone().await.unwrap()), cut, "{limit}");
        assert_eq!(streamed(first.stream()).await, cut, "{limit}");
        if limit > 0 {
            assert_eq!(pages(scheduler.get_jobs(), limit).await, all, "{limit}");
        }
    }
    let of_one = scheduler.get_jobs().store("1");
    assert_eq!(ids(&of_one.clone().await.unwrap()), B);
    assert_eq!(pages(of_one, 3).await, B);
    let stores: Vec<_> = scheduler.get_jobs().await.unwrap();
    let of_zero = stores.iter().filter(|job| job.store() == "0").count();
    assert_eq!(of_zero, A.len());
}

#[tokio::test(start_paused = true)]
async fn every_order_holds_over_all_stores() {
    let (scheduler, _stores) = with_stores(&[&["a", "b", "c"], &[], &["d", "e", "f"]]).await;
    for (id, hours) in [("a", 6), ("d", 5), ("b", 4), ("e", 3), ("c", 2)] {
        let job = scheduler.reschedule_job(id, every(hours * 3_600));
        job.await.unwrap();
    }
    scheduler.pause_job("f").await.unwrap();
    let list = scheduler.get_jobs().order(JobOrder::NextRun);
    let wanted = ["c", "e", "b", "d", "a", "f"];
    assert_eq!(ids(&list.clone().await.unwrap()), wanted);
    for size in 1..=7 {
        assert_eq!(pages(list.clone(), size).await, wanted, "{size}");
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
    let list = scheduler.get_jobs().order(JobOrder::LastOutcome);
    let wanted = ["x", "y", "a", "b", "c", "d", "e", "f"];
    assert_eq!(ids(&list.clone().await.unwrap()), wanted);
    for size in 1..=9 {
        assert_eq!(pages(list.clone(), size).await, wanted, "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_stays_comes_once_while_others_come_and_go() {
    let (scheduler, _stores) = with_stores(&[A, B]).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    let mut gone = ["a1", "z3", "c", "q", "f"].into_iter();
    loop {
        let page = scheduler.get_jobs().page(3).after(cursor).await.unwrap();
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

async fn all_of(mut runs: RunStream) -> Vec<Run> {
    let mut seen = Vec::new();
    while let Some(run) = runs.next().await.transpose().unwrap() {
        seen.push(run);
    }
    seen
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
    let listed = scheduler.runs().await.unwrap();
    assert!(listed.is_sorted_by_key(|run| std::cmp::Reverse(RunCursor::of(run))));
    for run in &listed {
        let store = match run.job.as_str() {
            "a" | "b" => "0",
            "c" => "1",
            _ => "2",
        };
        assert_eq!(run.store.as_deref(), Some(store));
    }
    assert_eq!(all_of(scheduler.runs().stream()).await, listed);
    for limit in [0, 1, 2, 7, 59, 60, 61] {
        let first = scheduler.runs().limit(limit);
        let cut = &listed[..limit.min(60)];
        assert_eq!(first.clone().await.unwrap(), cut, "{limit}");
        assert_eq!(all_of(first.stream()).await, cut, "{limit}");
        if limit == 0 {
            continue;
        }
        let mut seen = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = scheduler.runs().page(limit).after(cursor).await.unwrap();
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
    let page = scheduler.get_jobs().page(1).await.unwrap();
    let cursor = page.next.unwrap();
    let by_time = scheduler.get_jobs().order(JobOrder::NextRun);
    let rest = "; take the `next` of the page before, or none";
    for (refused, wanted) in [
        (
            by_time.page(1).after(cursor.clone()).await.err(),
            "cursor: it is of a list in the order Id, not NextRun",
        ),
        (
            scheduler.runs().page(1).after(cursor).await.err(),
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

#[tokio::test(start_paused = true)]
async fn what_makes_no_list_is_refused_in_words() {
    let (scheduler, _stores) = with_stores(&[A, B]).await;
    for (refused, kind, wanted) in [
        (
            scheduler.get_jobs().store("2").await.err(),
            ErrorKind::NotFound,
            "store: `2` is not a known alias; there are `default`, `0`, `1`",
        ),
        (
            scheduler.runs().store("2").await.err(),
            ErrorKind::NotFound,
            "store: `2` is not a known alias; there are `default`, `0`, `1`",
        ),
        (
            scheduler.get_jobs().page(0).await.err(),
            ErrorKind::Invalid,
            "page: `0` items are not a page; expected at least `1`",
        ),
        (
            scheduler.runs().limit(7).page(3).await.err(),
            ErrorKind::Invalid,
            "limit: `7` does not count on pages of `3`; leave out `limit` or `page`",
        ),
    ] {
        let error = refused.unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(wanted), "{error}");
    }
    let error = scheduler.job_table().store("2").await.unwrap_err();
    assert!(error.is_not_found());
    let error = scheduler.runs().job("").await.unwrap_err();
    assert!(error.is_invalid(), "{error}");
    let error = scheduler.runs().from("yesterday").await.unwrap_err();
    assert!(
        error.to_string().starts_with("from: `yesterday` "),
        "{error}"
    );
    let mut stream = scheduler.get_jobs().store("2").stream();
    assert!(stream.next().await.unwrap().unwrap_err().is_not_found());
    assert!(stream.next().await.is_none(), "it ends after an error");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_spawned_and_a_wait_that_is_given_up_loses_no_item() {
    let (faulty, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().store("default", faulty);
    let scheduler = builder.build().unwrap();
    for id in A {
        let job = scheduler.add_job(async || {}, every(60)).id(*id);
        job.await.unwrap();
    }
    let listed = tokio::spawn(scheduler.get_jobs().into_future());
    assert_eq!(ids(&listed.await.unwrap().unwrap()), A);
    faults.set(StoreCall::List, Fault::Held);
    let mut stream = scheduler.get_jobs().stream();
    for _ in 0..3 {
        let next = tokio::time::timeout(std::time::Duration::from_millis(5), stream.next());
        assert!(next.await.is_err(), "the store does not answer");
    }
    faults.mend(StoreCall::List);
    let rest = tokio::spawn(streamed(stream));
    assert_eq!(rest.await.unwrap(), A);
    assert_eq!(faults.begun(StoreCall::List), 2);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_in_pieces() {
    let (faulty, faults) = FaultyStore::new(MemoryStore::new());
    let scheduler = Scheduler::builder().store("default", faulty);
    let scheduler = scheduler.store("other", MemoryStore::new());
    let scheduler = scheduler.build().unwrap();
    let jobs =
        (0..2_500).map(|index| NewJob::new(async || {}, every(60)).id(format!("{index:04}")));
    for added in scheduler.add_jobs(jobs).await.unwrap() {
        added.unwrap();
    }
    let job = scheduler.add_job(async || {}, every(60)).id("1234a");
    job.store("other").await.unwrap();
    let mut wanted: Vec<_> = (0..2_500).map(|index| format!("{index:04}")).collect();
    wanted.insert(1_235, "1234a".to_owned());
    for order in [JobOrder::Id, JobOrder::NextRun, JobOrder::LastOutcome] {
        let list = scheduler.get_jobs().order(order);
        let mut all: Vec<_> = ids(&list.clone().await.unwrap())
            .into_iter()
            .map(str::to_owned)
            .collect();
        let before = faults.begun(StoreCall::List);
        let mut seen = streamed(list.clone().stream()).await;
        assert_eq!(faults.begun(StoreCall::List) - before, 3, "{order:?}");
        let limit = list.limit(1_500).await.unwrap();
        assert_eq!(ids(&limit), seen[..1_500], "{order:?}");
        if order == JobOrder::NextRun {
            // The jobs were added within an instant of real time, in no order of their ids.
            all.sort_unstable();
            seen.sort_unstable();
        }
        assert_eq!(all, wanted, "{order:?}");
        assert_eq!(seen, wanted, "{order:?}");
    }
}
