//! The leases of the nodes that share the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, RunId};
use punctual_store::{Beat, Error, Lease, NodeInfo, Peer, RenewRequest, Renewal};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, get, is_text, number};
use super::values::clean;
use crate::row::words;

/// The state of a node whose epoch has not ended.
pub(super) const ALIVE: &str = "alive";

/// All nodes, and their earlier epochs that have open runs. One step in the index leads from one
/// epoch to the one before it.
const PEERS: &str = "WITH RECURSIVE epochs(name, epoch) AS (SELECT name, epoch FROM {nodes} \
     UNION ALL SELECT e.name, (SELECT max(r.epoch) FROM {runs} AS r WHERE r.finished IS NULL \
     AND r.node = e.name AND r.epoch < e.epoch) FROM epochs AS e WHERE e.epoch IS NOT NULL) \
     SELECT n.name, e.epoch, CASE WHEN e.epoch = n.epoch THEN n.beats ELSE 0 END, \
     CASE WHEN e.epoch = n.epoch THEN n.clock END{more} FROM epochs AS e \
     JOIN {nodes} AS n ON n.name = e.name WHERE e.epoch IS NOT NULL ORDER BY n.name, e.epoch";

/// A beat, and what the clock of the node shows. The clock of the store is left to another node that
/// is writing it in the same moment.
const BEAT: &str = "WITH beat AS (UPDATE {nodes} SET beats = beats + 1, clock = $3 \
     WHERE name = $1 AND epoch = $2 AND state = 'alive' RETURNING 1), \
     own AS MATERIALIZED (SELECT name FROM {counters} WHERE name = 'clock' \
     AND EXISTS (SELECT 1 FROM beat) FOR UPDATE SKIP LOCKED), \
     set AS (UPDATE {counters} AS c SET value = $3 FROM own WHERE c.name = own.name) \
     SELECT count(*) FROM beat";

impl Inner {
    pub(super) async fn register(&self, node: &NodeInfo) -> Result<Lease, Error> {
        if !is_text(&node.name) {
            return Err(Error::refused(
                "`name` of the node holds a NUL character, which PostgreSQL does not take; leave it out",
            ));
        }
        // The lock waits for the claims of an earlier node of the name.
        let statement = "WITH earlier AS MATERIALIZED \
             (SELECT 1 FROM {nodes} WHERE name = $1 FOR UPDATE) \
             INSERT INTO {nodes} AS n (name, epoch, state, beats, clock, tasks_json, zones, release) \
             SELECT $1, nextval('{epochs}'), 'alive', 0, NULL, $2, $3, $4 \
             WHERE (SELECT count(*) FROM earlier) >= 0 \
             ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, state = excluded.state, \
             beats = excluded.beats, clock = excluded.clock, tasks_json = excluded.tasks_json, \
             zones = excluded.zones, release = excluded.release \
             WHERE n.epoch < excluded.epoch RETURNING epoch";
        let tasks: Vec<&str> = node.tasks.iter().map(|task| &**task).collect();
        let tasks = serde_json::to_string(&tasks).map_err(Error::refused)?;
        // Another process that registers the name in the same moment may have a greater epoch.
        for _ in 0..TRIES {
            let mut line = self.line().await?;
            let mut at = self.at(&mut line);
            let query = at
                .query(statement)
                .bind(&*node.name)
                .bind(&tasks)
                .bind(clean(&node.zones))
                .bind(number(node.release));
            let row = at.first(query).await?;
            if let Some(row) = row {
                let epoch = get::<i64>(&row, 0)?.unsigned_abs();
                line.commit().await?;
                return Ok(Lease::new(node.name.clone(), epoch));
            }
        }
        Err(Error::unavailable(
            "many processes register under the name of the node",
        ))
    }

    /// Renews a lease. Only the beat locks anything, for the time of one statement.
    pub(super) async fn renew(&self, request: &RenewRequest) -> Result<Renewal, Error> {
        let lease = &request.lease;
        let now = request.now.timestamp_micros();
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let query = at.query(BEAT).bind(&*lease.node);
        let query = query.bind(number(lease.epoch)).bind(now);
        let beats: i64 = get(&at.one(query).await?, 0)?;
        if beats == 0 {
            return Err(Error::fenced(&lease.node));
        }
        line.commit().await?;
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        Ok(Renewal::new(at.beats().await?)
            .cancels(at.cancels(lease).await?)
            .waiting(at.waiting(request.tasks.as_ref(), now).await?))
    }

    /// Notes the time on a clock, and returns the time that was noted before.
    pub(super) async fn note_time(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let query = at.query("SELECT value FROM {counters} WHERE name = 'clock' FOR UPDATE");
        let seen: Option<i64> = get(&at.one(query).await?, 0)?;
        let query = at.query("UPDATE {counters} SET value = $1 WHERE name = 'clock'");
        let query = query.bind(now.timestamp_micros());
        at.execute(query).await?;
        line.commit().await?;
        Ok(seen.and_then(DateTime::from_timestamp_micros))
    }

