//! A scheduler whose store is opened by its address, and a client of the same MariaDB database.
//!
//! The server is that of `SERVER_TESTS_MYSQL`, or the one of this machine. Without a server the test ends
//! and says so, unless `SERVER_TESTS` is `required`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::large_futures,
    reason = "the stack of a test has room for them"
)]

use std::io::Write as _;

use punctual::Scheduler;
use punctual::config::Config;
use punctual::scheduler::Client;
use punctual::store::sqlx::mysql::MySqlConnection;
use punctual::store::sqlx::{self, AssertSqlSafe, Connection as _};
use punctual::store::{self, MysqlStore};
use tokio::sync::mpsc;

const DEFAULT: &str = "mysql://root@127.0.0.1:3306/test";

/// Returns the address of the server, unless there is none.
async fn server() -> Option<String> {
    let url = std::env::var("SERVER_TESTS_MYSQL").unwrap_or_else(|_| DEFAULT.to_owned());
    let Err(error) = MySqlConnection::connect(&url).await else {
        return Some(url);
    };
    let is_required = std::env::var_os("SERVER_TESTS").is_some_and(|value| value == "required");
    assert!(!is_required, "there has to be a MariaDB server: {error}");
    // Not `eprintln!`, which the test harness keeps to itself.
    let told = format!("\nNOT RUN: a scheduler on MariaDB, since there is no server: {error}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    None
}

async fn execute(url: &str, statement: String) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_client_adds_a_job_that_a_configured_scheduler_runs() {
    let Some(server) = server().await else {
        return;
    };
    let database = format!("punctual_scheduler_{}", std::process::id());
    execute(&server, format!("CREATE DATABASE {database}")).await;
    let (address, _) = server.rsplit_once('/').unwrap();
    let url = format!("{address}/{database}").replace("mysql:", "mariadb:");
    let file = format!("stores.default = {{ type = 'sql', url = '{url}', prefix = 'jobs_' }}");
    let config = Config::from_toml(&file).unwrap();
    let (sender, mut ticks) = mpsc::unbounded_channel();
    let scheduler = Scheduler::builder()
        .config(config)
        .open_stores(store::open)
        .await
        .unwrap()
        .task("tick", move || {
            let _ = sender.send(());
        })
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    // A run begins once the node is registered, so the client finds its tasks.
    let yearly = scheduler.add_job("tick", "@yearly").id("yearly");
    yearly.await.unwrap();
    scheduler.run_job("yearly").await.unwrap();
    ticks.recv().await.unwrap();

    let store = MysqlStore::open(&url).prefix("jobs_").await.unwrap();
    let client = Client::new(store).unwrap();
    let tick = client.add_job("tick", "@every 1s").id("tick");
    tick.await.unwrap();
    ticks.recv().await.unwrap();
    client.remove_job("tick").await.unwrap();
    assert!(scheduler.get_job("tick").await.unwrap().is_none());
    scheduler.shutdown().await.unwrap();
    execute(&server, format!("DROP DATABASE {database}")).await;
}
