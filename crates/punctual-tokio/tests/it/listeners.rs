//! The forms of listeners, and listeners that were given to the builder.

use std::sync::{Arc, OnceLock, Weak};

use punctual_core::Date;
use punctual_tokio::{Event, EventKind, EventMask, Scheduler};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use crate::support::{Log, every, pass};

/// Adds the ids of added jobs to the log.
fn note(log: &Log<String>, who: &str, event: &Event) {
    if let EventKind::JobAdded(job) = &event.kind {
        log.push(format!("{who} {}", job.id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_returns_nothing_a_result_or_a_future_of_one() {
    let scheduler = Scheduler::builder().build().unwrap();
    let added = EventMask::JOB_ADDED;
    let log = Log::default();
    let heard = log.clone();
    scheduler
        .add_listener(added, move |event| note(&heard, "sync", &event))
        .unwrap();
    let heard = log.clone();
    let fails = move |event: Arc<Event>| {
        note(&heard, "result", &event);
        Err::<(), _>(std::io::Error::other("no"))
    };
    scheduler.add_listener(added, fails).unwrap();
    let heard = log.clone();
    scheduler
        .add_listener(added, move |event| {
            let heard = heard.clone();
            async move { note(&heard, "block", &event) }
        })
        .unwrap();
    let heard = log.clone();
    scheduler
        .add_listener(added, move |event| {
            let heard = heard.clone();
            Box::pin(async move {
                note(&heard, "boxed", &event);
                Err::<(), _>("no")
            })
        })
        .unwrap();
    let (tx, mut rx) = mpsc::channel(9);
    scheduler
        .add_listener(added, move |event| {
            let tx = tx.clone();
            async move { tx.send(event).await }
        })
        .unwrap();
    static CLOSURE: OnceLock<Log<String>> = OnceLock::new();
    CLOSURE.get_or_init(|| log.clone());
    scheduler
        .add_listener(added, async |event| {
            tokio::task::yield_now().await;
            note(CLOSURE.wait(), "closure", &event);
        })
        .unwrap();
    for id in ["1", "2"] {
        let job = scheduler.add_job(|| async {}, Date::at(scheduler.now()));
        job.id(id).await.unwrap();
    }
    pass(1).await;
    for who in ["sync", "result", "block", "boxed", "closure"] {
        let all = log.all().into_iter().filter(|line| line.starts_with(who));
        // One that failed hears the next event too.
        assert_eq!(
            all.collect::<Vec<_>>(),
            [format!("{who} 1"), format!("{who} 2")]
        );
    }
    for id in ["1", "2"] {
        let event = rx.recv().await.unwrap();
        assert_eq!(event.kind.job().unwrap().id.as_str(), id);
    }
}

/// A listener that sends the names of events, in short.
fn telling(tx: mpsc::UnboundedSender<String>) -> impl FnMut(Arc<Event>) + Send + 'static {
    move |event| {
        let name = match &event.kind {
            EventKind::JobAdded(job) => format!("added {}", job.id),
            EventKind::SchedulerStarted => "started".to_owned(),
            EventKind::SchedulerShutdown => "shut down".to_owned(),
            _ => return,
        };
        tx.send(name).unwrap();
    }
}

#[test]
fn a_listener_of_the_builder_needs_no_runtime_and_goes_on_after_restarts() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    let builder = Scheduler::builder().stderr(false);
    let builder = builder.listener(EventMask::ALL, telling(tx));
    let scheduler = builder.build().unwrap();
    let add = async |id: &str| {
        let job = scheduler.add_job(|| async {}, every(1_000_000));
        job.id(id).await.unwrap();
    };
    let (mut expected, mut heard) = (Vec::new(), Vec::new());
    // Each life has a runtime of its own, which ends with it, and the last two share one.
    for number in 1..=3 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for again in 0..=u32::from(number == 3) {
                let names = [
                    format!("{number}{again} before"),
                    format!("{number}{again} within"),
                ];
                add(&names[0]).await;
                scheduler.start().await.unwrap();
                add(&names[1]).await;
                scheduler.shutdown().await.unwrap();
                let [before, within] = names;
                expected.extend([format!("added {before}"), "started".to_owned()]);
                expected.extend([format!("added {within}"), "shut down".to_owned()]);
            }
            if number > 1 {
                while heard.len() < expected.len() {
                    heard.push(rx.recv().await.unwrap());
                }
            }
        });
    }
    assert_eq!(heard, expected);
}

#[tokio::test(start_paused = true)]
async fn a_listener_of_the_builder_that_holds_a_handle_keeps_nothing_after_a_shutdown() {
    for restarts_elsewhere in [false, true] {
        let slot = Arc::new(OnceLock::new());
        let held = Arc::new(());
        let (inside, watched): (_, Weak<()>) = (Arc::clone(&slot), Arc::downgrade(&held));
        let listener = move |_| {
            let _ = (inside.get(), &held);
        };
        let builder = Scheduler::builder().listener(EventMask::ALL, listener);
        let scheduler = builder.build().unwrap();
        slot.set(scheduler.clone()).ok().unwrap();
        drop(slot);
        if restarts_elsewhere {
            let run = scheduler.clone();
            // The listener goes back to its place with this runtime.
            let elsewhere = std::thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    run.start().await.unwrap();
                    run.shutdown().await.unwrap();
                });
            });
            elsewhere.join().unwrap();
        } else {
            scheduler.start().await.unwrap();
            scheduler.shutdown().await.unwrap();
        }
        drop(scheduler);
        pass(1).await;
        assert!(watched.upgrade().is_none(), "{restarts_elsewhere}");
    }
}
