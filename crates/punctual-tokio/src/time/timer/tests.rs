//! Every trap of `DelayQueue`, and that the timer does not fall into it.

use std::time::Duration;

use tokio::time::{Instant, advance, timeout};

use super::{Due, HORIZON, MILLISECOND, Timer};
use crate::time::clock::Clock;
use crate::time::manual_clock::ManualClock;

const DAY: Duration = Duration::from_secs(86_400);

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap()
}

/// Returns a timer with alarms that are numbers, and the time that its clock shows now.
fn timer() -> (Timer<u32>, i64) {
    let clock = Clock::system();
    let now = clock.micros();
    (Timer::new(clock), now)
}

/// Waits for the next alarms. Returns them, and the number of times that the timer woke for
/// nothing.
async fn next(timer: &mut Timer<u32>) -> (Vec<Due<u32>>, u32) {
    let mut due = Vec::new();
    let mut in_vain = 0;
    loop {
        timer.ready().await;
        timer.take_due(timer.clock.micros(), &mut due);
        if !due.is_empty() {
            return (due, in_vain);
        }
        in_vain += 1;
    }
}

fn alarms(due: &[Due<u32>]) -> Vec<u32> {
    due.iter().map(|due| due.alarm).collect()
}

/// Returns true if nothing becomes due for `span`.
async fn is_silent(timer: &mut Timer<u32>, span: Duration) -> bool {
    timeout(span, next(timer)).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_deadline_beyond_the_range_is_clamped_and_armed_again() {
    let (mut timer, now) = timer();
    let began = Instant::now();
    timer.at(now + micros(DAY * 3_653), 0, 7);
    let (due, in_vain) = next(&mut timer).await;
    assert_eq!(alarms(&due), [7]);
    assert_eq!(began.elapsed().as_secs() / DAY.as_secs(), 3_653);
    let turns = 3_653 / (HORIZON.as_secs() / DAY.as_secs());
    assert_eq!(u64::from(in_vain), turns, "once for each horizon");
}

#[tokio::test(start_paused = true)]
async fn the_latest_times_that_there_are_do_not_panic() {
    let (mut timer, now) = timer();
    timer.at(i64::MAX, 0, 1);
    timer.after(Duration::MAX, 0, 2);
    timer.at(i64::MIN, 0, 3);
    timer.at(now + micros(DAY), 0, 4);
    assert_eq!(alarms(&next(&mut timer).await.0), [3]);
    assert_eq!(alarms(&next(&mut timer).await.0), [4]);
    assert!(is_silent(&mut timer, DAY * 100).await);
}

#[tokio::test(start_paused = true)]
async fn the_range_is_not_counted_from_an_expiry_long_ago() {
    let (mut timer, now) = timer();
    timer.at(now, 0, 1);
    assert_eq!(alarms(&next(&mut timer).await.0), [1]);
    // Nothing expires for years, since the queue is polled but empty.
    assert!(is_silent(&mut timer, DAY * 1_000).await);
    let later = timer.clock.micros();
    timer.at(later + micros(DAY * 700), 0, 2);
    assert!(is_silent(&mut timer, DAY * 699).await);
    assert_eq!(alarms(&next(&mut timer).await.0), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_polled_for_years_catches_up() {
    let (mut timer, now) = timer();
    timer.at(now + micros(DAY), 0, 1);
    advance(DAY * 1_000).await;
    timer.at(now + micros(DAY * 1_001), 0, 2);
    assert_eq!(alarms(&next(&mut timer).await.0), [1]);
    assert_eq!(alarms(&next(&mut timer).await.0), [2]);
}

#[tokio::test(start_paused = true)]
async fn equal_times_come_in_the_order_of_registration() {
    // The queue turns entries round at one of these distances and not at the other.
    for distance in [20, 200] {
        let (mut timer, now) = timer();
        let at = now + distance * MILLISECOND;
        for order in [3_u32, 0, 4, 1, 2] {
            timer.at(at, u64::from(order), order);
        }
        assert_eq!(alarms(&next(&mut timer).await.0), [0, 1, 2, 3, 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn overdue_alarms_come_by_fire_time_then_registration() {
    let (mut timer, now) = timer();
    let second = 1_000 * MILLISECOND;
    for (at, order, alarm) in [
        (now - second, 9, 3),
        (now - 3 * second, 5, 1),
        (now - second, 2, 2),
        (now - 3 * second, 1, 0),
        (now, 0, 4),
    ] {
        timer.at(at, order, alarm);
    }
    advance(Duration::from_secs(1)).await;
    assert_eq!(alarms(&next(&mut timer).await.0), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn within_a_millisecond_microseconds_decide_and_none_is_early() {
    let (mut timer, now) = timer();
    let base = (now / MILLISECOND + 10) * MILLISECOND;
    timer.at(base + 900, 0, 2);
    timer.at(base + 1, 9, 1);
    let (due, _) = next(&mut timer).await;
    assert_eq!(alarms(&due), [1, 2]);
    let shown = timer.clock.micros();
    assert!(due.iter().all(|due| due.at <= shown));
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_has_expired_says_nothing_about_those_after_it() {
    let (mut timer, now) = timer();
    timer.at(now + 10 * MILLISECOND, 0, 1);
    assert_eq!(alarms(&next(&mut timer).await.0), [1]);
    // This alarm takes the place that the first one has left in the queue.
    timer.at(now + 1_000 * MILLISECOND, 0, 2);
    // An earlier alarm makes the entry of the later one stale, and neither is lost or comes twice.
    timer.at(now + 500 * MILLISECOND, 0, 3);
    timer.at(now + 500 * MILLISECOND, 1, 4);
    assert_eq!(alarms(&next(&mut timer).await.0), [3, 4]);
    assert_eq!(alarms(&next(&mut timer).await.0), [2]);
    assert!(is_silent(&mut timer, DAY).await);
}

#[tokio::test(start_paused = true)]
async fn an_empty_timer_waits_for_ever() {
    let (mut timer, now) = timer();
    assert!(timeout(DAY * 400, timer.ready()).await.is_err());
    timer.at(now, 0, 1);
    assert_eq!(alarms(&next(&mut timer).await.0), [1]);
    assert!(timeout(DAY * 400, timer.ready()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_loses_nothing() {
    let (mut timer, now) = timer();
    timer.at(now + micros(DAY), 0, 1);
    for _ in 0..3 {
        assert!(is_silent(&mut timer, DAY / 4).await);
    }
    assert_eq!(alarms(&next(&mut timer).await.0), [1]);
}

#[tokio::test(start_paused = true)]
async fn spans_last_as_long_when_the_wall_clock_is_set() {
    let hand = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let clock = Clock::new(hand.clone());
    let now = clock.micros();
    let mut timer = Timer::new(clock.clone());
    let hour = Duration::from_secs(3_600);
    timer.at(now + micros(hour), 0, 1);
    timer.after(hour, 0, 2);
    hand.set(hand.now() + chrono::TimeDelta::hours(2));
    timer.clock_was_set(clock.set_right().unwrap());
    let mut due = Vec::new();
    timer.take_due(timer.clock.micros(), &mut due);
    assert_eq!(
        alarms(&due),
        [1],
        "wall time has come, the span has not passed"
    );
    hand.advance(hour);
    due.clear();
    timer.take_due(timer.clock.micros(), &mut due);
    assert_eq!(alarms(&due), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_alarm_is_gone_and_the_others_come() {
    let (mut timer, _) = timer();
    let hour = Duration::from_secs(3_600);
    let keys: Vec<_> = (0..10_000)
        .map(|alarm| timer.after(DAY, 0, alarm))
        .collect();
    let soon = timer.after(hour, 0, 1);
    timer.after(hour, 0, 2);
    timer.cancel(soon);
    for key in keys {
        timer.cancel(key);
    }
    assert_eq!(timer.len(), 1);
    assert_eq!(alarms(&next(&mut timer).await.0), [2]);
    assert!(is_silent(&mut timer, DAY * 2).await);
    // A key of an alarm that was due removes no other alarm.
    timer.cancel(soon);
    assert_eq!(timer.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_span_is_cancelled_after_the_wall_clock_was_set_too() {
    let hand = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let clock = Clock::new(hand.clone());
    let mut timer = Timer::new(clock.clone());
    let hour = Duration::from_secs(3_600);
    let before = timer.after(hour, 0, 1);
    hand.set(hand.now() - chrono::TimeDelta::hours(5));
    timer.clock_was_set(clock.set_right().unwrap());
    timer.after(hour, 0, 2);
    timer.cancel(before);
    hand.advance(hour);
    let mut due = Vec::new();
    timer.take_due(timer.clock.micros(), &mut due);
    assert_eq!((alarms(&due), timer.len()), (vec![2], 0));
}
