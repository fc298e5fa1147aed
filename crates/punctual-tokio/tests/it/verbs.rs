//! Every verb of the handle.

use std::sync::Arc;

use chrono::TimeDelta;
use punctual_core::{
    CancelReason, Cron, Date, MissReason, Outcome, Policies, PoliciesBuilder, Retry,
};
use punctual_tokio::{Args, ErrorKind, JobContext, JobStatus, NewJob, Output, Scheduler};
use tokio::sync::{Notify, oneshot};

use crate::support::{Counter, every, given_up, ledger, pass, runs, seconds, started};

async fn nothing() {}

#[tokio::test(start_paused = true)]
async fn a_one_shot_runs_once_and_leaves() {
    let scheduler = started().await;
    let soon = scheduler.now() + TimeDelta::seconds(2);
    scheduler
        .add_job(|| async { Output(7) }, Date::at(soon))
        .id("once")
        .await
        .unwrap();
    assert!(scheduler.get_job("once").await.unwrap().is_some());
    pass(5).await;
    assert!(scheduler.get_job("once").await.unwrap().is_none());
    let runs = runs(&scheduler, "once").await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].result, Some(7.into()));
    assert_eq!(
        runs[0].fire_time().timestamp_micros(),
        soon.timestamp_micros()
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_taken_is_refused_by_name_and_can_be_replaced() {
    let scheduler = started().await;
    scheduler.add_job(nothing, every(10)).id("a").await.unwrap();
    pass(3).await;
    let error = scheduler
        .add_job(nothing, every(10))
        .id("a")
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    assert!(
        error.to_string().contains("`a`") && error.to_string().contains("replace_existing"),
        "{error}"
    );

    let before = scheduler
        .get_job("a")
        .await
        .unwrap()
        .unwrap()
        .next_run_time();
    scheduler
        .add_job(nothing, every(10))
        .id("a")
        .name("b")
        .replace_existing()
        .await
        .unwrap();
    let after = scheduler.get_job("a").await.unwrap().unwrap();
    assert_eq!(after.next_run_time(), before, "the trigger is the same");
    assert_eq!(after.name(), "b");
}

#[tokio::test(start_paused = true)]
async fn replacing_a_job_keeps_its_counters_and_its_pause() {
    let scheduler = started().await;
    scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    pass(3).await;
    scheduler.pause_job("a").await.unwrap();
    scheduler
        .add_job(nothing, every(2))
        .id("a")
        .replace_existing()
        .await
        .unwrap();
    pass(5).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 3);
    assert_eq!(
        scheduler.get_job("a").await.unwrap().unwrap().status(),
        JobStatus::Paused
    );
}

