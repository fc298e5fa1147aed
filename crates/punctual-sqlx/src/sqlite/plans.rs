//! Tests the query plans of statements that must not read more than they answer.

use sqlx::{Connection, SqliteConnection};

use super::batch_write::{COUNTED, MOVED};
use super::batch_write_runs::ENDED;
use super::feed::NEWS;
use super::ledger::NEWEST;
use super::list::BY_ID;
use super::recent::RECENT;
use crate::prefix::Prefix;

/// Returns the steps of a plan about a table, which the statement may call `r`.
async fn steps_over(table: &str, statement: &str) -> Vec<String> {
    let prefix = Prefix::default();
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(prefix.sql(include_str!("schema_1.sql")))
        .execute(&mut connection)
        .await
        .unwrap();
    let plan = prefix.sql(&format!("EXPLAIN QUERY PLAN {statement}"));
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let steps = rows.into_iter().map(|(.., step)| step);
    let is_over = |step: &String| {
        step.contains(&prefix.table(table)) || step.ends_with(" r") || step.contains(" r ")
    };
    steps.filter(is_over).collect()
}

#[tokio::test]
async fn the_newest_runs_of_many_jobs_are_searched_for() {
    let steps = steps_over("{p}runs", RECENT).await;
    assert_eq!(steps.len(), 4, "{steps:#?}");
    assert!(
        steps.iter().all(|step| step.starts_with("SEARCH ")),
        "{steps:#?}"
    );
}

#[tokio::test]
async fn a_list_of_jobs_with_their_last_runs_reads_no_run() {
    assert_eq!(steps_over("{p}runs", BY_ID).await, Vec::<String>::new());
    let steps = steps_over("{p}jobs", BY_ID).await;
    let [step] = &steps[..] else {
        panic!("{steps:#?}");
    };
    assert!(step.starts_with("SEARCH "), "{step}");
}

#[tokio::test]
async fn the_runs_of_a_job_are_searched_for_whatever_their_outcomes() {
    let statement = NEWEST.replace("{rows}", "job = ?1");
    let steps = steps_over("{p}runs", &statement).await;
    let [step] = &steps[..] else {
        panic!("{steps:#?}");
    };
    assert!(
        step.starts_with("SEARCH ") && step.contains("runs_job"),
        "{step}"
    );
}

#[tokio::test]
async fn news_are_searched_for() {
    let steps = steps_over("{p}runs", NEWS).await;
    assert_eq!(steps.len(), 2, "{steps:#?}");
    assert!(
        steps.iter().all(|step| step.starts_with("SEARCH ")),
        "{steps:#?}"
    );
}

#[tokio::test]
async fn rows_that_change_are_searched_for_by_their_numbers() {
    for (table, statement) in [
        ("{p}jobs", &COUNTED),
        ("{p}jobs", &MOVED),
        ("{p}runs", &ENDED),
    ] {
        for size in [1, 256] {
            let steps = steps_over(table, &statement.of(size)).await;
            let [step] = &steps[..] else {
                panic!("{steps:#?}");
            };
            let is_searched = step.starts_with("SEARCH ") && step.contains("INTEGER PRIMARY KEY");
            assert!(is_searched, "{step}");
        }
    }
}
