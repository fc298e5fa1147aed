//! Tests the query plans of statements that must not read more than they answer.

use std::io::Write as _;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _};

use super::changes::EDITED;
use super::due;
use super::feed::{LAST, NEWS};
use super::ledger::{NEWEST, OPEN};
use super::list::BY_ID;
use super::purge::{OLD, SURPLUS};
use super::recent::RECENT;
use super::waiting::{QUEUED, RETRYING};
use super::{PostgresStore, changes};

const DEFAULT: &str = "postgres://postgres@127.0.0.1:5432/test";

/// A row for each of many jobs and runs, so that a walk through a table costs more than a search.
const FILL: &str = "INSERT INTO {jobs} (birth, id, version, task, args_json, trigger_json, \
     incarnation, revision, token, paused, finished, search_limit, next_run_time, edit) \
     SELECT n, 'job ' || n, 1, 'task ' || n % 10, '[]', '{}', n, 1, 1, false, false, false, n, n \
     FROM generate_series(1, {count_of_jobs}) AS n; \
     INSERT INTO {runs} (id, opened, job, nth, birth, incarnation, origin, fire_time, token, state, \
     ends_instance, finished, change) SELECT n, n, 'job ' || n % 5000, n, n % 5000, n % 5000, 'scheduled', \
     n, 1, 'succeeded', true, n, n FROM generate_series(1, {count_of_runs}) AS n; ANALYZE {jobs}; ANALYZE {runs}";

/// Each statement with the index that has to serve it.
fn statements() -> Vec<(String, &'static str)> {
    let of_job = NEWEST.replace("{rows}", "job = $1");
    let text = str::to_owned;
    vec![
        (due::first(true), "jobs_due"),
        (due::first(false), "jobs_due"),
        (text(EDITED), "jobs_edit"),
        (text(changes::LAST), "jobs_edit"),
        (text(QUEUED), "jobs_waiting"),
        (text(RETRYING), "runs_due"),
        (text(NEWS), "runs_change"),
        (text(LAST), "runs_change"),
        (of_job, "runs_job"),
        (text(OPEN), "runs_open"),
        (text(RECENT), "runs_job"),
        (text(OLD), "runs_finished"),
        (text(SURPLUS), "runs_id"),
        (text(BY_ID), "jobs_id"),
    ]
}

/// Returns a connection to the server of the tests, if one answers.
async fn connection(url: &str) -> Option<PgConnection> {
    let error = match Box::pin(PgConnection::connect(url)).await {
        Ok(connection) => return Some(connection),
        Err(error) => error,
    };
    let is_required = std::env::var_os("SERVER_TESTS").is_some_and(|value| value == "required");
    assert!(!is_required, "there has to be a PostgreSQL server: {error}");
    let told = format!("\nNOT RUN: query plans of PostgreSQL, since there is no server: {error}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    None
}

async fn run(connection: &mut PgConnection, statement: String) {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(connection).await.unwrap();
}

/// Returns the plan that serves a statement whatever its values are.
async fn plan(connection: &mut PgConnection, statement: &str) -> String {
    let count = (1..)
        .take_while(|number| statement.contains(&format!("${number}")))
        .count();
    let values = vec!["NULL"; count].join(", ");
    run(connection, format!("PREPARE planned AS {statement}")).await;
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE planned({values})"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut *connection).await;
    run(connection, "DEALLOCATE planned".to_owned()).await;
    let lines = rows.unwrap().into_iter().map(|row| row.get::<String, _>(0));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn statements_search_and_walk_through_no_table() {
    search_among(50_000, 50_000).await;
}

#[tokio::test]
#[ignore = "makes a database of gigabytes"]
async fn statements_search_a_million_jobs_and_ten_million_runs() {
    search_among(1_000_000, 10_000_000).await;
}

async fn search_among(jobs: u64, runs: u64) {
    let url = std::env::var("SERVER_TESTS_POSTGRES").unwrap_or_else(|_| DEFAULT.to_owned());
    let Some(mut connection) = Box::pin(connection(&url)).await else {
        return;
    };
    let schema = format!("plans_{}_{jobs}", std::process::id());
    let store = PostgresStore::open(&url).schema(&schema).await.unwrap();
    let fill = FILL.replace("'{}'", "'null'");
    let fill = fill.replace("{count_of_jobs}", &jobs.to_string());
    let fill = fill.replace("{count_of_runs}", &runs.to_string());
    let tables = &store.0.tables;
    run(&mut connection, tables.named(&fill)).await;
    run(
        &mut connection,
        "SET plan_cache_mode = force_generic_plan".to_owned(),
    )
    .await;
    let mut wrong = Vec::new();
    for (statement, index) in statements() {
        let plan = plan(&mut connection, &tables.named(&statement)).await;
        let walks = ["jobs", "runs"].map(|table| format!("Seq Scan on {}", tables.plain(table)));
        let is_walked = walks.iter().any(|walk| plan.contains(walk));
        if is_walked || !plan.contains(&tables.plain(index)) {
            wrong.push(format!("{statement}\nis not served by {index}:\n{plan}"));
        }
    }
    let drop = format!("SET client_min_messages = error; DROP SCHEMA {schema} CASCADE");
    run(&mut connection, drop).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
