//! How SQLite goes about statements that must not read more than they answer.

use sqlx::{Connection, SqliteConnection};

use super::feed::NEWS;
use super::recent::RECENT;
use crate::prefix::Prefix;

/// The steps of a plan that have to do with runs.
async fn steps_over_runs(statement: &str) -> Vec<String> {
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
    let is_over_runs = |step: &String| {
        step.contains(&prefix.table("{p}runs")) || step.ends_with(" r") || step.contains(" r ")
    };
    steps.filter(is_over_runs).collect()
}

#[tokio::test]
async fn the_newest_runs_of_many_jobs_are_searched_for() {
    let steps = steps_over_runs(RECENT).await;
    assert_eq!(steps.len(), 4, "{steps:#?}");
    assert!(
        steps.iter().all(|step| step.starts_with("SEARCH ")),
        "{steps:#?}"
    );
}

#[tokio::test]
async fn news_are_searched_for() {
    let steps = steps_over_runs(NEWS).await;
    assert_eq!(steps.len(), 2, "{steps:#?}");
    assert!(
        steps.iter().all(|step| step.starts_with("SEARCH ")),
        "{steps:#?}"
    );
}
