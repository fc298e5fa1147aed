//! The process executor, with real processes: this program is its own worker.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod jobs;
mod parent;
mod runs;

use libtest_mimic::{Arguments, Trial};
use punctual_tokio::process;

fn main() {
    process::Worker::new()
        .state(jobs::Greeting("hello"))
        .task("add", jobs::add)
        .task("greet", jobs::greet)
        .task("where", jobs::whereabouts)
        .task("rubbish", jobs::rubbish)
        .task("crash", jobs::crash)
        .task("hang", jobs::hang)
        .task("wait", jobs::wait)
        .init();
    if parent::is_meant() {
        parent::run();
        return;
    }
    let trials = vec![
        trial("results_and_arguments_cross_the_border", runs::results),
        trial("a_worker_is_another_process_and_is_used_again", runs::reuse),
        trial("a_crash_fails_its_run_only", runs::crash),
        trial(
            "a_worker_that_was_killed_while_idle_is_replaced",
            runs::killed,
        ),
        trial("what_a_job_prints_does_no_harm", runs::rubbish),
        trial("a_run_is_told_to_end", runs::cancelled),
        trial("signals_for_the_scheduler_end_no_worker", runs::signalled),
        trial("a_run_that_hangs_is_killed_at_shutdown", runs::hanging),
        trial("an_unknown_task_says_what_to_do", runs::unknown),
        trial("an_anonymous_function_is_refused", runs::anonymous),
        trial(
            "a_task_that_needs_the_scheduler_is_refused",
            runs::without_a_scheduler,
        ),
        trial("workers_end_with_their_parent", parent::workers_end_with_it),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial<Fut>(name: &'static str, test: fn() -> Fut) -> Trial
where
    Fut: Future<Output = ()> + 'static,
{
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.block_on(test());
        Ok(())
    })
}
