//! `GeventScheduler` and `TwistedScheduler`, whose jobs run in the thread of the hub or reactor: jobs on the thread of a
//! `LocalSet`, sharing what cannot leave it. `cargo run --example local_set`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use punctual::event::EventKind;
use punctual::executor::Executor;
use punctual::{Interval, JobContext, Scheduler};
use tokio::task::{LocalSet, yield_now};

/// What lives on one thread: a canvas, an engine for scripts, a connection that is not `Send`.
type Page = Rc<RefCell<Vec<String>>>;

thread_local! {
    static PAGE: Page = Rc::default();
}

/// Holds an `Rc` across an await: this future can be run nowhere else.
async fn draw(context: JobContext) {
    let page = PAGE.with(Rc::clone);
    yield_now().await;
    page.borrow_mut().push(context.job_id().to_string());
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let set = LocalSet::new();
    let scheduler = Scheduler::builder()
        .local_task("draw", draw)
        .executor("page", Executor::local_set(&set))
        .build()?;
    set.run_until(show(scheduler)).await
}

async fn show(scheduler: Scheduler) -> Result<(), Box<dyn Error>> {
    let mut events = scheduler.events();
    scheduler.start().await?;
    for (id, millis) in [("circle", 400), ("square", 200)] {
        let once = Interval::every(Duration::from_millis(millis));
        scheduler
            .add_job("draw", once)
            .id(id)
            .executor("page")
            .await?;
    }
    let page = PAGE.with(Rc::clone);
    while page.borrow().len() < 4 {
        if let Some(Ok(event)) = events.next().await
            && matches!(event.kind, EventKind::JobExecuted(_))
        {
            println!("on the page: {:?}", page.borrow());
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
