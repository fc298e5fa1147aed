//! Traps that tutorials of APScheduler fall into.

use chrono::TimeDelta;
use punctual_core::{Date, Outcome, Policies};
use punctual_store::MemoryStore;
use punctual_tokio::{ManualClock, Scheduler};

use crate::case::{Case, different};
use crate::fixture::{FROZEN, Fixture, every, nothing, paused, settle};
use crate::times::{berlin, fires, refused};

/// Two schedulers on one store and one clock, and how often their job ran in ten seconds.
async fn runs_of_two(store: MemoryStore) -> (u64, usize) {
    let clock = ManualClock::at(berlin(FROZEN));
    let nodes = ["one", "two"].map(|name| {
        let builder = Scheduler::builder().clock(clock.clone()).node(name);
        let builder = builder.store("default", store.clone());
        builder.task("t", nothing).build().unwrap()
    });
    nodes[0].add_job("t", every(1)).id("a").await.unwrap();
    for node in &nodes {
        node.start().await.unwrap();
    }
    for _ in 0..10 {
        settle().await;
        clock.advance(std::time::Duration::from_secs(1));
        settle().await;
    }
    let runs = nodes[0].runs().await.unwrap();
    let times: std::collections::BTreeSet<_> = runs.iter().map(|run| run.fire_time()).collect();
    (
        nodes[0].statistics("a").await.unwrap().succeeded,
        times.len(),
    )
}

pub(crate) const CASES: &[Case] = &[
    different(
        "day='0, tue'",
        "it is refused, and the message says where weekdays belong",
        || {
            let error = refused(r#"cron(day="0, tue")"#);
            assert!(
                error.contains("day_of_week") || error.contains("minimum 1"),
                "{error}"
            );
            let error = refused(r#"cron(day="1, tue")"#);
            assert!(error.contains("day_of_week"), "{error}");
        },
    ),
    different(
        "weekday 0 of a crontab",
        "a crontab means what every crontab means: Sunday",
        || {
            fires(r#"crontab(expr="0 0 * * 0")"#, "2026-03-02", "2026-03-08");
            fires(r#"crontab(expr="0 0 * * 7")"#, "2026-03-02", "2026-03-08");
            fires(r#"cron(day_of_week=0)"#, "2026-03-03", "2026-03-09");
        },
    ),
    different(
        "a misspelt option",
        "it is refused by its name, also in JSON",
        || {
            let error =
                serde_json::from_str::<Policies>(r#"{"misfire_grace_tim": 5}"#).unwrap_err();
            assert!(error.to_string().contains("misfire_grace_tim"), "{error}");
            assert!(refused("cron(hours=3)").contains("hours"));
            assert!(refused(r#"date(run_date="2026-03-02")"#).contains("run_at"));
            assert!(refused(r#"interval(seconds=1, start_date="2026-03-02")"#).contains("start"));
        },
    ),
    different(
        "a web worker more",
        "nodes that share a store run each fire time once",
        || {
            paused(async {
                assert_eq!(runs_of_two(MemoryStore::new()).await, (10, 10));
            });
        },
    ),
    different(
        "next_run_time=now before a late start",
        "a job that runs at start runs whenever the start is",
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, every(600)).id("a");
                job.run_at_start().await.unwrap();
                fixture.jump(60).await;
                fixture.scheduler.start().await.unwrap();
                fixture.settle().await;
                assert_eq!(fixture.ledger("a").await, [(Outcome::Succeeded, 1)]);
            });
        },
    ),
    different(
        "down at the time of a job",
        "it is due at the next start",
        || {
            paused(async {
                let store = MemoryStore::new();
                let first = Fixture::with(|builder| {
                    builder.store("default", store.clone()).task("t", nothing)
                });
                let once = Date::at(first.clock.now() + TimeDelta::seconds(10));
                first.scheduler.add_job("t", once).id("a").await.unwrap();
                drop(first);
                let second =
                    Fixture::with(|builder| builder.store("default", store).task("t", nothing));
                second.jump(3_600).await;
                second.scheduler.start().await.unwrap();
                second.settle().await;
                assert_eq!(second.ledger("a").await, [(Outcome::Succeeded, 1)]);
            });
        },
    ),
];
