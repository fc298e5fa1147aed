//! What a job may be given as its trigger.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Cron, CustomTrigger, Date, Interval, MissReason, Outcome, Trigger};
use punctual_tokio::{ErrorKind, ManualClock, NewJob, Scheduler};
use serde::{Deserialize, Serialize};

use crate::support::{ledger, pass, started};

const NOON: &str = "2026-03-01T12:00:00Z";

async fn nothing() {}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn on_clock() -> (Scheduler, ManualClock) {
    let clock = ManualClock::at(at(NOON));
    let builder = Scheduler::builder().clock(clock.clone());
    (builder.timezone("Europe/Berlin").build().unwrap(), clock)
}

async fn trigger_of(scheduler: &Scheduler, id: &str) -> String {
    let job = scheduler.get_job(id).await.unwrap().unwrap();
    job.trigger().to_string()
}

#[tokio::test]
async fn text_is_a_trigger_in_the_zone_beside_it() {
    let (scheduler, _) = on_clock();
    scheduler
        .add_job(nothing, "30 2 * * *")
        .id("here")
        .await
        .unwrap();
    let there = scheduler.add_job(nothing, "30 2 * * *").id("there");
    there.timezone("Europe/Paris").await.unwrap();
    let many = NewJob::new(nothing, "@every 90s").id("many");
    let many = scheduler.add_jobs([many.timezone("Europe/Paris")]).await;
    many.unwrap().remove(0).unwrap();
    for (id, trigger) in [
        (
            "here",
            r#"crontab(expr="30 2 * * *", timezone="Europe/Berlin")"#,
        ),
        (
            "there",
            r#"crontab(expr="30 2 * * *", timezone="Europe/Paris")"#,
        ),
        (
            "many",
            r#"interval(minutes=1, seconds=30, timezone="Europe/Paris")"#,
        ),
    ] {
        assert_eq!(trigger_of(&scheduler, id).await, trigger);
    }
    let named = Cron::new().hour(9).timezone("Europe/Madrid");
    let twice = scheduler.add_job(nothing, named).timezone("Europe/Paris");
    assert_eq!(
        twice.await.unwrap_err().to_string(),
        "timezone: `Europe/Paris` stands beside a trigger that names `Europe/Madrid` itself; leave \
         one of them out"
    );
    let unknown = scheduler.add_job(nothing, "@daily").timezone("Europe/Pari");
    assert_eq!(unknown.await.unwrap_err().kind(), ErrorKind::UnknownZone);
}

#[tokio::test]
async fn a_new_trigger_keeps_the_zone_of_the_present_one() {
    let (scheduler, _) = on_clock();
    let job = scheduler.add_job(nothing, "30 2 * * *").id("a");
    let job = job.timezone("Europe/Paris").await.unwrap();
    let paris = |expr: &str| format!(r#"crontab(expr="{expr}", timezone="Europe/Paris")"#);
    job.reschedule("30 4 * * *").await.unwrap();
    assert_eq!(trigger_of(&scheduler, "a").await, paris("30 4 * * *"));
    job.modify().trigger("30 5 * * *").await.unwrap();
    assert_eq!(trigger_of(&scheduler, "a").await, paris("30 5 * * *"));
    let hour = Cron::new().hour(9);
    let both = Trigger::or((hour.clone(), "0 8 * * *"));
    job.reschedule(both).await.unwrap();
    job.reschedule("30 6 * * *").await.unwrap();
    assert_eq!(trigger_of(&scheduler, "a").await, paris("30 6 * * *"));
    job.reschedule(hour.timezone("Asia/Tokyo")).await.unwrap();
    assert!(trigger_of(&scheduler, "a").await.contains("Asia/Tokyo"));
}

#[tokio::test]
async fn the_zone_of_a_new_trigger_can_stand_beside_it() {
    let (scheduler, _) = on_clock();
    let job = scheduler.add_job(nothing, "30 2 * * *").id("a");
    let job = job.timezone("Europe/Paris").await.unwrap();
    let tokyo = |expr: &str| format!(r#"crontab(expr="{expr}", timezone="Asia/Tokyo")"#);
    let moved = job.reschedule("30 4 * * *").timezone("Asia/Tokyo");
    moved.await.unwrap();
    assert_eq!(trigger_of(&scheduler, "a").await, tokyo("30 4 * * *"));
    // The order of the settings does not count.
    let moved = job.modify().timezone("Asia/Tokyo").trigger("30 5 * * *");
    moved.await.unwrap();
    assert_eq!(trigger_of(&scheduler, "a").await, tokyo("30 5 * * *"));
    let alone = job.modify().name("b").timezone("Asia/Tokyo");
    let error = alone.await.unwrap_err().to_string();
    assert!(
        error.starts_with("timezone: stands beside no trigger"),
        "{error}"
    );
    let named = Cron::new().hour(9).timezone("Europe/Madrid");
    let twice = job.reschedule(named).timezone("Europe/Paris");
    assert!(twice.await.unwrap_err().to_string().contains("leave one"));
}

#[tokio::test]
async fn a_job_is_not_rescheduled_to_the_past_if_it_says_so() {
    let (scheduler, _) = on_clock();
    let job = scheduler
        .add_job(nothing, "30 2 * * *")
        .id("a")
        .await
        .unwrap();
    let before = trigger_of(&scheduler, "a").await;
    let past = "2026-03-01T11:00Z";
    let refused = job.reschedule(Date::at(past)).refuse_past();
    assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::Expired);
    assert_eq!(trigger_of(&scheduler, "a").await, before);
    let ahead = job.reschedule(Date::at("2026-03-01T13:00Z")).refuse_past();
    ahead.await.unwrap();
    job.reschedule(Date::at(past)).await.unwrap();
    let state = *job.get().await.unwrap().unwrap().state();
    assert_eq!(state.absence, MissReason::Past);
}

#[tokio::test]
async fn a_wrong_text_is_told_when_the_job_is_added() {
    let scheduler = Scheduler::builder().build().unwrap();
    let error = scheduler.add_job(nothing, "0 27 * * *").await.unwrap_err();
    assert_eq!(error.field(), Some("hour"));
    let error = scheduler.add_job(nothing, Date::at("tomorrow")).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("run_at: `tomorrow` is not a valid date or time"),
        "{error}"
    );
    let error = scheduler.add_job(nothing, Interval::every("90")).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "every: `90` has no unit; write `90s` for seconds"
    );
}

