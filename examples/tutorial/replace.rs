//! `scheduler.add_job(report, "interval", hours=1, id="report", replace_existing=True)`, at every start

use punctual::Interval;
use punctual::store::MemoryStore;

use crate::stage::{Outcome, begin, seconds};

async fn report() {}

pub(crate) async fn show() -> Outcome {
    // It stands for a database that outlives the process.
    let store = MemoryStore::new();
    let hourly = || Interval::every(seconds(3_600));
    for round in 1..=2 {
        let kept = store.clone();
        let (scheduler, clock) = begin(&format!("replace_existing, start {round}"), |builder| {
            builder.store("default", kept).task("report", report)
        })?;
        clock.advance(seconds(600 * (round - 1))).await;
        let job = scheduler
            .add_job("report", hourly())
            .id("report")
            .replace_existing()
            .await?;
        // Ten minutes later it still fires when it would have without the restart.
        println!("next at {}", job.upcoming(1).await?[0].format("%H:%M"));
        if round == 2 {
            let again = scheduler.add_job("report", hourly()).id("report").await;
            if let Err(error) = again {
                println!("without it: {error}");
            }
        }
    }
    Ok(())
}
