//! The leases of the nodes that share the file.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, RunId};
use punctual_store::{Beat, Error, ErrorKind, Lease, NodeInfo, Peer, RenewRequest, Renewal};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::at::{At, json};
use super::error::failed;
use crate::row::words;

/// All nodes, and their earlier epochs that have open runs. One step in the index leads from one
/// epoch to the one before it.
const PEERS: &str = "WITH RECURSIVE epochs(name, epoch) AS (SELECT name, epoch FROM {p}nodes \
     UNION ALL SELECT name, (SELECT max(epoch) FROM {p}runs INDEXED BY {p}runs_open \
     WHERE finished IS NULL AND node = epochs.name AND epoch < epochs.epoch) FROM epochs \
     WHERE epochs.epoch IS NOT NULL) \
     SELECT n.name, e.epoch, iif(e.epoch = n.epoch, n.beats, 0), \
     iif(e.epoch = n.epoch, n.clock, NULL){more} FROM epochs AS e JOIN {p}nodes AS n ON n.name = e.name WHERE e.epoch IS NOT NULL \
     ORDER BY n.name, e.epoch";

/// The last time that the clock of a node showed.
const CLOCK: &str = "SELECT value FROM {p}counters WHERE name = 'clock'";

impl Inner {
    pub(super) async fn register(&self, node: NodeInfo) -> Result<Lease, Error> {
        let statement = "INSERT INTO {p}nodes (name, epoch, state, beats, clock, tasks_json, zones, release) \
             VALUES (?1, ?2, 'alive', 0, NULL, ?3, ?4, ?5) ON CONFLICT (name) DO UPDATE SET \
             epoch = excluded.epoch, state = excluded.state, beats = excluded.beats, \
             clock = excluded.clock, tasks_json = excluded.tasks_json, zones = excluded.zones, \
             release = excluded.release";
        let mut transaction = self.begin().await?;
        // One counter for all names, so that a name may be forgotten and come again.
        let epoch = self.at(&mut transaction).count_up("epoch", 1).await?;
        let tasks: Vec<&str> = node.tasks.iter().map(|task| &**task).collect();
        sqlx::query(self.prefix.sql(statement))
            .bind(&*node.name)
            .bind(epoch as i64)
            .bind(json(tasks)?)
            .bind(&node.zones)
            .bind(i64::try_from(node.release).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Lease::new(node.name, epoch))
    }

    /// Renews a lease. Only the beat needs the lock of the database.
    pub(super) async fn renew(&self, request: RenewRequest) -> Result<Renewal, Error> {
        let lease = &request.lease;
        let mut transaction = self.begin().await?;
        let now = request.now.timestamp_micros();
        let mut at = self.at(&mut transaction);
        if !at.beat(lease, now).await? {
            return Err(Error::fenced(&lease.node));
        }
        at.set_clock(now).await?;
        transaction.commit().await.map_err(failed)?;
        let tasks = request.tasks.as_ref();
        Ok(Renewal::new(self.beats().await?)
            .cancels(self.cancels(lease).await?)
            .waiting(self.waiting(tasks, now).await?))
    }

    /// Returns the runs of a node that are to be cancelled.
    async fn cancels(&self, lease: &Lease) -> Result<Vec<(RunId, CancelReason)>, Error> {
        let statement = "SELECT id, cancel FROM {p}runs INDEXED BY {p}runs_cancel \
             WHERE cancel IS NOT NULL AND finished IS NULL AND node = ?1 AND epoch = ?2 ORDER BY id";
        let rows: Vec<(i64, String)> = sqlx::query_as(self.prefix.sql(statement))
            .bind(&*lease.node)
            .bind(lease.epoch as i64)
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(failed)?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|(id, word)| (RunId(id.unsigned_abs()), words::cancel(&word)))
            .collect())
    }

    /// Notes the time on a clock, and returns the time that was noted before.
    pub(super) async fn note_time(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let seen: Option<i64> = sqlx::query_scalar(self.prefix.sql(CLOCK))
            .fetch_optional(&mut *at.connection)
            .await
            .map_err(failed)?;
        at.set_clock(now.timestamp_micros()).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(seen.and_then(DateTime::from_timestamp_micros))
    }

    pub(super) async fn leave(&self, lease: Lease) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let holds = match at.admit(&lease).await {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::Fenced => false,
            Err(error) => return Err(error),
        };
        if holds {
            at.forget(&lease).await?;
        }
        transaction.commit().await.map_err(failed)?;
        self.pools.empty_log().await;
        Ok(())
    }

    pub(super) async fn peers(&self) -> Result<Vec<Peer>, Error> {
        let rows = self
            .nodes_with(", n.tasks_json, n.zones, n.release")
            .await?;
        let peers: Result<_, _> = rows.iter().map(peer).collect();
        peers.map_err(failed)
    }

    /// Returns the beats of all nodes. It leaves out their tasks, which may be thousands.
    async fn beats(&self) -> Result<Vec<Beat>, Error> {
        let rows = self.nodes_with("").await?;
        let beats: Result<_, _> = rows.iter().map(beat).collect();
        beats.map_err(failed)
    }

    async fn nodes_with(&self, more: &str) -> Result<Vec<SqliteRow>, Error> {
        sqlx::query(self.prefix.sql(&PEERS.replace("{more}", more)))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(failed)
    }
}

