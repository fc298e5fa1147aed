//! Cancels runs on request.

use punctual_store::batch::{Batch, Cancelled, Owner};
use punctual_store::{CancelAnswer, CancelRequest, Error, StoredJob};

use super::Inner;
use super::at::At;
use super::error::failed;
use crate::rows::{Definitions, HeldRows};

impl Inner {
    pub(super) async fn cancel(&self, request: CancelRequest) -> Result<CancelAnswer, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let mut held = at.hold_run(&request).await?;
        let done = Batch::new(&mut held, request.now).cancel(request.run, request.reason);
        let answer = match done {
            Cancelled::NotOpen => return Ok(CancelAnswer::NotOpen),
            Cancelled::Marked => CancelAnswer::Asked,
            Cancelled::Ended(ids) => CancelAnswer::Ended {
                runs: ids.iter().filter_map(|id| held.told(*id)).collect(),
                removed: at.leaving(&mut held).await?.pop(),
            },
        };
        at.saved(&held).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(answer)
    }
}

impl At<'_> {
    /// Returns an open run. If it waits, its job is held too, with all open runs of the job.
    async fn hold_run(&mut self, request: &CancelRequest) -> Result<HeldRows, Error> {
        let mut held = HeldRows::new(0);
        let runs = self.open(&[request.run], None).await?;
        let waiting = runs.iter().filter(|run| run.view.owner == Owner::Free);
        let births: Vec<_> = waiting.map(|run| run.view.birth).collect();
        let jobs = self.held(&births).await?;
        jobs.into_iter().for_each(|job| held.with_job(job));
        let own = runs.iter().zip(&births);
        let own: Vec<_> = own.map(|(run, birth)| (&*run.job, *birth)).collect();
        let all = self.open_of_jobs(&own, None).await?;
        let all = runs.into_iter().chain(all);
        all.for_each(|run| held.with_run(run));
        Ok(held)
    }

    /// Returns the jobs that leave the store. Those that cannot be decoded stay.
    pub(super) async fn leaving(&mut self, held: &mut HeldRows) -> Result<Vec<StoredJob>, Error> {
        let mut definitions = Definitions::new();
        let gone: Vec<_> = held.gone().map(|job| job.state.birth).collect();
        self.define(gone.into_iter(), &mut definitions).await?;
        held.keep_unless(|birth| definitions.contains_key(&birth));
        let gone = held.gone();
        let gone = gone.filter_map(|job| {
            Some(StoredJob::new(
                definitions.get(&job.state.birth)?.clone(),
                job.state,
            ))
        });
        Ok(gone.collect())
    }
}
