//! ```python
//! jobstores = {"default": MemoryJobStore(), "reports": MemoryJobStore()}
//! executors = {"default": ThreadPoolExecutor(20), "narrow": ThreadPoolExecutor(1)}
//! job_defaults = {"coalesce": False, "max_instances": 3}
//! scheduler = BackgroundScheduler(jobstores=jobstores, executors=executors, job_defaults=job_defaults)
//! ```

use punctual::Interval;
use punctual::executor::Executor;
use punctual::policy::{Coalesce, Policies};
use punctual::store::MemoryStore;

use crate::stage::{Outcome, begin, seconds, summary};

/// A plain function blocks its thread, and gets one for it.
fn crunch() {}

pub(crate) async fn show() -> Outcome {
    let defaults = Policies::new()
        .coalesce(Coalesce::all(100))
        .max_instances(3);
    let (scheduler, clock) = begin("stores and executors by alias, job defaults", |builder| {
        builder
            .store("default", MemoryStore::new())
            .store("reports", MemoryStore::new())
            .executor("default", Executor::blocking(20))
            .executor("narrow", Executor::blocking(1))
            .job_defaults(defaults)
    })?;
    scheduler.start().await?;
    scheduler
        .add_job(crunch, Interval::every(seconds(60)))
        .id("crunch")
        .store("reports")
        .executor("narrow")
        .max_instances(1)
        .await?;

    clock.advance(seconds(180)).await;
    if let Some(job) = scheduler.get_job("crunch").await? {
        let policies = job.policies();
        println!(
            "in `{}`, on `{}`, {:?} instance, {:?}",
            job.store(),
            job.executor(),
            policies.max_instances().unwrap_or_default(),
            policies.coalesce()
        );
    }
    println!("{}", summary(&scheduler, "crunch").await?);
    Ok(())
}
