//! Errors as `main` prints them. `errors.txt` holds the texts; a change of one is part of the review.
//! `PUNCTUAL_WRITE=1` writes the file anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use punctual::chrono::{TimeZone, Utc};
use punctual::config::Config;
use punctual::error::ErrorKind;
use punctual::policy::Retry;
use punctual::scheduler::JobId;
use punctual::store::{MemoryStore, SqliteStore, StoreError};
use punctual::testing::{Fault, FaultyStore, StoreCall};
use punctual::time::ManualClock;
use punctual::{Args, Date, Error, Interval, Scheduler, State, Trigger};

/// Kinds that need more than a few lines, and the files below `crates` whose tests make them.
const ELSEWHERE: [(&str, &str); 3] = [
    ("AnswerLost", "punctual-tokio/tests/it/unheard.rs"),
    ("Denied", "punctual-sqlx/tests/it/rights.rs"),
    ("Internal", "punctual-tokio/tests/it/releases.rs"),
];

async fn tick() {}

async fn mail(_: State<u32>) {}

async fn list(_: Args<Vec<String>>) {}

fn scheduler() -> Scheduler {
    Scheduler::builder().build().unwrap()
}

/// Errors of the triggers of jobs.
async fn of_triggers() -> Vec<Error> {
    let scheduler = scheduler();
    let add = async |trigger: &str| scheduler.add_job(tick, trigger).await.unwrap_err();
    let tides = Trigger::custom("tides", serde_json::json!({}));
    let past = Date::at("2020-01-01T00:00:00Z");
    let now = Utc.with_ymd_and_hms(2026, 3, 1, 10, 0, 0).unwrap();
    let in_march = Scheduler::builder()
        .clock(ManualClock::at(now))
        .build()
        .unwrap();
    let tomorrow = Date::at("tomorrow");
    vec![
        add("75 * * * *").await,
        add("0 0 31 2 *").await,
        add("every day").await,
        scheduler.add_job(tick, tomorrow).await.unwrap_err(),
        in_march
            .add_job(tick, past)
            .refuse_past()
            .await
            .unwrap_err(),
        scheduler.add_job(tick, tides).await.unwrap_err(),
        scheduler
            .add_job(tick, Interval::every("0s"))
            .await
            .unwrap_err(),
    ]
}

/// Errors of the tasks of jobs.
async fn of_tasks() -> Vec<Error> {
    let scheduler = scheduler();
    let swapped = scheduler.add_job("* * * * *", "mail.send").await;
    vec![
        scheduler.add_job("mail.send", "@daily").await.unwrap_err(),
        swapped.unwrap_err(),
        scheduler.add_job(mail, "@daily").await.unwrap_err(),
    ]
}

/// Errors of the settings of jobs.
async fn of_settings() -> Vec<Error> {
    let scheduler = scheduler();
    let add = || scheduler.add_job(tick, "@daily");
    add().id("report").await.unwrap();
    let never = Retry::attempts(0);
    let long = scheduler
        .add_job(list, "@daily")
        .id("list")
        .args(vec!["x"; 400_000]);
    vec![
        add().id("report").await.unwrap_err(),
        add().id(" report").await.unwrap_err(),
        add().store("sqll").await.unwrap_err(),
        add().executor("slow").await.unwrap_err(),
        add().tag("").await.unwrap_err(),
        add().timezone("Europe/Pari").await.unwrap_err(),
        add().args("ada").await.unwrap_err(),
        long.await.unwrap_err(),
        add().args(f64::NAN).await.unwrap_err(),
        add().timeout("5x").await.unwrap_err(),
        add().max_instances(0).await.unwrap_err(),
        add().retry(never).await.unwrap_err(),
    ]
}

/// Errors of what a scheduler is asked for.
async fn of_verbs() -> Vec<Error> {
    let scheduler = scheduler();
    scheduler
        .add_job(std::future::pending::<()>, "@daily")
        .id("report")
        .await
        .unwrap();
    let idle = scheduler.run_job("report").await.unwrap_err();
    scheduler.start().await.unwrap();
    scheduler.run_job("report").await.unwrap();
    vec![
        idle,
        scheduler.pause_job("reprot").await.unwrap_err(),
        scheduler.run_job("report").await.unwrap_err(),
        scheduler.start().await.unwrap_err(),
    ]
}

