//! Rare texts, and numbers at their limits.

use std::sync::Arc;

use punctual_core::{Declared, Job};

use super::fixture::{add, at, current, due, expect, insert, job, text};
use crate::{DueRequest, ErrorKind, JobFilter, JobStore};

/// Numbers at the limits of JSON and its readers.
const NUMBERS: &str = "[-0.0,5e-324,0.30000000000000004,1.7976931348623157e308,18446744073709551615,\
                       -9223372036854775808]";

/// A store need not keep every text. It refuses a text rather than keep a different one.
pub(super) async fn kept_or_refused(store: &dyn JobStore) -> Result<(), String> {
    let numbers = job("numbers")?.with_args_json(NUMBERS).map_err(text)?;
    add(store, insert(numbers.clone(), due(at(10))))
        .await
        .map_err(text)?;
    let read = current(store, "numbers").await?;
    expect("its arguments", read.job.args_json(), NUMBERS)?;
    let long = "長\0".repeat(20_000);
    let rare = [
        "nul \0.",
        "\u{1}\u{1b}[31m\u{7f}\u{85}",
        "\u{feff}\u{fffe}\u{10ffff}",
        " ",
        &long,
    ];
    for (index, rare) in rare.into_iter().enumerate() {
        let wanted = of(job(&index.to_string())?, rare)?;
        kept(store, wanted, rare).await?;
    }
    Ok(())
}

/// Returns a job in which this text is used wherever a text may be.
fn of(job: Job, rare: &str) -> Result<Job, String> {
    let args = serde_json::json!({ rare: rare }).to_string();
    let job = job.with_args_json(&args).map_err(text)?;
    Ok(job
        .with_task(rare)
        .with_name(Some(rare))
        .with_tags([rare])
        .with_executor(Some(rare))
        .with_declared(Some(Declared::new(rare, "as it is"))))
}

async fn kept(store: &dyn JobStore, wanted: Job, rare: &str) -> Result<(), String> {
    let id = wanted.id().clone();
    let due_for = |task: &str| {
        let tasks: Arc<[Arc<str>]> = Arc::new([task.into()]);
        store.due(DueRequest::through(at(10), 10).tasks(Some(tasks)))
    };
    match add(store, insert(wanted.clone(), due(at(10)))).await {
        Ok(_) => {}
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Refused | ErrorKind::TooLarge | ErrorKind::Full
            ) =>
        {
            let left = store.get(id).await.map_err(text)?;
            return expect("what is left of a job that was refused", left, None);
        }
        Err(error) => return Err(text(error)),
    }
    let read = current(store, id.as_str()).await?;
    expect("a job with a rare text", &*read.job, &wanted)?;
    let found = due_for(rare).await.map_err(text)?.jobs.len();
    expect("jobs that are due for its task", found, 1)?;
    let some = || Some(rare.to_owned());
    for filter in [
        JobFilter {
            tag: some(),
            ..JobFilter::default()
        },
        JobFilter {
            task: some(),
            ..JobFilter::default()
        },
        JobFilter {
            declared_by: some(),
            ..JobFilter::default()
        },
    ] {
        let listed = store.list(filter).await.map_err(text)?.jobs;
        expect("jobs that a filter finds", listed.len(), 1)?;
    }
    Ok(())
}
