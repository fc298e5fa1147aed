//! Lists over several stores equal the list of one store that holds the same jobs.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Interval, Outcome, Outcomes};
use punctual_tokio::{Cursor, GetJobs, JobOrder, ManualClock, MemoryStore, Runs, Scheduler};

struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

/// Two schedulers with the same jobs, whose runs began and ended alike.
struct Twins {
    one: Scheduler,
    many: Scheduler,
}

const STORES: u64 = 3;

const JOBS: u64 = 17;

/// Lets the schedulers do all that they can do now.
async fn settle() {
    for _ in 0..40 {
        tokio::task::yield_now().await;
    }
}

impl Twins {
    async fn rolled(seed: u64) -> Self {
        let noon: DateTime<Utc> = "2026-03-28T12:00:00Z".parse().unwrap();
        let clock = ManualClock::at(noon);
        let build = || Scheduler::builder().clock(clock.clone());
        let one = build().store("s0", MemoryStore::new()).build().unwrap();
        let mut several = build();
        for index in 0..STORES {
            several = several.store(&format!("s{index}"), MemoryStore::new());
        }
        let many = several.build().unwrap();
        let twins = Self { one, many };
        let mut dice = Dice(seed);
        let jobs: Vec<_> = (0..JOBS)
            .map(|_| [0; 5].map(|_: u64| dice.below(1 << 20)))
            .collect();
        for (index, roll) in (0..).zip(&jobs) {
            for (scheduler, stores) in [(&twins.one, 1), (&twins.many, STORES)] {
                add(scheduler, index, roll, stores).await;
            }
        }
        for scheduler in [&twins.one, &twins.many] {
            scheduler.start().await.unwrap();
        }
        // Each job is due at a millisecond of its own, so no two runs have one place.
        for _ in 0..25 {
            for _ in 0..=JOBS {
                clock.advance(Duration::from_millis(1));
                settle().await;
            }
            clock.advance(Duration::from_millis(999 - JOBS));
            settle().await;
        }
        twins
    }
}

async fn add(scheduler: &Scheduler, index: i64, roll: &[u64; 5], stores: u64) {
    let is_bad = roll[0].is_multiple_of(3);
    let body = move || async move { if is_bad { Err("bad") } else { Ok(()) } };
    let prime = [3, 5, 7, 11, 13, 17, 19, 23, 29, 1_000, 1_000][roll[1] as usize % 11];
    let start = scheduler.now() + TimeDelta::milliseconds(1 + index);
    let trigger = Interval::every(Duration::from_secs(prime));
    let job = scheduler.add_job(body, trigger.start(start));
    let mut job = job.id(format!("{:02}-{index}", roll[2] % 20));
    if roll[3].is_multiple_of(2) {
        job = job.tag("even");
    }
    if roll[3].is_multiple_of(5) {
        job = job.paused();
    }
    job.store(format!("s{}", roll[4] % stores)).await.unwrap();
}

const ORDERS: [JobOrder; 3] = [JobOrder::Id, JobOrder::NextRun, JobOrder::LastOutcome];

fn lists(scheduler: &Scheduler) -> Vec<(String, GetJobs)> {
    let mut lists = Vec::new();
    for order in ORDERS {
        let list = || scheduler.get_jobs().order(order);
        lists.push((format!("{order:?}"), list()));
        lists.push((format!("{order:?} even"), list().tag("even")));
        lists.push((format!("{order:?} awake"), list().paused(false)));
        lists.push((format!("{order:?} search"), list().search("-1")));
    }
    lists
}

fn ledgers(scheduler: &Scheduler) -> Vec<(String, Runs)> {
    let runs = || scheduler.runs();
    let later = scheduler.now() - TimeDelta::seconds(20);
    vec![
        ("all".into(), runs()),
        ("bad".into(), runs().outcomes(Outcomes::UNSUCCESSFUL)),
        ("good".into(), runs().outcomes(Outcome::Succeeded)),
        ("open".into(), runs().open()),
        ("ended".into(), runs().ended()),
        ("later".into(), runs().from(later)),
        ("earlier".into(), runs().until(later)),
    ]
}

async fn jobs_of(list: GetJobs) -> Vec<String> {
    let jobs = list.await.unwrap();
    jobs.iter().map(|job| job.id().to_string()).collect()
}

type Entry = (String, DateTime<Utc>, Option<Outcome>);

fn entry(run: &punctual_core::Run) -> Entry {
    (run.job.to_string(), run.fire_time(), run.outcome())
}

async fn runs_of(list: Runs) -> Vec<Entry> {
    list.await.unwrap().iter().map(entry).collect()
}

#[tokio::test(start_paused = true)]
async fn jobs_of_several_stores_are_listed_as_those_of_one() {
    for seed in 0..6 {
        let twins = Twins::rolled(seed).await;
        for ((what, one), (_, many)) in lists(&twins.one).into_iter().zip(lists(&twins.many)) {
            let wanted = jobs_of(one).await;
            assert_eq!(jobs_of(many.clone()).await, wanted, "{seed}: {what}");
            let mut streamed = Vec::new();
            let mut stream = many.clone().stream();
            while let Some(job) = stream.next().await.transpose().unwrap() {
                streamed.push(job.id().to_string());
            }
            assert_eq!(streamed, wanted, "{seed}: {what}, as a stream");
            for size in [1, 2, 3, 5, 16, 17, 18] {
                let cut = &wanted[..size.min(wanted.len())];
                let first = jobs_of(many.clone().limit(size)).await;
                assert_eq!(first, cut, "{seed}: {what}, {size}");
                let mut seen = Vec::new();
                let mut cursor: Option<Cursor> = None;
                loop {
                    let page = many.clone().page(size).after(cursor).await.unwrap();
                    seen.extend(page.items.iter().map(|job| job.id().to_string()));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(seen, wanted, "{seed}: {what}, pages of {size}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn runs_of_several_stores_are_listed_as_those_of_one() {
    for seed in 0..6 {
        let twins = Twins::rolled(seed).await;
        assert!(!twins.one.runs().await.unwrap().is_empty());
        for ((what, one), (_, many)) in ledgers(&twins.one).into_iter().zip(ledgers(&twins.many)) {
            let wanted = runs_of(one).await;
            let whole = runs_of(many.clone()).await;
            assert_eq!(whole, wanted, "{seed}: {what}");
            for size in [1, 2, 3, 7, 50] {
                let cut = &wanted[..size.min(wanted.len())];
                let first = runs_of(many.clone().limit(size)).await;
                assert_eq!(first, cut, "{seed}: {what}, {size}");
                let mut seen = Vec::new();
                let mut cursor: Option<Cursor> = None;
                loop {
                    let page = many.clone().page(size).after(cursor).await.unwrap();
                    seen.extend(page.items.iter().map(entry));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(seen, wanted, "{seed}: {what}, pages of {size}");
            }
        }
    }
}