/// Errors that a store answers with.
async fn of_stores() -> Vec<Error> {
    fn report() -> JobId {
        JobId::new("report").unwrap()
    }
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    let add = || scheduler.add_job(tick, "@daily");
    add().id("report").await.unwrap();
    let full = || StoreError::full("the store holds 10 jobs already; remove some");
    faults.next(StoreCall::Add, Fault::Error(full));
    let full = add().await.unwrap_err();
    faults.set(
        StoreCall::Update,
        Fault::Error(|| StoreError::stale(&report())),
    );
    let changed = scheduler.pause_job("report").await.unwrap_err();
    let unreadable = || StoreError::unreadable(&report(), "args: is not JSON");
    faults.set(StoreCall::Get, Fault::Error(unreadable));
    vec![
        full,
        changed,
        scheduler.get_job("report").await.unwrap_err(),
    ]
}

/// Errors of what surrounds a scheduler.
async fn of_surroundings(folder: &Path) -> Vec<Error> {
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    faults.set(StoreCall::ALL, Fault::Failed);
    let unavailable = Scheduler::builder()
        .store("default", store)
        .build()
        .unwrap();
    std::fs::write(folder.join("notes.db"), "not a database".repeat(100)).unwrap();
    let open = |name: &str| SqliteStore::open(format!("sqlite:{}", folder.join(name).display()));
    vec![
        Scheduler::builder()
            .timezone("Europe/Pari")
            .build()
            .unwrap_err(),
        unavailable.get_job("report").await.unwrap_err(),
        open("notes.db").await.unwrap_err(),
        open("absent/jobs.db").await.unwrap_err(),
        Config::from_toml("timezon = \"UTC\"").unwrap_err(),
        Config::from_file(folder.join("absent.toml")).unwrap_err(),
    ]
}

/// The error of a runtime that lacks what a scheduler needs.
fn of_runtime() -> Error {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async { scheduler().start().await.unwrap_err() })
}

fn all(folder: &Path) -> Vec<Error> {
    let mut errors = vec![of_runtime()];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        errors.extend(of_triggers().await);
        errors.extend(of_tasks().await);
        errors.extend(of_settings().await);
        errors.extend(of_verbs().await);
        errors.extend(of_stores().await);
        errors.extend(of_surroundings(folder).await);
    });
    errors
}

#[test]
fn main_prints_what_is_wrong_and_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let errors = all(folder.path());
    let mut printed = String::new();
    for error in &errors {
        let field = error.field().unwrap_or("-");
        writeln!(printed, "[{:?}, {field}]\nError: {error:?}\n", error.kind()).unwrap();
    }
    let printed = printed.replace(folder.path().to_str().unwrap(), "<folder>");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors.txt");
    if std::env::var_os("PUNCTUAL_WRITE").is_some() {
        std::fs::write(&file, &printed).unwrap();
    }
    assert_eq!(printed, std::fs::read_to_string(file).unwrap());
    every_kind_is_made(&errors);
}

fn every_kind_is_made(errors: &[Error]) {
    let kinds = include_str!("../../punctual-core/src/error.rs");
    let kinds = kinds.split_once("pub enum ErrorKind {").unwrap().1;
    let kinds = kinds.split_once("\n}").unwrap().0.lines();
    let kinds = kinds.filter(|line| line.ends_with(',') && !line.contains("///"));
    let kinds: BTreeSet<String> = kinds.map(|line| line.trim().replace(',', "")).collect();
    let made = errors.iter().map(|error| format!("{:?}", error.kind()));
    let elsewhere = ELSEWHERE.iter().map(|(kind, _)| (*kind).to_owned());
    let made: BTreeSet<String> = made.chain(elsewhere).collect();
    assert_eq!(made, kinds);
    assert_eq!(ErrorKind::Invalid.http_status(), 422);
}

#[test]
fn the_kinds_that_are_made_elsewhere_are_tested_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (kind, file) in ELSEWHERE {
        let text = std::fs::read_to_string(crates.join(file)).unwrap();
        assert!(
            text.contains(&format!("ErrorKind::{kind}")),
            "{kind} in {file}"
        );
    }
}
