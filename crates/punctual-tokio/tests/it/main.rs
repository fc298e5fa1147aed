//! The scheduler, watched from outside: paused clocks, never a real sleep.
//!
//! Thirteen ways in which other schedulers fail, and the tests that this one does not:
//!
//! | | what goes wrong elsewhere | tests |
//! |---|---|---|
//! | 1 | ten thousand jobs due in one instant | `bursts::ten_thousand_jobs_due_in_one_instant_run_in_the_order_of_registration` |
//! | 2 | the loop is held up for ten periods | `clocks::a_loop_held_up_for_ten_periods_goes_on`, `policies::what_a_busy_scheduler_decides_too_late_is_missed_for_its_lateness` |
//! | 3 | a job slower than its period | `policies::a_slow_job_skips_what_finds_it_busy_and_goes_on`, `a_job_of_two_instances_runs_two_at_a_time`, `a_job_of_unlimited_instances_skips_nothing` |
//! | 4 | panics, early and late, async and plain | `faults::a_panic_is_an_outcome_with_its_message_and_the_next_run_happens` |
//! | 5 | a restart on the same store | `restarts::a_restart_finds_code_by_name_and_arguments_intact_and_decides_what_was_missed` |
//! | 6 | changes of the clocks | `dst` of the workspace's tests |
//! | 7 | old time zone data | `dst::zones` of the workspace's tests |
//! | 8 | a clock that jumps | `clocks::a_clock_set_forward_is_a_backlog_and_one_set_back_repeats_nothing`, `random`, and `clock_step` with the real clock |
//! | 9 | verbs from inside jobs, on every runtime; 20,000 adds at once | all of `runtimes`, `verbs::a_job_can_add_change_and_remove_jobs_itself_included`, `bursts::twenty_thousand_concurrent_adds_succeed_and_the_next_one_does` |
//! | 10 | shutdown: bounded, twice, with many idle jobs | `lifecycle::a_shutdown_waits_then_cancels_then_aborts`, `a_scheduler_can_be_started_again_and_a_second_shutdown_is_harmless`, `a_shutdown_with_nothing_running_is_immediate`, and `signals` |
//! | 11 | a fire time ten years ahead, a process of years | `clocks::a_fire_time_ten_years_ahead_is_kept_and_met`, `a_process_lives_for_years_idle_and_is_still_on_time` |
//! | 12 | two nodes on one store | `nodes::two_nodes_run_every_fire_time_once_and_share_the_limit`; a node that was killed needs leases, and these are not there yet |
//! | 13 | idle wake-ups and polling | `driver::tests::idle_hours_wake_nobody_up`, `a_daily_job_costs_a_few_wake_ups_a_day_however_many_others_wait` |
//!
//! Bad input and faults: `faults`, `blockers`, `lifecycle`, `verbs`, `bursts`, `clocks`.
//! Everything at once, for weeks: `random`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod again;
mod attempts;
mod blockers;
mod bursts;
#[cfg(target_os = "linux")]
mod clients;
mod clock_step;
mod clocks;
mod closures;
mod configured;
mod desk;
mod drops;
mod early;
mod events;
mod executors;
mod faults;
mod handlers;
mod handles;
mod heads;
mod heard;
mod held;
mod in_place;
mod kinds;
mod last_runs;
mod leases;
mod lifecycle;
mod listeners;
mod lives;
mod many_jobs;
mod merged;
mod nodes;
mod numbers;
mod own_args;
mod owned;
mod pages;
mod parameters;
mod parked;
mod paused_time;
mod pauses;
mod policies;
mod promotions;
mod random;
mod real_io;
mod releases;
mod restarts;
mod run_handles;
mod runtimes;
mod server_clock;
mod set_back;
mod shares;
mod shutdowns;
mod silent;
mod skew;
mod stores;
mod support;
mod taken_back;
mod takeovers;
mod transfer;
mod triggers;
mod unheard;
mod verbs;
mod waits;
mod ways;
mod windows;