#[tokio::test]
async fn a_date_counts_from_the_clock_of_the_scheduler() {
    let (scheduler, clock) = on_clock();
    let after = Date::after("15m");
    scheduler
        .add_job(nothing, after.clone())
        .id("after")
        .await
        .unwrap();
    let now = scheduler.add_job(nothing, Date::now()).id("now");
    now.refuse_past().await.unwrap();
    let either = Trigger::or((after.clone(), "@daily"));
    scheduler
        .add_job(nothing, either)
        .id("either")
        .await
        .unwrap();
    let next = async |id: &str| {
        scheduler
            .get_job(id)
            .await
            .unwrap()
            .unwrap()
            .next_run_time()
    };
    let quarter = at(NOON) + TimeDelta::minutes(15);
    assert_eq!(next("after").await, Some(quarter));
    assert_eq!(next("now").await, Some(at(NOON)));
    assert_eq!(next("either").await, Some(quarter));
    clock.advance(std::time::Duration::from_secs(3_600));
    scheduler.reschedule_job("now", after).await.unwrap();
    assert_eq!(next("now").await, Some(quarter + TimeDelta::hours(1)));
}

#[tokio::test]
async fn task_and_trigger_in_the_wrong_order_are_told_apart() {
    let builder = Scheduler::builder().task("mail.send", nothing);
    let scheduler = builder.build().unwrap();
    scheduler.add_job("mail.send", "* * * * *").await.unwrap();
    let error = scheduler.add_job("* * * * *", "mail.send").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    assert_eq!(
        error.to_string(),
        "task: `* * * * *` is not registered; it reads as a trigger: are task and trigger swapped?"
    );
    let error = scheduler.add_job("mail.sent", "* * * * *").await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("did you mean `mail.send`?"), "{error}");
}

#[tokio::test]
async fn a_modified_job_gets_another_trigger_with_its_other_settings() {
    let (scheduler, _) = on_clock();
    scheduler.add_job(nothing, "@daily").id("a").await.unwrap();
    let modified = scheduler
        .modify_job("a")
        .trigger("30 * * * *")
        .name("Hourly");
    modified.await.unwrap();
    let job = scheduler.get_job("a").await.unwrap().unwrap();
    assert_eq!(job.next_run_time(), Some(at("2026-03-01T12:30:00Z")));
    assert_eq!(job.name(), "Hourly");
    let wrong = scheduler.modify_job("a").trigger("@hourl").await;
    assert_eq!(wrong.unwrap_err().field(), Some("expr"));
}

/// Every given number of seconds of the clock.
#[derive(Debug, Serialize, Deserialize)]
struct Beat {
    seconds: i64,
}

impl CustomTrigger for Beat {
    const NAME: &'static str = "beat";

    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let beat = t.timestamp().div_euclid(self.seconds) + 1;
        DateTime::from_timestamp(beat * self.seconds, 0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_of_the_application_is_a_trigger() {
    let scheduler = Scheduler::builder().trigger::<Beat>().build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_job(nothing, Beat { seconds: 1 })
        .id("beat")
        .await
        .unwrap();
    let both = Trigger::and((Beat { seconds: 2 }, "* * * * * *"));
    scheduler.add_job(nothing, both).id("both").await.unwrap();
    pass(4).await;
    let beats = ledger(&scheduler, "beat").await;
    assert!((4..=5).contains(&beats.len()), "{beats:?}");
    assert!(beats.iter().all(|beat| *beat == (Outcome::Succeeded, 1)));
    assert!(!ledger(&scheduler, "both").await.is_empty());
    let unknown = started().await.add_job(nothing, Beat { seconds: 1 }).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::UnknownTrigger);
}

#[test]
fn two_triggers_of_one_name_are_refused() {
    let never = |_: &serde_json::Value| Ok(|_| None);
    let builder = Scheduler::builder().trigger_with("tides", never);
    let refused = builder.trigger_with("tides", never).build().unwrap_err();
    assert!(refused.is_conflict(), "{refused}");
}
