//! A job in a worker process: a crash there would fail its run and nothing else.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;

use punctual::executor::Executor;
use punctual::{Args, Output, Scheduler, job, process};

#[job(name = "sum")]
async fn sum(Args((a, b)): Args<(i64, i64)>) -> Output<(bool, i64)> {
    println!("a worker adds {a} and {b}");
    Output((std::env::args().len() > 1, a + b))
}

fn main() -> Result<(), Box<dyn Error>> {
    // Workers are this program again; in one of them this never returns.
    process::init();
    tokio::runtime::Runtime::new()?.block_on(schedule())
}

async fn schedule() -> Result<(), Box<dyn Error>> {
    let scheduler = Scheduler::builder()
        .discover()
        .executor("workers", Executor::process(1))
        .build()?;
    scheduler.start().await?;
    scheduler
        .add_job(sum, "@hourly")
        .id("sum")
        .args((40, 2))
        .executor("workers")
        .await?;
    scheduler.run_job("sum").await?;
    // It waits for the run.
    scheduler.shutdown().await?;
    for run in scheduler.runs().await? {
        let (state, result) = (run.outcome(), run.result);
        println!("{state:?}: in a worker, and the sum: {result:?}");
    }
    Ok(())
}
