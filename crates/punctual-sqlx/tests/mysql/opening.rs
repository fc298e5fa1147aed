//! Connections beside those of a store.

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::folder::Folder;

/// Opens a connection that does not belong to the store, in the database of a name.
pub(crate) async fn connect(folder: &Folder, name: &str) -> MySqlConnection {
    let options: sqlx::mysql::MySqlConnectOptions = folder.url(name).parse().unwrap();
    options.connect().await.unwrap()
}

/// Executes a statement, which may cut a text as other servers do.
pub(crate) async fn run(connection: &mut MySqlConnection, statement: &'static str) {
    let cut = "trim(TRAILING '?' FROM trigger_json)";
    let statement = statement.replace("rtrim(trigger_json, '?')", cut);
    let statement = AssertSqlSafe(statement);
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}
