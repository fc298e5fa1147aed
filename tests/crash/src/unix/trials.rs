//! The stories as tests.

use std::fmt::Display;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::unix::power::NOT_KEPT;
use crate::unix::writer::Manner;
use crate::unix::{cancelled, full, kills, locked, power, shared, stopped, trace};

/// What a story of CI and each story of the long form kills.
const KILLS: usize = 20;
/// What the long form kills.
const ALL_KILLS: usize = 200;
const SEED: u64 = 1;

pub(crate) fn run() {
    let trials = vec![
        trial("killed::nodes_lose_nothing_and_run_nothing_twice", killed),
        trial(
            "killed::nodes_lose_nothing_in_two_hundred_kills",
            killed_often,
        )
        .with_ignored_flag(true),
        trial(
            "shared::several_processes_open_and_share_one_file",
            shared_file,
        ),
        trial(
            "cancelled::runs_end_whichever_process_cancels_them",
            cancelled_runs,
        ),
        trial(
            "stopped::a_process_that_was_stopped_finds_out",
            stopped_process,
        ),
        trial(
            "stopped::all_wait_for_one_that_was_stopped_with_the_lock",
            stopped_with_the_lock,
        ),
        trial("locked::a_locked_file_makes_no_node_dead", locked_file),
        Trial::ignorable_test("full::nodes_go_on_when_there_is_space_again", || {
            block_on(full_disk())
        }),
        Trial::test("trace::calls_of_two_threads_that_overlap_are_read", || {
            trace::overlapping_calls();
            Ok(())
        }),
        Trial::ignorable_test("power::what_was_answered_is_on_the_disk", || {
            block_on(power_fails(Manner::Ours))
        }),
        Trial::ignorable_test("power::without_syncs_promises_are_broken", || {
            block_on(power_fails(Manner::Seldom))
        }),
        Trial::ignorable_test("power::without_any_sync_the_file_is_spoiled", || {
            block_on(power_fails(Manner::Never))
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial<Fut>(name: &'static str, test: fn() -> Fut) -> Trial
where
    Fut: Future<Output = ()> + 'static,
{
    Trial::test(name, move || {
        block_on(async {
            test().await;
            Ok(())
        })
    })
}

fn block_on<T>(story: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(story)
}

fn of_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap())
}

/// Prints what is tried and what came of it, as the random tests do.
#[expect(clippy::print_stdout, reason = "CI shows the cases of random tests")]
fn told(story: &str, what: &impl Display) {
    println!("crash: {story}: {what}");
}

async fn killed() {
    let seed = of_environment("PUNCTUAL_SEED").unwrap_or(SEED);
    one_story(seed).await;
}

async fn killed_often() {
    let wanted =
        of_environment("PUNCTUAL_KILLS").map_or(ALL_KILLS, |kills| kills.try_into().unwrap());
    let mut seed = of_environment("PUNCTUAL_SEED").unwrap_or(SEED);
    let mut kills = 0;
    while kills < wanted {
        kills += one_story(seed).await;
        seed += 1;
    }
}

async fn one_story(seed: u64) -> usize {
    let story = format!("seed {seed}");
    told(&story, &"begins");
    let verdict = kills::of(seed, KILLS).await;
    told(&story, &verdict);
    verdict.kills
}

async fn shared_file() {
    told("shared", &shared::file().await);
}

async fn cancelled_runs() {
    told("cancelled", &cancelled::by_all_processes().await);
}

async fn stopped_process() {
    told("stopped", &stopped::for_15_seconds().await);
}

async fn stopped_with_the_lock() {
    told("stopped with the lock", &stopped::with_the_lock().await);
}

async fn locked_file() {
    told("locked", &locked::for_12_seconds().await);
}

async fn full_disk() -> Result<Completion, Failed> {
    match full::disk().await {
        Ok(verdict) => {
            told("full", &verdict);
            Ok(Completion::Completed)
        }
        Err(reason) => Ok(Completion::ignored_with(reason)),
    }
}

async fn power_fails(manner: Manner) -> Result<Completion, Failed> {
    let outage = match power::fails(manner).await {
        Ok(outage) => outage,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    told("power", &format!("{manner:?}: {outage}"));
    let broken = &outage.broken;
    match manner {
        Manner::Ours => assert!(broken.is_empty(), "{broken:#?}"),
        Manner::Seldom => {
            let is_lost = |wrong: &String| wrong.ends_with(NOT_KEPT);
            assert!(broken.iter().all(is_lost), "{broken:#?}");
        }
        Manner::Never => {}
    }
    if manner != Manner::Ours {
        assert!(!broken.is_empty(), "nothing was lost");
    }
    Ok(Completion::Completed)
}
