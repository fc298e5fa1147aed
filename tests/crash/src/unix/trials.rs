//! The stories as tests.

use std::fmt::Display;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::unix::judge::Verdict;
use crate::unix::place::Place;
use crate::unix::power::NOT_KEPT;
use crate::unix::proxy::Weather;
use crate::unix::server::{Make, Server};
use crate::unix::writer::Manner;
use crate::unix::{cancelled, full, kills, locked, network, power, shared, stopped, trace};

/// The number of processes that a story of CI and each story of the long form kills.
const KILLS: usize = 20;
/// The number of processes that the long form kills.
const ALL_KILLS: usize = 200;
const SEED: u64 = 1;

pub(crate) fn run() {
    let mut trials = vec![
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
    trials.extend(on_servers());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Returns the stories on servers. All belong to the long form.
fn on_servers() -> Vec<Trial> {
    let trials = [Make::Postgres, Make::Mariadb].map(|make| {
        let of = |name: &str| format!("{}::{name}", word(make));
        let network = |name: &str, weather| network_trial(make, of(name), weather);
        vec![
            server_trial(
                make,
                of("killed_with_its_nodes_it_loses_nothing"),
                |place| async {
                    Box::pin(one_story(place, seed())).await;
                },
            ),
            Trial::ignorable_test(of("killed_two_hundred_times_it_loses_nothing"), move || {
                block_on(server_killed_often(make))
            }),
            server_trial(
                make,
                of("eight_nodes_share_it_for_half_an_hour"),
                |place| async {
                    Box::pin(eight_nodes(place)).await;
                },
            ),
            server_trial(
                make,
                of("several_processes_open_and_share_it"),
                |place| async {
                    told("server shared", &shared::database(place).await);
                },
            ),
            server_trial(
                make,
                of("runs_end_whichever_process_cancels_them"),
                |place| async {
                    told(
                        "server cancelled",
                        &cancelled::by_all_processes(place).await,
                    );
                },
            ),
            server_trial(
                make,
                of("a_process_that_was_stopped_finds_out"),
                |place| async {
                    told("server stopped", &stopped::for_15_seconds(place).await);
                },
            ),
            server_trial(
                make,
                of("all_wait_for_a_process_that_was_stopped_with_the_lock"),
                |place| async {
                    told(
                        "server stopped with the lock",
                        &stopped::with_the_lock(place).await,
                    );
                },
            ),
            server_trial(make, of("locked_it_makes_no_node_dead"), |place| async {
                told("server locked", &locked::for_12_seconds(place).await);
            }),
            server_trial(make, of("network_of_one_node_is_silent"), |place| async {
                told("network silent", &network::one_is_silent(place).await);
            }),
            network("network_of_all_nodes_is_silent", Weather::Silent),
            network("network_is_half_open_after_a_failover", Weather::HalfOpen),
            network("network_refuses_all_connections", Weather::Refused),
            network("network_is_slow", Weather::Slow(Duration::from_millis(150))),
            network("network_loses_answers", Weather::Cut(10)),
        ]
    });
    let long = |trial: Trial| trial.with_ignored_flag(true);
    trials.into_iter().flatten().map(long).collect()
}

fn word(make: Make) -> &'static str {
    match make {
        Make::Postgres => "postgres",
        Make::Mariadb => "mariadb",
    }
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

/// Returns a story on a server of its own. It is skipped on a machine without such a server, unless that
/// is required.
fn server_trial<Fut>(make: Make, name: String, story: fn(Place) -> Fut) -> Trial
where
    Fut: Future<Output = ()> + 'static,
{
    Trial::ignorable_test(name, move || {
        block_on(async {
            match on_server(make).await {
                Ok(place) => story(place).await,
                Err(reason) => return Ok(Completion::ignored_with(reason)),
            }
            Ok(Completion::Completed)
        })
    })
}

/// Returns a story in which the network of all nodes has a fault.
fn network_trial(make: Make, name: String, weather: Weather) -> Trial {
    Trial::ignorable_test(name.clone(), move || {
        block_on(async {
            match on_server(make).await {
                Ok(place) => told(&name, &network::all_have(place, weather).await),
                Err(reason) => return Ok(Completion::ignored_with(reason)),
            }
            Ok(Completion::Completed)
        })
    })
}

/// Returns a place whose database is on a server. The error says why this machine has no server.
async fn on_server(make: Make) -> Result<Place, String> {
    let server = Server::start(make).await;
    let is_required = std::env::var_os("SERVER_TESTS").is_some_and(|value| value == "required");
    assert!(
        server.is_ok() || !is_required,
        "this test must not be skipped here: {:?}",
        server.err()
    );
    Ok(Place::new().with_server(server?))
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

fn seed() -> u64 {
    of_environment("PUNCTUAL_SEED").unwrap_or(SEED)
}

/// Returns the number of kills of the long form.
fn wanted() -> usize {
    of_environment("PUNCTUAL_KILLS").map_or(ALL_KILLS, |kills| kills.try_into().unwrap())
}

async fn killed() {
    Box::pin(one_story(Place::new(), seed())).await;
}

async fn killed_often() {
    let mut kills = 0;
    for seed in seed().. {
        if kills >= wanted() {
            return;
        }
        kills += Box::pin(one_story(Place::new(), seed)).await.kills;
    }
}

/// Kills nodes and servers until enough of both were killed, or tells why it cannot.
async fn server_killed_often(make: Make) -> Result<Completion, Failed> {
    let (mut kills, mut of_servers) = (0, 0);
    for seed in seed().. {
        if kills >= wanted() && of_servers >= wanted() {
            break;
        }
        let place = match on_server(make).await {
            Ok(place) => place,
            Err(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let verdict = Box::pin(one_story(place, seed)).await;
        kills += verdict.kills;
        of_servers += verdict.server_kills;
    }
    Ok(Completion::Completed)
}

/// Lets eight nodes run for the minutes of `PUNCTUAL_MINUTES`.
async fn eight_nodes(place: Place) {
    let minutes = of_environment("PUNCTUAL_MINUTES").unwrap_or(30);
    let span = Duration::from_secs(60 * minutes);
    let verdict = Box::pin(kills::of_eight(place, seed(), span)).await;
    told("eight nodes", &verdict);
}

async fn one_story(place: Place, seed: u64) -> Verdict {
    let story = match place.server {
        Some(_) => format!("server, seed {seed}"),
        None => format!("seed {seed}"),
    };
    told(&story, &"begins");
    let verdict = Box::pin(kills::of(place, seed, KILLS)).await;
    told(&story, &verdict);
    verdict
}

async fn shared_file() {
    told("shared", &shared::database(Place::new()).await);
}

async fn cancelled_runs() {
    told(
        "cancelled",
        &cancelled::by_all_processes(Place::new()).await,
    );
}

async fn stopped_process() {
    told("stopped", &stopped::for_15_seconds(Place::new()).await);
}

async fn stopped_with_the_lock() {
    told(
        "stopped with the lock",
        &stopped::with_the_lock(Place::new()).await,
    );
}

async fn locked_file() {
    told("locked", &locked::for_12_seconds(Place::new()).await);
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