    pub(super) async fn leave(&self, lease: &Lease) -> Result<(), Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let statement = "SELECT 1 FROM {nodes} WHERE name = $1 AND epoch = $2 \
             AND state = 'alive' FOR UPDATE";
        // The lock waits for the claims of the node.
        if at.on_node(statement, lease).await? > 0 {
            at.forget(lease).await?;
        }
        line.commit().await
    }

    pub(super) async fn peers(&self) -> Result<Vec<Peer>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let rows = at.nodes_with(", n.tasks_json, n.zones, n.release").await?;
        rows.iter().map(peer).collect()
    }

    /// Returns the time on the clock of the server.
    pub(super) async fn time(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let query = at.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
        let micros = get(&at.one(query).await?, 0)?;
        Ok(DateTime::from_timestamp_micros(micros))
    }
}

/// The number of times that a node is registered while other processes take its name in the same moment.
const TRIES: usize = 16;

impl At<'_> {
    /// Locks the lease of a node until the transaction ends. A recovery waits for that.
    pub(super) async fn lock_lease(&mut self, lease: &Lease) -> Result<(), Error> {
        let statement = "SELECT 1 FROM {nodes} WHERE name = $1 AND epoch = $2 \
             AND state = 'alive' FOR KEY SHARE";
        match self.on_node(statement, lease).await? {
            0 => Err(Error::fenced(&lease.node)),
            _ => Ok(()),
        }
    }

    /// Executes a statement about a node (`$1`) and its epoch (`$2`). Returns the number of rows.
    pub(super) async fn on_node(&mut self, statement: &str, lease: &Lease) -> Result<u64, Error> {
        let query = self.query(statement);
        let query = query.bind(&*lease.node).bind(number(lease.epoch));
        self.execute(query).await
    }

    /// Removes a node, unless it has registered again in between or has open runs, which may be
    /// unreadable.
    pub(super) async fn forget(&mut self, lease: &Lease) -> Result<(), Error> {
        let statement = "DELETE FROM {nodes} WHERE name = $1 AND epoch = $2 AND NOT EXISTS \
             (SELECT 1 FROM {runs} WHERE finished IS NULL AND node = $1 AND epoch <= $2)";
        self.on_node(statement, lease).await.map(drop)
    }

    /// Returns the beats of all nodes. It leaves out their tasks, which may be thousands.
    async fn beats(&mut self) -> Result<Vec<Beat>, Error> {
        let rows = self.nodes_with("").await?;
        rows.iter().map(beat).collect()
    }

    async fn nodes_with(&mut self, more: &str) -> Result<Vec<PgRow>, Error> {
        let query = self.query(&PEERS.replace("{more}", more));
        self.all(query).await
    }

    /// Returns the runs of a node that are to be cancelled.
    async fn cancels(&mut self, lease: &Lease) -> Result<Vec<(RunId, CancelReason)>, Error> {
        let statement = "SELECT id, cancel FROM {runs} WHERE cancel IS NOT NULL \
             AND finished IS NULL AND node = $1 AND epoch = $2 ORDER BY id";
        let query = self.query(statement);
        let query = query.bind(&*lease.node).bind(number(lease.epoch));
        let mut cancels = Vec::new();
        for row in self.all(query).await? {
            let id = RunId(get::<i64>(&row, 0)?.unsigned_abs());
            cancels.push((id, words::cancel(get(&row, 1)?)));
        }
        Ok(cancels)
    }
}

fn beat(row: &PgRow) -> Result<Beat, Error> {
    let clock: Option<i64> = get(row, 3)?;
    let name: &str = get(row, 0)?;
    let epoch: i64 = get(row, 1)?;
    let count: i64 = get(row, 2)?;
    let node = Lease::new(name.into(), epoch.unsigned_abs());
    let clock = clock.and_then(DateTime::from_timestamp_micros);
    Ok(Beat::new(node, count.unsigned_abs()).clock(clock))
}

fn peer(row: &PgRow) -> Result<Peer, Error> {
    let Beat { node, count, .. } = beat(row)?;
    // A node with columns that cannot be decoded is still listed, since other nodes have to watch
    // its beats.
    let tasks: Vec<String> = serde_json::from_str(get(row, 4)?).unwrap_or_default();
    let zones: String = get(row, 5)?;
    let release: i64 = get(row, 6)?;
    let info = NodeInfo::new(node.node)
        .tasks(tasks.into_iter().map(Arc::from).collect())
        .zones(zones)
        .release(release.unsigned_abs());
    Ok(Peer::new(info, node.epoch, count))
}
