//! The test suites of APScheduler 3.11 and 4.0, case by case, by their upstream names.
//!
//! Each case is *same* (what upstream demands holds here too) or *different* on purpose, with the reason and a check
//! of what we do instead. The files in `upstream/` list what there is upstream, so that no case is forgotten.
//!
//! ```sh
//! cargo test -p punctual-behaviour-tests --test parity -- test_add_job
//! cargo test -p punctual-behaviour-tests --test parity -- 4.0/test_datastores.py
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod case;
mod doc_table;
mod documented;
mod event_names;
mod fixture;
mod times;
mod upstream;
mod v3;
mod v4;

use case::{Suite, suite};
use libtest_mimic::{Arguments, Trial};

/// Each case is a test of its own, by its upstream name; they start in this order.
const SUITES: &[Suite] = &[
    suite(
        "3.11",
        "triggers/test_cron.py",
        &[v3::cron::CASES, v3::cron_daylight::CASES],
    ),
    suite("3.11", "test_expressions.py", &[v3::expressions::CASES]),
    suite("3.11", "triggers/test_interval.py", &[v3::interval::CASES]),
    suite("3.11", "triggers/test_date.py", &[v3::date::CASES]),
    suite(
        "3.11",
        "triggers/test_calendarinterval.py",
        &[v3::calendar_interval::CASES],
    ),
    suite(
        "3.11",
        "triggers/test_combining.py",
        &[v3::combining::CASES],
    ),
    suite(
        "3.11",
        "test_jobstores.py",
        &[
            v3::jobstores::CASES,
            v3::jobstores_callables::CASES,
            v3::jobstores_elsewhere::CASES,
        ],
    ),
    suite(
        "3.11",
        "test_schedulers.py",
        &[
            v3::schedulers::setup::CASES,
            v3::schedulers::lifecycle::CASES,
            v3::schedulers::parts::CASES,
            v3::schedulers::jobs::CASES,
            v3::schedulers::lists::CASES,
            v3::schedulers::process::CASES,
            v3::schedulers::flavours::BLOCKING,
            v3::schedulers::flavours::BACKGROUND,
            v3::schedulers::flavours::ASYNCIO,
            v3::schedulers::flavours::GEVENT,
            v3::schedulers::flavours::TORNADO,
            v3::schedulers::flavours::TWISTED,
            v3::schedulers::flavours::QT,
        ],
    ),
    suite("3.11", "test_executors.py", &[v3::executors::CASES]),
    suite(
        "3.11",
        "test_job.py",
        &[v3::job::CASES, v3::job_fields::CASES],
    ),
    suite("4.0", "triggers/test_cron.py", &[v4::cron::CASES]),
    suite("4.0", "triggers/test_interval.py", &[v4::elapsed::INTERVAL]),
    suite("4.0", "triggers/test_date.py", &[v4::elapsed::DATE]),
    suite(
        "4.0",
        "triggers/test_calendarinterval.py",
        &[v4::calendar_interval::CASES],
    ),
    suite("4.0", "triggers/test_combining.py", &[v4::combining::CASES]),
    suite(
        "4.0",
        "test_datastores.py",
        &[v4::datastores::CASES, v4::leases::CASES],
    ),
    suite(
        "4.0",
        "test_schedulers.py",
        &[
            v4::schedulers::CASES,
            v4::callables::ASYNC_FUNCTION,
            v4::callables::FUNCTION,
            v4::callables::ASSOCIATED,
            v4::callables::ASYNC_ASSOCIATED,
            v4::callables::METHOD,
            v4::callables::PARTIAL,
            v4::schedules::CASES,
            v4::synchronous::CASES,
        ],
    ),
    suite("3.11", "documented: states", &[documented::states::CASES]),
    suite(
        "3.11",
        "documented: one pass of the main loop",
        &[documented::main_loop::CASES, documented::jobs::CASES],
    ),
    suite(
        "3.11",
        "documented: events in order",
        &[documented::sequences::CASES],
    ),
    suite(
        "3.11",
        "documented: traps of tutorials",
        &[documented::traps::CASES],
    ),
    suite(
        "3.11",
        "documented: failures",
        &[documented::failures::CASES],
    ),
];

#[expect(clippy::print_stdout, reason = "CI shows the counts")]
fn main() {
    let mut trials = vec![
        check(
            "every_upstream_test_has_a_case_and_every_case_an_upstream_test",
            upstream::cases_and_upstream_tests_are_the_same,
        ),
        check(
            "names_of_cases_are_unique_and_reasons_are_given",
            upstream::names_are_unique_and_reasons_are_given,
        ),
        check(
            "no_case_got_lost_since_they_were_counted",
            upstream::no_case_got_lost,
        ),
        check(
            "from_apscheduler_has_a_row_for_everything_of_the_api",
            doc_table::everything_of_the_api_has_a_row,
        ),
        check(
            "from_apscheduler_names_a_way_out_in_every_row",
            doc_table::every_row_has_a_way_out,
        ),
        check(
            "from_apscheduler_says_how_many_cases_there_are",
            doc_table::the_page_says_how_many_cases_there_are,
        ),
    ];
    trials.extend(SUITES.iter().flat_map(Suite::trials));
    let arguments = Arguments::from_args();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!("parity: {}", upstream::counts());
    }
    conclusion.exit();
}

/// A test of the suites themselves.
fn check(name: &str, check: fn()) -> Trial {
    Trial::test(name, move || {
        check();
        Ok(())
    })
}
