//! The leases of the nodes that share the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, RunId};
use punctual_store::{Beat, Error, Lease, NodeInfo, Peer, RenewRequest, Renewal};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::{At, get};
use super::values::Value;
use crate::row::words;

/// The state of a node whose epoch has not ended.
pub(super) const ALIVE: &str = "alive";

/// A lease, which is shared until the transaction ends. A recovery waits for that, and a renewal does not.
pub(super) const LEASE: &str = "SELECT 1 FROM {nodes} WHERE name = ? AND epoch = ? \
     AND state = 'alive' LOCK IN SHARE MODE";

/// All nodes, each with its newest epoch before this one that has open runs.
const PEERS: &str = "SELECT n.name, n.epoch, b.beats, b.clock, (SELECT r.epoch FROM {runs} AS r \
     FORCE INDEX (runs_open) WHERE r.finished IS NULL AND r.node = n.name AND r.epoch < n.epoch \
     ORDER BY r.epoch DESC LIMIT 1), n.tasks_json, n.zones, n.`release` \
     FROM {nodes} AS n JOIN {beats} AS b ON b.name = n.name ORDER BY n.name";

/// The same without the tasks, which may be thousands.
const BEATS: &str = "SELECT n.name, n.epoch, b.beats, b.clock, (SELECT r.epoch FROM {runs} AS r \
     FORCE INDEX (runs_open) WHERE r.finished IS NULL AND r.node = n.name AND r.epoch < n.epoch \
     ORDER BY r.epoch DESC LIMIT 1) FROM {nodes} AS n JOIN {beats} AS b ON b.name = n.name ORDER BY n.name";

const EARLIER: &str = "SELECT epoch FROM {runs} FORCE INDEX (runs_open) WHERE finished IS NULL \
     AND node = ? AND epoch < ? ORDER BY epoch DESC LIMIT 1";

const BEAT: &str = "UPDATE {beats} SET beats = beats + 1, clock = ? \
     WHERE name = ? AND epoch = ? AND is_alive = 1";

/// The clock of the last renewal, unless the epoch of the node has ended.
const CLOCK: &str = "UPDATE {counters} SET value = ? WHERE name = 'clock' AND EXISTS \
     (SELECT 1 FROM {beats} WHERE name = ? AND epoch = ? AND is_alive = 1)";

/// The most characters in the name of a node.
const NAME: usize = 512;

/// How often a node is registered when others take its name in the same moment.
const TRIES: usize = 16;

impl Inner {
    pub(super) async fn register(&self, node: &NodeInfo) -> Result<Lease, Error> {
        if node.name.chars().count() > NAME {
            return Err(Error::refused(format!(
                "`name` of the node has more than {NAME} characters; write less"
            )));
        }
        let tasks: Vec<&str> = node.tasks.iter().map(|task| &**task).collect();
        let tasks = serde_json::to_string(&tasks).map_err(Error::refused)?;
        // Another process that registers the name in the same moment may have a greater epoch.
        for _ in 0..TRIES {
            let mut line = self.line().await?;
            let mut at = self.at(&mut line);
            let epoch = at.count_up("epoch", 1).await?;
            at.line.begin();
            if at.enter(node, epoch, &tasks).await? {
                line.commit().await?;
                return Ok(Lease::new(node.name.clone(), epoch));
            }
            line.rollback().await?;
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
        let values = [now.into(), (&*lease.node).into(), lease.epoch.into()];
        let statements = vec![at.text(BEAT, &values), at.text(CLOCK, &values)];
        let answers = at.run(statements).await?;
        if answers.first().is_none_or(|beat| beat.changed == 0) {
            return Err(Error::fenced(&lease.node));
        }
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
        let seen = "SELECT value FROM {counters} WHERE name = 'clock' FOR UPDATE";
        let set = "UPDATE {counters} SET value = ? WHERE name = 'clock'";
        let note = at.text(set, &[now.timestamp_micros().into()]);
        let statements = vec![at.text(seen, &[]), note, "COMMIT".to_owned()];
        let answers = at.run(statements).await?;
        line.has_ended();
        let row = answers.first().and_then(|seen| seen.rows.first());
        let seen: Option<i64> = row.map_or(Ok(None), |row| get(row, 0))?;
        Ok(seen.and_then(DateTime::from_timestamp_micros))
    }

    pub(super) async fn leave(&self, lease: &Lease) -> Result<(), Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let statement = "SELECT 1 FROM {nodes} WHERE name = ? AND epoch = ? \
             AND state = 'alive' FOR UPDATE";
        // The lock waits for the claims of the node.
        let values = [(&*lease.node).into(), lease.epoch.into()];
        if at.first(statement, &values).await?.is_some() {
            at.forget(lease).await?;
        }
        line.commit().await
    }

    pub(super) async fn peers(&self) -> Result<Vec<Peer>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let mut peers = Vec::new();
        for row in at.all(PEERS, &[]).await? {
            for beat in at.epochs(&row).await? {
                peers.push(peer(&row, beat)?);
            }
        }
        Ok(peers)
    }

    /// Returns the time on the clock of the server.
    pub(super) async fn time(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let statement =
            "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))";
        let micros = get(&at.one(statement, &[]).await?, 0)?;
        Ok(DateTime::from_timestamp_micros(micros))
    }
}

