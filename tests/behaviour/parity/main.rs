//! The test suites of APScheduler 3.11 and 4.0, case by case, by their upstream names.
//!
//! Each case is *same* (what upstream demands holds here too) or *different* on purpose, with the reason and a check
//! of what we do instead. The files in `upstream/` list what there is upstream, so that no case is forgotten.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod behaviour;
mod case;
mod handbook;
mod spoken;
mod stage;
mod times;
mod upstream;
mod v3;
mod v4;

use case::Suite;

macro_rules! suites {
    ($($test:ident: $version:literal $file:literal [$($group:path),+ $(,)?];)+) => {
        /// All suites.
        const FILES: &[Suite] = &[$(
            Suite { version: $version, file: $file, groups: &[$($group),+] },
        )+];

        $(
            #[test]
            fn $test() {
                Suite { version: $version, file: $file, groups: &[$($group),+] }.run();
            }
        )+
    };
}

suites! {
    v3_cron: "3.11" "triggers/test_cron.py" [v3::cron::CASES, v3::cron_daylight::CASES];
    v3_expressions: "3.11" "test_expressions.py" [v3::expressions::CASES];
    v3_interval: "3.11" "triggers/test_interval.py" [v3::interval::CASES];
    v3_date: "3.11" "triggers/test_date.py" [v3::date::CASES];
    v3_calendar_interval: "3.11" "triggers/test_calendarinterval.py" [v3::calendar_interval::CASES];
    v3_combining: "3.11" "triggers/test_combining.py" [v3::combining::CASES];
    v3_jobstores: "3.11" "test_jobstores.py" [
        v3::jobstores::CASES,
        v3::jobstores_callables::CASES,
        v3::jobstores_elsewhere::CASES,
    ];
    v3_schedulers: "3.11" "test_schedulers.py" [
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
    ];
    v3_executors: "3.11" "test_executors.py" [v3::executors::CASES];
    v3_job: "3.11" "test_job.py" [v3::job::CASES, v3::job_fields::CASES];
    v4_cron: "4.0" "triggers/test_cron.py" [v4::cron::CASES];
    v4_interval: "4.0" "triggers/test_interval.py" [v4::elapsed::INTERVAL];
    v4_date: "4.0" "triggers/test_date.py" [v4::elapsed::DATE];
    v4_calendar_interval: "4.0" "triggers/test_calendarinterval.py" [v4::calendar_interval::CASES];
    v4_combining: "4.0" "triggers/test_combining.py" [v4::combining::CASES];
    v4_datastores: "4.0" "test_datastores.py" [v4::datastores::CASES, v4::leases::CASES];
    v4_schedulers: "4.0" "test_schedulers.py" [
        v4::schedulers::CASES,
        v4::callables::ASYNC_FUNCTION,
        v4::callables::FUNCTION,
        v4::callables::ASSOCIATED,
        v4::callables::ASYNC_ASSOCIATED,
        v4::callables::METHOD,
        v4::callables::PARTIAL,
        v4::schedules::CASES,
        v4::synchronous::CASES,
    ];
    behaviour_states: "3.11" "behaviour: states" [behaviour::states::CASES];
    behaviour_main_loop: "3.11" "behaviour: one pass of the main loop" [behaviour::main_loop::CASES, behaviour::jobs::CASES];
    behaviour_sequences: "3.11" "behaviour: events in order" [behaviour::sequences::CASES];
    behaviour_traps: "3.11" "behaviour: traps of tutorials" [behaviour::traps::CASES];
    behaviour_failures: "3.11" "behaviour: failures" [behaviour::failures::CASES];
}
