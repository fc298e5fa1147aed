//! Old and new programs that share a store, and declared jobs that were removed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{CancelReason, Outcome, Run, SkipReason};
use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_store::{JobFilter, JobStore};
use punctual_tokio::{Config, ErrorKind, ManualClock, MemoryStore, Scheduler};

use tokio::sync::Notify;

use crate::support::{Log, ledger, runs, seconds};
use crate::ways::way_to;

/// Programs that share a store and a clock; each declares one job, and their calls are logged.
struct Deploy {
    store: MemoryStore,
    clock: ManualClock,
    log: Log<&'static str>,
    go: Arc<Notify>,
}

impl Deploy {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            clock: ManualClock::at(noon()),
            log: Log::default(),
            go: Arc::default(),
        }
    }

    /// A program of a release, 0 for none, whose job `a` has this trigger and calls this task.
    fn program(&self, store: impl JobStore, release: u64, trigger: &str, task: &str) -> Scheduler {
        let jobs = format!("[[jobs]]\nid = 'a'\ntask = '{task}'\ntrigger = '{trigger}'\n");
        let mut builder = Scheduler::builder()
            .store("default", store)
            .clock(self.clock.clone());
        if release > 0 {
            builder = builder.release(release);
        }
        for task in ["old", "new"] {
            let log = self.log.clone();
            builder = builder.task(task, move || {
                let log = log.clone();
                async move { log.push(task) }
            });
        }
        let config = Config::from_toml(&jobs).unwrap();
        builder.config(config).build().unwrap()
    }

    async fn started(&self, release: u64, trigger: &str, task: &str) -> Scheduler {
        let program = self.program(self.store.clone(), release, trigger, task);
        program.start().await.unwrap();
        program
    }
}

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:30Z".parse().unwrap()
}

/// Lets real time go on, by which nodes live, die and are missed.
async fn stand_still(count: u64) {
    for _ in 0..count {
        tokio::time::sleep(seconds(1)).await;
    }
}

async fn task_of(scheduler: &Scheduler) -> String {
    let row = scheduler.get_job("a").await.unwrap().unwrap();
    row.task().to_owned()
}

async fn next(scheduler: &Scheduler) -> TimeDelta {
    let row = scheduler.get_job("a").await.unwrap().unwrap();
    row.next_run_time().unwrap() - noon()
}

async fn rollbacks(scheduler: &Scheduler) -> usize {
    let entries = runs(scheduler, "a").await;
    let outcome = Some(Outcome::Skipped(SkipReason::RolledBack));
    let is_rollback = |run: &&Run| run.state.outcome() == outcome;
    entries.iter().filter(is_rollback).count()
}

#[tokio::test(start_paused = true)]
async fn an_older_release_turns_nothing_back_while_a_newer_one_lives() {
    let deploy = Deploy::new();
    let old = deploy.started(1, "* * * * *", "old").await;
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    assert_eq!(task_of(&new).await, "new");
    // The old one is restarted in the middle of the deploy.
    old.shutdown().await.unwrap();
    let old = deploy.started(1, "* * * * *", "old").await;
    stand_still(200).await;
    assert_eq!(task_of(&old).await, "new");
    assert_eq!(next(&old).await, TimeDelta::seconds(270));
    assert!(old.get_jobs().vanished().await.unwrap().is_empty());
    assert_eq!(rollbacks(&old).await, 0);
}

#[tokio::test(start_paused = true)]
async fn programs_without_a_release_obey_those_with_one() {
    let deploy = Deploy::new();
    let new = deploy.started(1, "*/5 * * * *", "new").await;
    let old = deploy.started(0, "* * * * *", "old").await;
    stand_still(200).await;
    assert_eq!(task_of(&old).await, "new");
    drop(new);
}

