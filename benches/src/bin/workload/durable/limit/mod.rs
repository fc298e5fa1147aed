//! The same three writes in the same batches, by the driver alone. It reads nothing, decides nothing
//! and calls nothing.

mod mysql;
mod postgres;
mod sqlite;

use std::time::Instant;

use chrono::Utc;
use sqlx::mysql::MySqlConnection;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::{HOUR, add, scheduler};
use crate::Outcome;
use crate::place::Place;

/// The most jobs that the scheduler claims together.
const BATCH: i64 = 512;

/// A connection beside those of a store.
enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

/// Runs from the first through the last, at one moment, with the next fire time of their jobs.
struct Batch {
    first: i64,
    last: i64,
    now: i64,
    next: i64,
}

/// Returns the runs a second.
pub(super) async fn measure(place: &Place<'_>, prefix: &str, n: u32) -> Outcome<f64> {
    let opened = place.open(prefix).await?;
    let filled = scheduler(opened.store())?;
    add(&filled, n, Utc::now()).await?;
    filled.shutdown().await?;
    opened.close().await;
    let mut connection = match place {
        Place::File(url) => Connection::Sqlite(sqlite::connect(url).await?),
        Place::Schema(url, schema) => Connection::Postgres(postgres::connect(url, schema).await?),
        Place::Database(url, name) => Connection::Mysql(mysql::connect(url, name).await?),
    };
    let began = Instant::now();
    let mut next = 1;
    let n = i64::from(n);
    while next <= n {
        let through = n.min(next + BATCH - 1);
        connection
            .write(prefix, &Batch::new(next, through)?)
            .await?;
        next = through + 1;
    }
    let took = began.elapsed();
    connection.close().await?;
    Ok(n as f64 / took.as_secs_f64())
}

impl Connection {
    /// Ends the runs of the batch before, and opens those of this one.
    async fn write(&mut self, prefix: &str, batch: &Batch) -> Outcome<()> {
        match self {
            Self::Sqlite(connection) => Box::pin(sqlite::write(connection, prefix, batch)).await,
            Self::Postgres(connection) => {
                Box::pin(postgres::write(connection, prefix, batch)).await
            }
            Self::Mysql(connection) => Box::pin(mysql::write(connection, prefix, batch)).await,
        }
    }

    async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
            Self::Mysql(connection) => connection.close().await,
        }
    }
}

impl Batch {
    fn new(first: i64, last: i64) -> Outcome<Self> {
        let now = Utc::now().timestamp_micros();
        Ok(Self {
            first,
            last,
            now,
            next: now + i64::try_from(HOUR.as_micros())?,
        })
    }

    fn opened(&self) -> impl Iterator<Item = i64> {
        self.first..=self.last
    }

    /// Returns the runs of the batch before.
    fn ended(&self) -> impl Iterator<Item = i64> {
        (self.first - BATCH).max(1)..self.first
    }
}

fn job(id: i64) -> String {
    format!("job-{id:08}")
}
