//! Values of the application in jobs, and parameters of one's own: `cargo run --example state`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use punctual::handler::{BoxError, CheckContext};
use punctual::{Date, FromContext, JobContext, Scheduler, State, job};

/// Shared by all jobs: state is cloned for each run, so it is cheap to clone.
#[derive(Clone, Default)]
struct Pool(Arc<AtomicU32>);

/// A parameter that has to be made, and may wait for it.
struct Connection(u32);

impl FromContext for Connection {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        let pool: Pool = context.state().ok_or("no pool")?;
        Ok(Self(pool.0.fetch_add(1, Ordering::Relaxed) + 1))
    }

    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        context.require_state::<Pool>()
    }
}

/// Parameters that belong together.
#[derive(FromContext)]
struct Deps {
    connection: Connection,
    #[from_context(via(State))]
    greeting: &'static str,
}

#[job(name = "greet")]
async fn greet(deps: Deps, context: JobContext) {
    let Deps {
        connection,
        greeting,
    } = deps;
    println!(
        "{}: {greeting} on connection {}",
        context.job_id(),
        connection.0
    );
}

#[job(name = "count")]
fn count(State(pool): State<Pool>) {
    println!("count: {} connections", pool.0.load(Ordering::Relaxed));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let missing = Scheduler::builder().build()?;
    let soon = || Date::at(missing.now() + TimeDelta::milliseconds(200));
    let refused = missing.add_job(count, soon()).await;
    println!(
        "without state: {}",
        refused
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    );

    let scheduler = Scheduler::builder()
        .state(Pool::default())
        .state("hello")
        .build()?;
    scheduler.start().await?;
    for id in ["first", "second"] {
        scheduler.add_job(greet, soon()).id(id).await?;
    }
    let last = Date::at(scheduler.now() + TimeDelta::milliseconds(600));
    scheduler.add_job(count, last).id("third").await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    scheduler.shutdown().await?;
    Ok(())
}