#[tokio::test(start_paused = true)]
async fn an_older_release_goes_by_its_code_once_the_newer_one_is_gone() {
    let deploy = Deploy::new();
    let old = deploy.started(1, "* * * * *", "old").await;
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    stand_still(5).await;
    new.shutdown().await.unwrap();
    // It may be started again.
    stand_still(40).await;
    assert_eq!(task_of(&old).await, "new");
    stand_still(40).await;
    assert_eq!(task_of(&old).await, "old");
    assert_eq!(next(&old).await, TimeDelta::seconds(30));
    assert_eq!(rollbacks(&old).await, 1);
    deploy.clock.advance(seconds(60));
    stand_still(1).await;
    assert_eq!(deploy.log.all(), ["old"]);
    stand_still(200).await;
    assert_eq!(rollbacks(&old).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_newer_release_that_is_restarted_keeps_its_say() {
    let deploy = Deploy::new();
    let old = deploy.started(1, "* * * * *", "old").await;
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    stand_still(5).await;
    new.shutdown().await.unwrap();
    stand_still(30).await;
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    stand_still(200).await;
    assert_eq!(task_of(&old).await, "new");
    assert_eq!(rollbacks(&new).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_older_release_that_is_started_after_the_newer_ended_is_a_rollback() {
    let deploy = Deploy::new();
    let new = deploy.started(2, "* * * * *", "new").await;
    new.shutdown().await.unwrap();
    let old = deploy.started(1, "* * * * *", "old").await;
    // The newer one may be there, and not be registered yet.
    stand_still(59).await;
    assert_eq!(task_of(&old).await, "new");
    stand_still(2).await;
    assert_eq!(task_of(&old).await, "old");
    assert_eq!(rollbacks(&old).await, 1);
    // The same fire time is that of the older definition now.
    deploy.clock.advance(seconds(60));
    stand_still(1).await;
    assert_eq!(deploy.log.all(), ["old"]);
    // The newer one comes again.
    old.shutdown().await.unwrap();
    let new = deploy.started(2, "* * * * *", "new").await;
    assert_eq!(task_of(&new).await, "new");
}

/// Release 3 goes back to what release 1 declared, without release 2 in between.
#[tokio::test(start_paused = true)]
async fn a_release_that_declares_the_same_counts_too() {
    let deploy = Deploy::new();
    let first = deploy.started(1, "* * * * *", "old").await;
    first.shutdown().await.unwrap();
    let third = deploy.started(3, "* * * * *", "old").await;
    let second = deploy.started(2, "*/5 * * * *", "new").await;
    stand_still(200).await;
    assert_eq!(task_of(&second).await, "old");
    assert_eq!(next(&third).await, TimeDelta::seconds(30));
}

/// Its registration is held up, so the older one cannot see it.
#[tokio::test(start_paused = true)]
async fn a_newer_release_that_is_not_a_node_yet_keeps_its_say_and_takes_it_back() {
    let deploy = Deploy::new();
    let (way, faults) = way_to(&deploy.store);
    faults.set([StoreCall::Register], Fault::Held);
    let new = deploy.program(way, 2, "*/5 * * * *", "new");
    new.start().await.unwrap();
    assert_eq!(task_of(&new).await, "new");
    let old = deploy.started(1, "* * * * *", "old").await;
    stand_still(50).await;
    assert_eq!(task_of(&old).await, "new");
    stand_still(50).await;
    assert_eq!(task_of(&old).await, "old");
    faults.mend(StoreCall::ALL);
    stand_still(100).await;
    assert_eq!(task_of(&old).await, "new");
    assert_eq!(next(&new).await, TimeDelta::seconds(270));
}

/// A node that comes or goes is no start of a program.
#[tokio::test(start_paused = true)]
async fn without_releases_the_program_that_was_started_last_keeps_the_say() {
    for release in [0, 4] {
        let deploy = Deploy::new();
        let _old = deploy.started(release, "* * * * *", "old").await;
        stand_still(100).await;
        let new = deploy.started(release, "*/5 * * * *", "new").await;
        stand_still(200).await;
        assert_eq!(task_of(&new).await, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_replaced_by_a_call_stays_until_the_next_start() {
    let deploy = Deploy::new();
    let program = deploy.started(1, "* * * * *", "old").await;
    let trigger = punctual_core::Crontab::new("7 * * * *");
    let job = program.add_job("new", trigger).id("a");
    job.replace_existing().await.unwrap();
    let builder = Scheduler::builder().store("default", deploy.store.clone());
    let other = builder.clock(deploy.clock.clone()).build().unwrap();
    other.start().await.unwrap();
    stand_still(200).await;
    assert_eq!(task_of(&program).await, "new");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_waits_for_no_other_nodes() {
    let deploy = Deploy::new();
    let old = deploy.started(1, "* * * * *", "old").await;
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    stand_still(10).await;
    new.shutdown().await.unwrap();
    for _ in 0..3 {
        let builder = Scheduler::builder().store("default", deploy.store.clone());
        let other = builder.clock(deploy.clock.clone()).build().unwrap();
        other.start().await.unwrap();
        stand_still(20).await;
        other.shutdown().await.unwrap();
        stand_still(5).await;
    }
    assert_eq!(task_of(&old).await, "old");
}

#[tokio::test(start_paused = true)]
async fn what_is_overdue_at_a_rollback_says_so() {
    let deploy = Deploy::new();
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    new.shutdown().await.unwrap();
    deploy.clock.advance(seconds(1_000));
    let old = deploy.program(deploy.store.clone(), 1, "*/7 * * * *", "old");
    old.start().paused().await.unwrap();
    stand_still(70).await;
    let entries = ledger(&old, "a").await;
    let rolled_back = Outcome::Skipped(SkipReason::RolledBack);
    assert_eq!(entries, [(rolled_back, 3)]);
}

/// The old code comes back while a run is still under way.
#[tokio::test(start_paused = true)]
async fn a_job_that_is_over_by_its_new_definition_leaves_a_note_and_can_come_back() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let stores = (&deploy, &other);
    let first = with_two_stores(stores, 0, "default", EVERY).await;
    deploy.clock.advance(seconds(10));
    stand_still(1).await;
    let over = "date(run_at=\"2026-02-01T00:00:00Z\")";
    let second = deploy.started(0, over, "old").await;
    let edited = Outcome::Skipped(SkipReason::Edited);
    let ends = async || {
        let runs = runs(&second, "a").await;
        let ends = runs.iter().map(|run| run.state.outcome());
        let mut ends: Vec<_> = ends
            .filter(|end| *end != Some(Outcome::Coalesced))
            .collect();
        ends.sort_unstable_by_key(Option::is_none);
        ends
    };
    assert_eq!(ends().await, [Some(edited), None]);
    second.shutdown().await.unwrap();
    deploy.clock.advance(seconds(1));
    let again = with_two_stores(stores, 0, "default", EVERY).await;
    deploy.go.notify_waiters();
    stand_still(1).await;
    assert_eq!(next(&again).await, TimeDelta::seconds(20));
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_declared_job_that_was_removed_by_hand_stays_away_until_its_definition_changes() {
    let deploy = Deploy::new();
    let first = deploy.started(0, "* * * * *", "old").await;
    first.remove_job("a").await.unwrap();
    first.shutdown().await.unwrap();
    let again = deploy.started(0, "* * * * *", "old").await;
    assert!(again.get_job("a").await.unwrap().is_none());
    again.shutdown().await.unwrap();
    let changed = deploy.started(0, "*/5 * * * *", "old").await;
    assert!(changed.get_job("a").await.unwrap().is_some());
    // All jobs are removed: this one stays away as well.
    changed.remove_all_jobs().await.unwrap();
    changed.shutdown().await.unwrap();
    let again = deploy.started(0, "*/5 * * * *", "old").await;
    assert!(again.get_job("a").await.unwrap().is_none());
    again.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_removed_job_that_is_added_by_hand_is_declared_again() {
    let deploy = Deploy::new();
    let first = deploy.started(0, "* * * * *", "old").await;
    first.remove_job("a").await.unwrap();
    let trigger = punctual_core::Crontab::new("0 0 * * *");
    first.add_job("new", trigger).id("a").await.unwrap();
    first.shutdown().await.unwrap();
    let again = deploy.started(0, "* * * * *", "old").await;
    assert_eq!(task_of(&again).await, "old");
}

/// What the older release declares of it is no change.
#[tokio::test(start_paused = true)]
async fn a_job_that_was_removed_under_a_newer_release_is_not_brought_back_by_an_older() {
    let deploy = Deploy::new();
    let new = deploy.started(2, "*/5 * * * *", "new").await;
    new.remove_job("a").await.unwrap();
    let old = deploy.started(1, "* * * * *", "old").await;
    assert!(old.get_job("a").await.unwrap().is_none());
    new.shutdown().await.unwrap();
}

#[test]
fn a_release_is_a_number_that_counts() {
    for release in [0, 1 << 53] {
        let error = Scheduler::builder().release(release).build().unwrap_err();
        let text = error.to_string();
        assert!(text.contains("release: "), "{text}");
    }
}

const EVERY: &str = "trigger = '*/10 * * * * *'\n";

/// A started program with two stores; the code names one of them for the job.
async fn with_two_stores<S: JobStore + Clone>(
    stores: (&Deploy, &S),
    release: u64,
    store: &str,
    rest: &str,
) -> Scheduler {
    let scheduler = of_two_stores(stores, release, store, rest);
    scheduler.start().await.unwrap();
    scheduler
}

fn of_two_stores<S: JobStore + Clone>(
    (deploy, other): (&Deploy, &S),
    release: u64,
    store: &str,
    rest: &str,
) -> Scheduler {
    let jobs = format!("[[jobs]]\nid = 'a'\ntask = 'slow'\nstore = '{store}'\n{rest}");
    let builder = Scheduler::builder().clock(deploy.clock.clone());
    let builder = builder.store("default", deploy.store.clone());
    let mut builder = builder.store("other", other.clone());
    if release > 0 {
        builder = builder.release(release);
    }
    let go = Arc::clone(&deploy.go);
    let slow = move || {
        let go = Arc::clone(&go);
        async move { go.notified().await }
    };
    let config = Config::from_toml(&jobs).unwrap();
    builder.task("slow", slow).config(config).build().unwrap()
}

async fn outcomes(scheduler: &Scheduler) -> Vec<(DateTime<Utc>, Option<Outcome>)> {
    let runs = runs(scheduler, "a").await;
    let told = runs
        .iter()
        .map(|run| (run.fire_time(), run.state.outcome()));
    let mut told: Vec<_> = told.collect();
    told.sort_unstable_by_key(|(fire_time, _)| *fire_time);
    told
}

#[tokio::test(start_paused = true)]
async fn a_job_that_moves_to_another_store_has_each_fire_time_once() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let stores = (&deploy, &other);
    let first = with_two_stores(stores, 0, "default", EVERY).await;
    first.shutdown().await.unwrap();
    deploy.clock.advance(seconds(35));
    let second = with_two_stores(stores, 0, "other", EVERY).await;
    stand_still(1).await;
    deploy.go.notify_waiters();
    stand_still(1).await;
    let all = outcomes(&second).await;
    let late = Some(Outcome::Succeeded);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0].1, Some(Outcome::Coalesced));
    assert_eq!(all[1], (noon() + TimeDelta::seconds(30), late));
    assert_eq!(second.get_jobs().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_its_new_store_does_not_answer_for_stays_in_the_old_one() {
    let (deploy, (other, faults)) = (Deploy::new(), FaultyStore::new(MemoryStore::new()));
    let stores = (&deploy, &other);
    let first = with_two_stores(stores, 0, "default", EVERY).await;
    first.shutdown().await.unwrap();
    faults.swallow_adds();
    let second = of_two_stores(stores, 0, "other", EVERY);
    let error = second.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    let left = deploy.store.list(JobFilter::default()).await.unwrap().jobs;
    let next: Vec<_> = left.iter().map(|job| job.state.next_run_time).collect();
    assert_eq!(next, [Some(noon())]);
    faults.mend_all();
    second.start().await.unwrap();
    let jobs = second.get_jobs().await.unwrap();
    let stores: Vec<_> = jobs.iter().map(|job| job.store()).collect();
    assert_eq!(stores, ["other"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_new_store_has_taken_it_and_lost_the_answer_is_in_that_one_alone() {
    let (deploy, (other, faults)) = (Deploy::new(), FaultyStore::new(MemoryStore::new()));
    let stores = (&deploy, &other);
    let first = with_two_stores(stores, 0, "default", EVERY).await;
    first.shutdown().await.unwrap();
    faults.next([StoreCall::Add], Fault::LostAnswer);
    let second = with_two_stores(stores, 0, "other", EVERY).await;
    let jobs = second.get_jobs().await.unwrap();
    let stores: Vec<_> = jobs.iter().map(|job| job.store()).collect();
    assert_eq!(stores, ["other"]);
}

/// A new declared job is not counted as added either.
#[tokio::test(start_paused = true)]
async fn a_declared_job_that_its_store_does_not_answer_for_fails_the_start() {
    let (deploy, (store, faults)) = (Deploy::new(), FaultyStore::new(MemoryStore::new()));
    faults.swallow_adds();
    let program = deploy.program(store, 0, "@hourly", "old");
    let error = program.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_of_a_job_that_moves_ends_and_what_runs_goes_on() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let stores = (&deploy, &other);
    let queue = format!("{EVERY}policies = {{ overlap = {{ queue = {{ at_most = 5 }} }} }}");
    let first = with_two_stores(stores, 0, "default", &queue).await;
    for _ in 0..3 {
        deploy.clock.advance(seconds(10));
        stand_still(1).await;
    }
    let second = with_two_stores(stores, 0, "other", &queue).await;
    second.shutdown().await.unwrap();
    let second = with_two_stores(stores, 0, "other", &queue).await;
    deploy.go.notify_waiters();
    stand_still(4).await;
    let ends = outcomes(&second).await.into_iter().map(|(_, end)| end);
    let ends: Vec<_> = ends
        .filter(|end| *end != Some(Outcome::Coalesced))
        .collect();
    let cancelled = Some(Outcome::Cancelled(CancelReason::User));
    assert_eq!(ends, [Some(Outcome::Succeeded), cancelled, cancelled]);
    let left = deploy.store.list(JobFilter::default()).await.unwrap();
    assert_eq!(left.jobs, []);
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_moves_back_at_a_rollback_says_so() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let stores = (&deploy, &other);
    let old = with_two_stores(stores, 1, "default", EVERY).await;
    let new = with_two_stores(stores, 2, "other", EVERY).await;
    stand_still(20).await;
    new.shutdown().await.unwrap();
    stand_still(70).await;
    assert_eq!(old.get_job("a").await.unwrap().unwrap().store(), "default");
    assert_eq!(rollbacks(&old).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_release_brings_nothing_back_that_was_removed_from_another_store() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let stores = (&deploy, &other);
    let new = with_two_stores(stores, 2, "other", EVERY).await;
    new.remove_job("a").await.unwrap();
    let old = with_two_stores(stores, 1, "default", EVERY).await;
    stand_still(100).await;
    assert!(old.get_job("a").await.unwrap().is_none());
}

/// The process that moved it died between the two stores.
#[tokio::test(start_paused = true)]
async fn a_job_that_was_left_in_two_stores_ends_in_one() {
    let (deploy, elsewhere, other) = (Deploy::new(), Deploy::new(), MemoryStore::new());
    for (deploy, store) in [(&deploy, "default"), (&elsewhere, "other")] {
        let program = with_two_stores((deploy, &other), 0, store, EVERY).await;
        program.shutdown().await.unwrap();
    }
    let program = with_two_stores((&deploy, &other), 0, "other", EVERY).await;
    let jobs = program.get_jobs().await.unwrap();
    let stores: Vec<_> = jobs.iter().map(|job| job.store()).collect();
    assert_eq!(stores, ["other"]);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_is_under_way_when_its_job_moves_leaves_nothing_behind() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let date = "trigger = 'date(run_at=\"2026-03-01T12:00:40Z\")'\n";
    let first = with_two_stores((&deploy, &other), 0, "default", date).await;
    deploy.clock.advance(seconds(15));
    stand_still(1).await;
    let second = with_two_stores((&deploy, &other), 0, "other", date).await;
    deploy.go.notify_waiters();
    stand_still(2).await;
    let ends = outcomes(&second).await;
    let ends: Vec<_> = ends.iter().map(|(_, end)| *end).collect();
    assert_eq!(ends, [Some(Outcome::Succeeded)]);
    let jobs = second.get_jobs().await.unwrap();
    assert!(jobs.is_empty(), "{jobs:?}");
    drop(first);
}

/// One has taken the job out of the old store, and the new one is slow to take it.
#[tokio::test(start_paused = true)]
async fn of_two_nodes_that_move_a_job_at_the_same_time_neither_loses_what_is_overdue() {
    let (deploy, other) = (Deploy::new(), MemoryStore::new());
    let before = with_two_stores((&deploy, &other), 0, "default", EVERY).await;
    before.shutdown().await.unwrap();
    deploy.clock.advance(seconds(35));
    let (way, faults) = way_to(&other);
    faults.set([StoreCall::Add], Fault::Held);
    let slow = Arc::new(way);
    let one = with_two_stores((&deploy, &slow), 0, "other", EVERY);
    let two = async {
        faults.until_begun(StoreCall::Add, 1).await;
        with_two_stores((&deploy, &other), 0, "other", EVERY).await
    };
    let mend = async {
        tokio::time::sleep(seconds(1)).await;
        faults.mend(StoreCall::ALL);
    };
    let (one, _two, ()) = tokio::join!(one, two, mend);
    stand_still(3).await;
    deploy.go.notify_waiters();
    stand_still(1).await;
    let ends = outcomes(&one).await;
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert_eq!(ends[0].1, Some(Outcome::Coalesced));
    assert_eq!(ends[1].1, Some(Outcome::Succeeded));
}
