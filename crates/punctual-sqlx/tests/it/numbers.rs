//! Numbers in arguments come back as they were written.

use punctual_core::json;
use punctual_store::{JobFilter, JobStore};

use crate::fixture::{add, job};
use crate::folder::Folder;
use crate::opening::{connect, run};

type Numbers = (f64, f64, f64, f64, u64, i64, f32);

#[tokio::test]
async fn numbers_are_kept_to_the_bit() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let numbers: Numbers = (-0.0, 0.1 + 0.2, 5e-324, f64::MAX, u64::MAX, i64::MIN, 0.1);
    let text = json::to_text("args", &numbers).unwrap();
    let wanted = job("a").with_args_json(&text).unwrap();
    add(&store, wanted.clone()).await.unwrap();
    store.close().await;
    let store = folder.open("jobs.db").await;
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(listed[0].job.args_json(), text);
    let read: Numbers = serde_json::from_str(listed[0].job.args_json()).unwrap();
    assert_eq!(read, numbers);
    assert!(read.0.is_sign_negative());
    let tree: Numbers = serde_json::from_value(listed[0].job.args()).unwrap();
    assert_eq!(tree, numbers);
}

/// Values that other programs write into the table are read as strictly as those of added jobs.
#[tokio::test]
async fn a_row_with_a_number_that_reading_would_change_is_not_read() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET args_json = '[0, {\"x\": 18446744073709551616}]'",
    )
    .await;
    let unreadable = store.unreadable(10).await.unwrap();
    let reason = &unreadable[0].reason;
    assert!(
        reason.starts_with("args_json: args[1].x: `18446744073709551616`"),
        "{reason}"
    );
}