impl At<'_> {
    /// Checks that a lease holds, and returns the last number of a run.
    pub(super) async fn admit(&mut self, lease: &Lease) -> Result<u64, Error> {
        let statement = "SELECT value FROM {p}counters WHERE name = 'run' AND EXISTS \
             (SELECT 1 FROM {p}nodes WHERE name = ?1 AND epoch = ?2 AND state = 'alive')";
        let number: Option<i64> = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(&*lease.node)
            .bind(lease.epoch as i64)
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(failed)?;
        number
            .map(i64::unsigned_abs)
            .ok_or_else(|| Error::fenced(&lease.node))
    }

    async fn set_clock(&mut self, now: i64) -> Result<(), Error> {
        let statement = "INSERT INTO {p}counters (name, value) VALUES ('clock', ?1) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(self.prefix.sql(statement))
            .bind(now)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Counts a beat of a node whose clock shows `now`. Returns true if its lease holds.
    async fn beat(&mut self, lease: &Lease, now: i64) -> Result<bool, Error> {
        let statement = "UPDATE {p}nodes SET beats = beats + 1, clock = ?3 \
             WHERE name = ?1 AND epoch = ?2 AND state = 'alive'";
        let done = sqlx::query(self.prefix.sql(statement))
            .bind(&*lease.node)
            .bind(lease.epoch as i64)
            .bind(now)
            .execute(&mut *self.connection)
            .await;
        done.map(|done| done.rows_affected() > 0).map_err(failed)
    }

    /// Executes a statement about a node (`?1`) and its epoch (`?2`). Returns the number of changed
    /// rows.
    pub(super) async fn on_node(&mut self, statement: &str, lease: &Lease) -> Result<u64, Error> {
        let done = sqlx::query(self.prefix.sql(statement))
            .bind(&*lease.node)
            .bind(lease.epoch as i64)
            .execute(&mut *self.connection)
            .await;
        done.map(|done| done.rows_affected()).map_err(failed)
    }

    /// Removes a node, unless it has registered again in between or has open runs, which may be
    /// unreadable.
    pub(super) async fn forget(&mut self, lease: &Lease) -> Result<(), Error> {
        let statement = "DELETE FROM {p}nodes WHERE name = ?1 AND epoch = ?2 AND NOT EXISTS \
             (SELECT 1 FROM {p}runs WHERE finished IS NULL AND node = ?1 AND epoch <= ?2)";
        self.on_node(statement, lease).await.map(drop)
    }
}

fn beat(row: &SqliteRow) -> Result<Beat, sqlx::Error> {
    let clock: Option<i64> = row.try_get(3)?;
    let name: &str = row.try_get(0)?;
    let epoch: i64 = row.try_get(1)?;
    let count: i64 = row.try_get(2)?;
    let node = Lease::new(name.into(), epoch.unsigned_abs());
    let clock = clock.and_then(DateTime::from_timestamp_micros);
    Ok(Beat::new(node, count.unsigned_abs()).clock(clock))
}

fn peer(row: &SqliteRow) -> Result<Peer, sqlx::Error> {
    let Beat { node, count, .. } = beat(row)?;
    // A node with columns that cannot be decoded is still listed, since other nodes have to watch
    // its beats.
    let tasks: &[u8] = row.try_get_unchecked(4)?;
    let zones: &[u8] = row.try_get_unchecked(5)?;
    let tasks: Vec<String> = serde_json::from_slice(tasks).unwrap_or_default();
    let release: i64 = row.try_get(6)?;
    let info = NodeInfo::new(node.node)
        .tasks(tasks.into_iter().map(Arc::from).collect())
        .zones(String::from_utf8_lossy(zones).into_owned())
        .release(release.unsigned_abs());
    Ok(Peer::new(info, node.epoch, count))
}
