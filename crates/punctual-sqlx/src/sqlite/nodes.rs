//! Schedulers that share the file: leases, and requests to cancel.

use std::sync::Arc;

use punctual_core::RunId;
use punctual_store::{Error, ErrorKind, Lease, NodeInfo, OpenRun, Peer, Renewal};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Inner;
use super::columns::open_columns;
use super::fault::failed;
use super::load::{At, json, open};
use crate::batch::OpenRow;
use crate::prefix::Prefix;

impl Inner {
    pub(super) async fn register(&self, node: NodeInfo) -> Result<Lease, Error> {
        let statement = "INSERT INTO {p}nodes (name, epoch, state, beats, tasks_json, zones) \
             VALUES (?1, ?2, 'alive', 0, ?3, ?4) ON CONFLICT (name) DO UPDATE SET \
             epoch = excluded.epoch, state = excluded.state, beats = excluded.beats, \
             tasks_json = excluded.tasks_json, zones = excluded.zones";
        let mut transaction = self.begin().await?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        let epoch = at.next_epoch().await?;
        let tasks: Vec<&str> = node.tasks.iter().map(|task| &**task).collect();
        sqlx::query(self.prefix.sql(statement))
            .bind(&*node.name)
            .bind(epoch as i64)
            .bind(json(tasks)?)
            .bind(&node.zones)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Lease {
            node: node.name,
            epoch,
        })
    }

    pub(super) async fn renew(&self, lease: Lease) -> Result<Renewal, Error> {
        let mut transaction = self.begin().await?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        at.check(&lease).await?;
        at.on_node(
            "UPDATE {p}nodes SET beats = beats + 1 WHERE name = ?1 AND epoch = ?2",
            &lease,
        )
        .await?;
        let unwanted = at.open_of(&lease, "epoch = ?2 AND cancel = 1").await?;
        let renewal = Renewal {
            peers: peers(at.connection, at.prefix).await?,
            cancels: unwanted.into_iter().map(|run| run.id).collect(),
        };
        transaction.commit().await.map_err(failed)?;
        Ok(renewal)
    }

    pub(super) async fn leave(&self, lease: Lease) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        let holds = match at.check(&lease).await {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::Fenced => false,
            Err(error) => return Err(error),
        };
        if holds {
            at.forget(&lease).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    pub(super) async fn nodes(&self) -> Result<Vec<Peer>, Error> {
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        peers(&mut connection, &self.prefix).await
    }

    pub(super) async fn open_runs(&self, node: Lease) -> Result<Vec<OpenRun>, Error> {
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        let mut at = At {
            connection: &mut connection,
            prefix: &self.prefix,
        };
        let open = at.open_of(&node, "epoch = ?2").await?;
        Ok(open.iter().filter_map(OpenRow::run).collect())
    }

    pub(super) async fn request_cancel(&self, run: RunId) -> Result<bool, Error> {
        let statement = "UPDATE {p}runs SET cancel = 1 WHERE id = ?1 AND finished IS NULL";
        let mut transaction = self.begin().await?;
        let done = sqlx::query(self.prefix.sql(statement))
            .bind(run.0 as i64)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(done.rows_affected() > 0)
    }
}

impl At<'_> {
    /// Whether a lease holds.
    pub(super) async fn check(&mut self, lease: &Lease) -> Result<(), Error> {
        let statement = "SELECT count(*) FROM {p}nodes \
             WHERE name = ?1 AND epoch = ?2 AND state = 'alive'";
        let found: i64 = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(&*lease.node)
            .bind(lease.epoch as i64)
            .fetch_one(&mut *self.connection)
            .await
            .map_err(failed)?;
        if found == 0 {
            return Err(Error::fenced(&lease.node));
        }
        Ok(())
    }

    /// One counter serves all names, so that a name may be forgotten and come again. A process of
    /// the first version that still has the file open counts in the rows.
    async fn next_epoch(&mut self) -> Result<u64, Error> {
        let statement = "UPDATE {p}counters SET value = \
             max(value, (SELECT coalesce(max(epoch), 0) FROM {p}nodes)) WHERE name = 'epoch'";
        sqlx::query(self.prefix.sql(statement))
            .execute(&mut *self.connection)
            .await
            .map_err(failed)?;
        self.count_up("epoch", 1).await
    }

    /// A statement about a node (`?1`) and its epoch (`?2`).
    pub(super) async fn on_node(&mut self, statement: &str, lease: &Lease) -> Result<(), Error> {
        sqlx::query(self.prefix.sql(statement))
            .bind(&*lease.node)
            .bind(lease.epoch as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Takes a node out, unless it has registered anew meanwhile, or has open runs, be they
    /// readable or not.
    pub(super) async fn forget(&mut self, lease: &Lease) -> Result<(), Error> {
        self.on_node(
            "DELETE FROM {p}nodes WHERE name = ?1 AND epoch = ?2 AND NOT EXISTS \
             (SELECT 1 FROM {p}runs WHERE finished IS NULL AND node = ?1 AND epoch <= ?2)",
            lease,
        )
        .await
    }

    /// The open runs of a node of which this is true, in the order of their numbers.
    pub(super) async fn open_of(
        &mut self,
        lease: &Lease,
        condition: &str,
    ) -> Result<Vec<OpenRow>, Error> {
        let statement = format!(
            "SELECT json_group_array(json_array({}) ORDER BY id) \
             FROM {{p}}runs WHERE finished IS NULL AND node = ?1 AND {condition}",
            open_columns!()
        );
        let query = sqlx::query(self.prefix.sql(&statement));
        let query = query.bind(&*lease.node).bind(lease.epoch as i64);
        open(&self.as_one(query).await?)
    }
}

async fn peers(connection: &mut SqliteConnection, prefix: &Prefix) -> Result<Vec<Peer>, Error> {
    let statement = "SELECT name, epoch, beats, tasks_json, zones FROM {p}nodes UNION ALL \
         SELECT DISTINCT n.name, r.epoch, 0, n.tasks_json, n.zones FROM {p}runs AS r \
         JOIN {p}nodes AS n ON n.name = r.node WHERE r.finished IS NULL AND r.epoch < n.epoch \
         ORDER BY name, epoch";
    let rows = sqlx::query(prefix.sql(statement))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let peers: Result<_, _> = rows.iter().map(peer).collect();
    peers.map_err(failed)
}

fn peer(row: &SqliteRow) -> Result<Peer, sqlx::Error> {
    // What cannot be read of it does not hide a node: others have to watch its beats.
    let tasks: Vec<String> = serde_json::from_str(row.try_get(3)?).unwrap_or_default();
    Ok(Peer {
        info: NodeInfo {
            name: row.try_get::<&str, _>(0)?.into(),
            tasks: tasks.into_iter().map(Arc::from).collect(),
            zones: row.try_get(4)?,
        },
        epoch: row.try_get::<i64, _>(1)?.unsigned_abs(),
        beats: row.try_get::<i64, _>(2)?.unsigned_abs(),
    })
}
