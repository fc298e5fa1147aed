//! Jobs that are changed or taken out.

use futures::TryStreamExt;
use punctual_core::{JobId, Origin};
use punctual_store::{Error, StoredJob, Update};

use super::Inner;
use super::columns::{self, job_columns};
use super::fault::failed;
use super::load::At;
use crate::batch::{Batch, Counted};
use crate::row::Written;

impl Inner {
    pub(super) async fn update(&self, update: Update) -> Result<StoredJob, Error> {
        let mut transaction = self.begin().await?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        let id = update.job.id();
        let found = at.counted(&[id.as_str()], &[]).await?.pop();
        let found = found.filter(|job| job.policies.is_some());
        let old = found.ok_or_else(|| Error::no_job(id))?;
        let seen = &update.state;
        if old.state.revision != seen.revision || old.state.incarnation != seen.incarnation {
            return Err(Error::stale(id));
        }
        let mut state = update.state;
        state.running = old.state.running;
        state.queued = old.state.queued;
        state.revision += 1;
        if update.new_incarnation {
            state.incarnation = at.count_up("incarnation", 1).await?;
        }
        let row = Written::new(&update.job, &state)?;
        at.record(&update, old).await?;
        let edit = at.count_up("edit", 1).await?;
        at.rewrite(&row, edit).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(edit);
        Ok(StoredJob {
            job: update.job.clone(),
            state,
        })
    }

    pub(super) async fn remove(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        let mut transaction = self.begin().await?;
        let statement = concat!("SELECT ", job_columns!(), " FROM {p}jobs WHERE id = ?1");
        let found = sqlx::query(self.prefix.sql(statement))
            .bind(id.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(row) = found else {
            return Ok(None);
        };
        let stored = columns::stored(&row);
        let stored = stored.map_err(|reason| Error::unreadable(&id, &reason))?;
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        at.delete(&[columns::birth(&row).map_err(failed)?]).await?;
        let edit = at.count_up("edit", 1).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(edit);
        Ok(Some(stored))
    }

    /// Takes out all jobs that can be read.
    pub(super) async fn clear(&self) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let statement = concat!("SELECT ", job_columns!(), " FROM {p}jobs");
        let mut births = Vec::new();
        let mut rows = sqlx::query(self.prefix.sql(statement)).fetch(&mut *transaction);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            if columns::stored(&row).is_ok() {
                births.push(columns::birth(&row).map_err(failed)?);
            }
        }
        drop(rows);
        let mut at = At {
            connection: &mut transaction,
            prefix: &self.prefix,
        };
        at.delete(&births).await?;
        let edit = at.count_up("edit", 1).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(edit);
        Ok(births.len() as u64)
    }
}

impl At<'_> {
    /// Records the fire times that an edit decides.
    async fn record(&mut self, update: &Update, job: Counted) -> Result<(), Error> {
        let Some(decided) = update.decided else {
            return Ok(());
        };
        let number = self.count_up("run", 1).await?;
        let mut batch = Batch::new(update.now.timestamp_micros(), number);
        batch.with_job(job);
        batch.record(0, Origin::Scheduled, decided);
        // They were decided before, if their key is used: by whom makes no difference.
        self.save(&batch, None).await.map(drop)
    }
}
