//! What becomes of the runs of a dead node.

use std::collections::HashMap;

use punctual_core::RunId;
use punctual_store::{Error, Lease, RecoverRequest, Recovered, StoredJob, TakenRun};
use sqlx::Row;

use super::Inner;
use super::fault::failed;
use super::load::{At, json, with_rows};
use crate::batch::{Batch, Fate, OpenRow, instances};

/// A run that changes its owner: its old number, and what it is then.
struct Taken<'a> {
    old: RunId,
    run: OpenRow,
    job: &'a StoredJob,
}

impl Inner {
    pub(super) async fn recover(&self, request: RecoverRequest) -> Result<Recovered, Error> {
        let mut transaction = self.begin().await?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        at.check(&request.by).await?;
        let dead = Lease {
            node: request.dead.info.name.clone(),
            epoch: request.dead.epoch,
        };
        if !at.bury(&dead, request.dead.beats).await? {
            return Ok(Recovered::default());
        }
        let open = at.open_of(&dead, "epoch <= ?2").await?;
        let recovered = at.settle(&open, &request).await?;
        at.forget(&dead).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(recovered)
    }
}

impl At<'_> {
    /// Ends the epoch of a node that stood still; `false` if it is alive after all.
    async fn bury(&mut self, dead: &Lease, beats: u64) -> Result<bool, Error> {
        let statement = "SELECT epoch, beats FROM {p}nodes WHERE name = ?1";
        let found = sqlx::query(self.prefix.sql(statement))
            .bind(&*dead.node)
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(failed)?;
        let Some(node) = found else {
            return Ok(false);
        };
        let epoch: i64 = node.try_get(0).map_err(failed)?;
        let own_beats: i64 = node.try_get(1).map_err(failed)?;
        if epoch.unsigned_abs() == dead.epoch {
            if own_beats.unsigned_abs() != beats {
                return Ok(false);
            }
            let statement = "UPDATE {p}nodes SET state = 'dead' WHERE name = ?1 AND epoch = ?2";
            self.on_node(statement, dead).await?;
        }
        Ok(true)
    }

    async fn settle(
        &mut self,
        open: &[OpenRow],
        request: &RecoverRequest,
    ) -> Result<Recovered, Error> {
        let births: Vec<i64> = open.iter().map(|run| run.birth).collect();
        let jobs = self.stored(&births).await?;
        let last = self.count_up("run", open.len() as u64).await?;
        let mut batch = Batch::new(request.now, last + 1 - open.len() as u64);
        for job in self.counted(&[], &births).await? {
            batch.with_job(job);
        }
        open.iter().cloned().for_each(|run| batch.with_open(run));
        let mut recovered = Recovered::default();
        let mut taken = Vec::new();
        for instance in instances(open) {
            let job = instance.first().and_then(|run| jobs.get(&run.birth));
            match (Fate::of(instance, job, &request.tasks), job) {
                (Fate::Rerun, Some(job)) => {
                    taken.extend(instance.iter().map(|run| take(run, &mut batch, job)));
                }
                (Fate::Waits, _) => {}
                (Fate::Lost | Fate::Rerun, _) => {
                    instance.iter().for_each(|run| batch.lose(run.id));
                    recovered
                        .lost
                        .extend(instance.iter().filter_map(OpenRow::run));
                }
            }
        }
        batch.keep_unless(|birth| jobs.contains_key(&birth));
        let saved = self.save(&batch, None).await?;
        debug_assert!(saved.is_ok(), "nothing is opened");
        self.hand_over(&taken, &request.by).await?;
        recovered.taken = taken.into_iter().filter_map(Taken::told).collect();
        recovered.removed = removed(&batch, &jobs);
        Ok(recovered)
    }

    /// Makes runs those of another node, under new numbers.
    async fn hand_over(&mut self, taken: &[Taken<'_>], to: &Lease) -> Result<(), Error> {
        if taken.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = taken
            .iter()
            .map(|taken| (taken.old, taken.run.id))
            .collect();
        let statement = with_rows!(
            "UPDATE {p}runs SET id = row ->> 1, node = ?2, epoch = ?3, reruns = reruns + 1 \
             FROM rows WHERE {p}runs.id = (row ->> 0)"
        );
        sqlx::query(self.prefix.sql(statement))
            .bind(json(rows)?)
            .bind(&*to.node)
            .bind(to.epoch as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }
}

fn take<'a>(run: &OpenRow, batch: &mut Batch, job: &'a StoredJob) -> Taken<'a> {
    let new = OpenRow {
        id: batch.next_run(),
        reruns: run.reruns + 1,
        ..run.clone()
    };
    Taken {
        old: run.id,
        run: new,
        job,
    }
}

impl Taken<'_> {
    fn told(self) -> Option<TakenRun> {
        Some(TakenRun {
            run: self.run.run()?,
            job: self.job.clone(),
        })
    }
}

fn removed(batch: &Batch, jobs: &HashMap<i64, StoredJob>) -> Vec<StoredJob> {
    let gone = batch.jobs.iter().filter(|job| job.is_gone);
    let stored = |birth| Some(jobs.get(&birth)?.job.clone());
    gone.filter_map(|job| {
        Some(StoredJob {
            job: stored(job.birth)?,
            state: job.state,
        })
    })
    .collect()
}
