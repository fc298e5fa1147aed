//! `scheduler.add_job(send, "date", run_date="2026-03-02 16:30:05", args=["text"])`

use punctual::time::When;
use punctual::{Args, Date, Output};

use crate::stage::{Outcome, begin, ledger};

async fn send(Args(text): Args<String>) -> Output<String> {
    Output(format!("sent: {text}"))
}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("date job from a text time", |builder| builder)?;
    scheduler.start().await?;
    // Local time of the scheduler; with an offset or a `Z` it would be an instant.
    let then: When = "2026-03-02 16:30:05".parse()?;
    scheduler
        .add_job(send, Date::at(then))
        .id("send")
        .args(("text",))
        .await?;

    clock.advance_to("2026-03-02T15:30:05Z").await;
    println!("{}", ledger(&scheduler, "send").await?.trim_end());
    println!(
        "it has left: {}",
        scheduler.get_job("send").await?.is_none()
    );
    Ok(())
}
