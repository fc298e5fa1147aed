//! A job that takes longer than its interval: `max_instances=1`, then `max_instances=2`

use punctual::Interval;

use crate::stage::{Outcome, begin, seconds, summary};

async fn slow() {
    tokio::time::sleep(seconds(25)).await;
}

pub(crate) async fn show() -> Outcome {
    for instances in [1, 2] {
        let title = format!("25 seconds every 10, max_instances={instances}");
        let (scheduler, clock) = begin(&title, |builder| builder)?;
        scheduler.start().await?;
        scheduler
            .add_job(slow, Interval::every(seconds(10)))
            .id("slow")
            .max_instances(instances)
            .await?;
        clock.advance(seconds(125)).await;
        println!("{}", summary(&scheduler, "slow").await?);
        println!("under way: {}", scheduler.running().await?.len());
        scheduler.shutdown().await?;
    }
    Ok(())
}