impl At<'_> {
    /// Enters a node under a new epoch, unless its name has a later one.
    async fn enter(&mut self, node: &NodeInfo, epoch: u64, tasks: &str) -> Result<bool, Error> {
        let name = || Value::from(&*node.name);
        // The lock waits for the claims of an earlier node of the name.
        let lock = "SELECT epoch FROM {nodes} WHERE name = ? FOR UPDATE";
        let mut row = self.first(lock, &[name()]).await?;
        if row.is_none() {
            let make = "INSERT IGNORE INTO {nodes} (name, epoch, state, tasks_json, zones) \
                 VALUES (?, 0, 'dead', '[]', '')";
            let statements = vec![self.text(make, &[name()]), self.text(lock, &[name()])];
            let answers = self.run(statements).await?;
            row = answers.into_iter().flat_map(|answer| answer.rows).next();
        }
        let known = row.map_or(Ok(0), |row| get::<i64>(&row, 0))?;
        if known.unsigned_abs() > epoch {
            return Ok(false);
        }
        let set = "UPDATE {nodes} SET epoch = ?, state = 'alive', tasks_json = ?, zones = ?, \
             `release` = ? WHERE name = ?";
        let beat = "INSERT INTO {beats} (name, epoch, is_alive, beats, clock) VALUES (?, ?, 1, 0, NULL) \
             ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), is_alive = 1, beats = 0, clock = NULL";
        let values = [
            epoch.into(),
            tasks.into(),
            (&*node.zones).into(),
            node.release.into(),
            name(),
        ];
        let set = self.text(set, &values);
        let beat = self.text(beat, &[name(), epoch.into()]);
        self.run(vec![set, beat]).await?;
        Ok(true)
    }

    /// Removes a node whose row is locked, unless it has open runs, which may be unreadable.
    pub(super) async fn forget(&mut self, lease: &Lease) -> Result<(), Error> {
        let values = [(&*lease.node).into(), lease.epoch.into()];
        let open = "SELECT 1 FROM {runs} FORCE INDEX (runs_open) WHERE finished IS NULL AND node = ? \
             AND epoch <= ? LIMIT 1";
        if self.first(open, &values).await?.is_some() {
            return Ok(());
        }
        let node = "DELETE FROM {nodes} WHERE name = ? AND epoch = ?";
        let beat = "DELETE FROM {beats} WHERE name = ? AND epoch = ?";
        let statements = vec![self.text(node, &values), self.text(beat, &values)];
        self.run(statements).await.map(drop)
    }

    async fn beats(&mut self) -> Result<Vec<Beat>, Error> {
        let mut beats = Vec::new();
        for row in self.all(BEATS, &[]).await? {
            beats.extend(self.epochs(&row).await?);
        }
        Ok(beats)
    }

    /// Returns the beats of a node and of its earlier epochs that have open runs, the oldest first. Few
    /// nodes have those.
    async fn epochs(&mut self, row: &MySqlRow) -> Result<Vec<Beat>, Error> {
        let name: &str = get(row, 0)?;
        let of = |epoch: i64| Lease::new(name.into(), epoch.unsigned_abs());
        let clock: Option<i64> = get(row, 3)?;
        let beat = Beat::new(of(get(row, 1)?), get::<i64>(row, 2)?.unsigned_abs());
        let mut beats = vec![beat.clock(clock.and_then(DateTime::from_timestamp_micros))];
        let mut earlier: Option<i64> = get(row, 4)?;
        while let Some(epoch) = earlier {
            beats.push(Beat::new(of(epoch), 0));
            let before = self.first(EARLIER, &[name.into(), epoch.into()]).await?;
            earlier = before.map(|row| get(&row, 0)).transpose()?;
        }
        beats.reverse();
        Ok(beats)
    }

    /// Returns the runs of a node that are to be cancelled.
    async fn cancels(&mut self, lease: &Lease) -> Result<Vec<(RunId, CancelReason)>, Error> {
        let statement = "SELECT id, cancel FROM {runs} FORCE INDEX (runs_open) WHERE cancel IS NOT NULL \
             AND finished IS NULL AND node = ? AND epoch = ? ORDER BY id";
        let mut cancels = Vec::new();
        let values = [(&*lease.node).into(), lease.epoch.into()];
        for row in self.all(statement, &values).await? {
            let id = RunId(get::<i64>(&row, 0)?.unsigned_abs());
            cancels.push((id, words::cancel(get(&row, 1)?)));
        }
        Ok(cancels)
    }
}

fn peer(row: &MySqlRow, beat: Beat) -> Result<Peer, Error> {
    let tasks: Vec<String> = serde_json::from_str(get(row, 5)?).unwrap_or_default();
    let zones: String = get(row, 6)?;
    let release: i64 = get(row, 7)?;
    let info = NodeInfo::new(beat.node.node)
        .tasks(tasks.into_iter().map(Arc::from).collect())
        .zones(zones)
        .release(release.unsigned_abs());
    Ok(Peer::new(info, beat.node.epoch, beat.count))
}