#[tokio::test(start_paused = true)]
async fn a_paused_job_rests_and_its_fire_times_are_recorded() {
    let scheduler = started().await;
    let job = scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    pass(2).await;
    job.pause().await.unwrap();
    pass(3).await;
    job.resume().await.unwrap();
    pass(1).await;
    let entries = ledger(&scheduler, "a").await;
    assert_eq!(entries[..2], [(Outcome::Succeeded, 1); 2]);
    assert!(
        matches!(entries[2], (Outcome::Missed(MissReason::Paused), 3 | 4)),
        "{entries:?}"
    );
    assert_eq!(entries[3].0, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_paused_job_can_catch_up() {
    let scheduler = started().await;
    let job = scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    job.pause().await.unwrap();
    pass(4).await;
    job.resume().catch_up().await.unwrap();
    tokio::task::yield_now().await;
    pass(0).await;
    let entries = ledger(&scheduler, "a").await;
    assert_eq!(entries[0], (Outcome::Coalesced, 3), "{entries:?}");
    assert_eq!(entries[1], (Outcome::Succeeded, 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_added_paused_runs_only_after_resume() {
    let scheduler = started().await;
    let job = scheduler
        .add_job(nothing, every(1))
        .id("a")
        .paused()
        .await
        .unwrap();
    pass(3).await;
    assert!(runs(&scheduler, "a").await.is_empty());
    job.resume().await.unwrap();
    pass(2).await;
    assert!(scheduler.statistics("a").await.unwrap().succeeded >= 1);
}

#[tokio::test(start_paused = true)]
async fn rescheduling_a_job_begins_its_schedule_anew() {
    let scheduler = started().await;
    let job = scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    pass(2).await;
    job.reschedule(every(100)).await.unwrap();
    pass(99).await;
    assert_eq!(job.statistics().await.unwrap().succeeded, 2);
    pass(2).await;
    assert_eq!(job.statistics().await.unwrap().succeeded, 3);
}

#[tokio::test(start_paused = true)]
async fn modifying_a_job_checks_its_arguments_and_keeps_its_schedule() {
    async fn greet(Args((name,)): Args<(String,)>) -> Output<String> {
        Output(name)
    }
    let scheduler = started().await;
    scheduler
        .add_job(greet, every(1))
        .id("a")
        .args(("Ada",))
        .await
        .unwrap();
    let error = scheduler.modify_job("a").args((1,)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    pass(1).await;
    scheduler
        .modify_job("a")
        .args(("Bob",))
        .name("Greeting")
        .await
        .unwrap();
    pass(0).await;
    pass(0).await;
    let runs = runs(&scheduler, "a").await;
    assert_eq!(runs[0].result, Some("Bob".into()));
    assert_eq!((runs[0].fire_time() - runs[1].fire_time()).num_seconds(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_changed_without_the_others() {
    let defaults = Policies::new().timeout(seconds(60)).build().unwrap();
    let scheduler = Scheduler::builder().job_defaults(defaults).build().unwrap();
    let job = scheduler.add_job(nothing, every(1)).id("a");
    let job = job.retry(Retry::attempts(3)).await.unwrap();
    let policies = || async { *job.get().await.unwrap().unwrap().policies() };
    let mut expected = PoliciesBuilder::from(policies().await);
    job.modify().max_instances(2).await.unwrap();
    expected = expected.max_instances(2);
    assert_eq!(policies().await, expected.clone().build().unwrap());
    let both = scheduler.modify_job("a").timeout(seconds(5)).name("A");
    both.misfire_grace_time(seconds(9)).await.unwrap();
    expected = expected.timeout(seconds(5)).misfire_grace_time(seconds(9));
    assert_eq!(policies().await, expected.build().unwrap());
    let all = scheduler.modify_job("a").policies(Policies::default());
    all.jitter(seconds(1)).await.unwrap();
    let expected = Policies::new().jitter(seconds(1)).build().unwrap();
    assert_eq!(policies().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_no_instances_is_refused_with_its_field_and_fix() {
    let scheduler = started().await;
    scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    let refusals = [
        scheduler
            .add_job(nothing, every(1))
            .max_instances(0)
            .await
            .map(drop),
        scheduler.modify_job("a").max_instances(0).await,
    ];
    for refused in refusals {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.field(), Some("max_instances"));
        assert_eq!(
            error.to_string(),
            "max_instances: `0` lets nothing run; write 1 or more, or pause the job"
        );
    }
    let job = scheduler.modify_job("a");
    job.max_instances(punctual_core::Unlimited).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn zeros_that_let_nothing_run_are_refused_with_what_to_write() {
    let scheduler = started().await;
    scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    let zero = std::time::Duration::ZERO;
    let refusals = [
        scheduler
            .add_job(nothing, every(1))
            .timeout(zero)
            .await
            .map(drop),
        scheduler.modify_job("a").misfire_grace_time(zero).await,
    ];
    let said = refusals.map(|refused| refused.unwrap_err().to_string());
    assert_eq!(
        said,
        [
            "timeout: `0` ends every run as it begins; leave it out for no limit",
            "misfire_grace_time: `0` misses every fire time; give it a second, or leave it out for no limit",
        ]
    );
    assert_eq!(scheduler.get_jobs().await.unwrap().len(), 1);
    let defaults = Policies::new().retry(Retry::attempts(0));
    let error = Scheduler::builder()
        .job_defaults(defaults)
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "job_defaults: retry.attempts: `0` allows no attempt; write 1 for no retry"
    );
    let defaults = Policies::new().timeout("5x");
    let error = Scheduler::builder()
        .job_defaults(defaults)
        .build()
        .unwrap_err();
    assert_eq!(error.field(), Some("timeout"));
    let wrong = scheduler
        .add_job(nothing, every(1))
        .jitter("5")
        .timeout("0s");
    assert_eq!(
        wrong.await.unwrap_err().to_string(),
        "jitter: `5` has no unit; write `5s` for seconds"
    );
    for forgotten in [
        Scheduler::builder().keep_runs_for("0s").build(),
        Scheduler::builder().keep_newest(0).build(),
        Scheduler::builder().keep_runs_for("1 month").build(),
    ] {
        assert!(forgotten.unwrap_err().is_invalid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_does_not_shift_the_schedule() {
    let scheduler = started().await;
    let job = scheduler
        .add_job(nothing, every(100))
        .id("a")
        .await
        .unwrap();
    let next = job.get().await.unwrap().unwrap().next_run_time();
    let run = job.run().await.unwrap();
    pass(1).await;
    assert_eq!(job.get().await.unwrap().unwrap().next_run_time(), next);
    assert_eq!(runs(&scheduler, "a").await[0].id, run.id());
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_of_a_busy_job_is_refused_and_recorded() {
    let scheduler = started().await;
    let job = scheduler
        .add_job(std::future::pending::<()>, every(100))
        .id("a")
        .await
        .unwrap();
    job.run().await.unwrap();
    let error = job.run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!(job.statistics().await.unwrap().skipped, 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_cancelled() {
    let scheduler = started().await;
    let job = scheduler
        .add_job(given_up, every(100))
        .id("a")
        .await
        .unwrap();
    let run = job.run().await.unwrap();
    assert_eq!(scheduler.running().await.unwrap()[0].run, run.id());
    scheduler.cancel_run(&run).await.unwrap();
    pass(0).await;
    assert_eq!(
        ledger(&scheduler, "a").await,
        [(Outcome::Cancelled(CancelReason::User), 1)]
    );
    assert!(
        scheduler
            .cancel_run(run.id())
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test(start_paused = true)]
async fn removing_a_job_lets_its_runs_end_and_keeps_the_ledger() {
    let scheduler = started().await;
    let go = Arc::new(Notify::new());
    let waiting = Arc::clone(&go);
    let job = scheduler
        .add_job(
            move || {
                let waiting = Arc::clone(&waiting);
                async move { waiting.notified().await }
            },
            every(1),
        )
        .id("a")
        .await
        .unwrap();
    pass(1).await;
    job.remove().await.unwrap();
    assert!(job.remove().await.unwrap_err().is_not_found());
    go.notify_one();
    pass(5).await;
    assert_eq!(ledger(&scheduler, "a").await, [(Outcome::Succeeded, 1)]);
}

#[tokio::test(start_paused = true)]
async fn jobs_are_listed_filtered_and_all_removed() {
    let scheduler = started().await;
    scheduler
        .add_job(nothing, every(30))
        .id("b")
        .tag("mail")
        .await
        .unwrap();
    scheduler
        .add_job(nothing, every(20))
        .id("a")
        .name("Report")
        .await
        .unwrap();
    let ids = |jobs: Vec<punctual_tokio::JobSnapshot>| -> Vec<String> {
        jobs.iter().map(|job| job.id().to_string()).collect()
    };
    assert_eq!(ids(scheduler.get_jobs().await.unwrap()), ["a", "b"]);
    let mail = scheduler.get_jobs().tag("mail");
    assert_eq!(ids(mail.await.unwrap()), ["b"]);
    let report = scheduler.get_jobs().search("REPORT");
    assert_eq!(ids(report.await.unwrap()), ["a"]);
    let upcoming = scheduler.upcoming(4).await.unwrap();
    let order: Vec<_> = upcoming.iter().map(|next| next.job.as_str()).collect();
    assert_eq!(order, ["a", "b", "a", "a"]);
    let table = scheduler.job_table().await.unwrap().to_string();
    assert!(
        table.starts_with("Jobstore default:\n    Report (trigger: "),
        "{table}"
    );
    assert_eq!(scheduler.remove_all_jobs().await.unwrap(), 2);
    assert!(scheduler.get_jobs().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn jobs_of_named_tasks_move_to_another_scheduler() {
    let build = || Scheduler::builder().task("t", nothing).build().unwrap();
    let (from, to) = (build(), build());
    from.add_job("t", every(1)).id("a").name("A").await.unwrap();
    from.add_job(|| async {}, every(1))
        .id("anonymous")
        .await
        .unwrap();
    let json = from.export_jobs().await.unwrap();
    let answers = to.import_jobs(&json).await.unwrap();
    assert_eq!(answers.len(), 1);
    to.start().await.unwrap();
    pass(2).await;
    assert_eq!(to.statistics("a").await.unwrap().succeeded, 2);
    assert_eq!(
        to.import_jobs("{}").await.unwrap_err().kind(),
        ErrorKind::Invalid
    );
}

#[tokio::test(start_paused = true)]
async fn every_job_of_a_batch_has_its_own_answer() {
    let scheduler = started().await;
    let jobs = vec![
        NewJob::new(nothing, every(1)).id("a"),
        NewJob::new(nothing, every(1)).id("a"),
        NewJob::new(nothing, every(0)).id("c"),
        NewJob::new("unknown", every(1)).id("d"),
        NewJob::new(nothing, every(1)).id("e"),
    ];
    let answers = scheduler.add_jobs(jobs).await.unwrap();
    let kinds: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().err().map(|error| error.kind()))
        .collect();
    assert_eq!(
        kinds,
        [
            None,
            Some(ErrorKind::Conflict),
            Some(ErrorKind::Invalid),
            Some(ErrorKind::UnknownTask),
            None
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_can_add_change_and_remove_jobs_itself_included() {
    let scheduler = started().await;
    let (done, finished) = oneshot::channel();
    let done = Arc::new(std::sync::Mutex::new(Some(done)));
    let counter = Counter::default();
    let seen = counter.clone();
    scheduler
        .add_job(
            move |context: JobContext| {
                let (done, seen) = (Arc::clone(&done), seen.clone());
                async move {
                    seen.enter();
                    let scheduler = context.scheduler()?;
                    scheduler.add_job(nothing, every(1)).id("child").await?;
                    scheduler.pause_job("child").await?;
                    scheduler.resume_job("child").await?;
                    scheduler.run_job("child").await?;
                    scheduler.remove_job(context.job_id()).await?;
                    if let Some(done) = done.lock().unwrap().take() {
                        let _ = done.send(());
                    }
                    Ok::<(), punctual_tokio::BoxError>(())
                }
            },
            every(1),
        )
        .id("parent")
        .await
        .unwrap();
    finished.await.unwrap();
    pass(3).await;
    assert_eq!(counter.all(), 1);
    assert_eq!(
        ledger(&scheduler, "parent").await,
        [(Outcome::Succeeded, 1)]
    );
    assert!(scheduler.statistics("child").await.unwrap().succeeded >= 3);
}

#[tokio::test]
async fn what_cannot_be_seen_of_a_wrong_name_is_written_out() {
    let scheduler = Scheduler::builder().build().unwrap();
    let error = scheduler
        .add_job("mail\nERROR forged\u{1b}[2J", every(1))
        .await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("`mail\\nERROR forged\\u{1b}[2J`"), "{text}");
    let error = scheduler.remove_store("two\nlines").await.unwrap_err();
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[tokio::test(start_paused = true)]
async fn texts_that_are_blank_and_changes_that_change_nothing_are_refused() {
    let scheduler = started().await;
    let add = || scheduler.add_job(nothing, every(1));
    add().id("a").await.unwrap();
    let blank = |field: &str, text: &str| {
        format!("{field}: `{text}` is blank; write a word, or leave it out")
    };
    let said = |refused: Result<(), punctual_tokio::Error>| refused.unwrap_err().to_string();
    assert_eq!(said(add().tag("").await.map(drop)), blank("tags", ""));
    assert_eq!(
        said(add().tags(["a", " "]).await.map(drop)),
        blank("tags", " ")
    );
    assert_eq!(said(add().name("").await.map(drop)), blank("name", ""));
    let modify = || scheduler.modify_job("a");
    assert_eq!(said(modify().tag("").await), blank("tags", ""));
    assert_eq!(said(modify().tags([""]).await), blank("tags", ""));
    assert_eq!(
        said(modify().await),
        "modify_job: names nothing to change; chain a setting, such as `.name(..)` or `.trigger(..)`"
    );
    assert_eq!(said(modify().name("").await), blank("name", ""));
    assert_eq!(scheduler.get_jobs().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_or_taken_names_its_field() {
    let scheduler = started().await;
    let add = || scheduler.add_job(nothing, every(1)).id("a");
    add().await.unwrap();
    for (refused, field) in [
        (add().store("sqll").await, "store"),
        (add().executor("slow").await, "executor"),
        (add().await, "id"),
    ] {
        let error = refused.map(drop).unwrap_err();
        assert_eq!(error.field(), Some(field), "{error}");
    }
}

/// A verb on the memory store never waits. The other tokio task has its turn nevertheless.
#[tokio::test]
async fn a_loop_of_verbs_lets_other_tokio_tasks_have_their_turn() {
    let scheduler = Scheduler::builder().build().unwrap();
    let turns = Counter::default();
    let other = turns.clone();
    tokio::spawn(async move { other.enter() });
    for _ in 0..1_000 {
        assert!(scheduler.get_job("a").await.unwrap().is_none());
    }
    assert_eq!(turns.all(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_extra_fire_time_is_local_time_of_the_job_or_the_scheduler() {
    let scheduler = Scheduler::builder().timezone("Europe/Paris");
    let scheduler = scheduler.build().unwrap();
    let noon = "2999-01-01T12:00:00";
    let next = async |job: punctual_tokio::AddJob| {
        let job = job.next_run_time(noon).await.unwrap();
        job.next_run_time().await.unwrap().unwrap().to_rfc3339()
    };
    let paris = next(scheduler.add_job(nothing, every(1)).id("a")).await;
    assert_eq!(paris, "2999-01-01T11:00:00+00:00");
    let beside = scheduler.add_job(nothing, "@daily").timezone("Asia/Tokyo");
    assert_eq!(next(beside).await, "2999-01-01T03:00:00+00:00");
    let inside = scheduler.add_job(nothing, Cron::new().timezone("Asia/Tokyo"));
    assert_eq!(next(inside.id("b")).await, "2999-01-01T03:00:00+00:00");
    for (id, expected) in [("a", 11), ("b", 3)] {
        let job = scheduler.job(id).unwrap();
        let modified = job.modify().next_run_time("2999-01-02T12:00:00");
        modified.await.unwrap();
        let next = job.next_run_time().await.unwrap().unwrap();
        assert_eq!(chrono::Timelike::hour(&next), expected);
    }
    let error = scheduler
        .job("a")
        .unwrap()
        .modify()
        .next_run_time("noon")
        .await;
    let message = error.unwrap_err().to_string();
    assert!(
        message.starts_with("next_run_time: `noon` is not a valid date or time"),
        "{message}"
    );
}
