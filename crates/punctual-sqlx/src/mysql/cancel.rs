//! Cancels runs on request.

use punctual_store::batch::{Batch, Cancelled, Owner};
use punctual_store::{CancelAnswer, CancelRequest, Error, StoredJob};

use super::Inner;
use super::at::At;
use super::batch_read::Asked;
use crate::rows::{Definitions, HeldRows};

impl Inner {
    pub(super) async fn cancel(&self, request: &CancelRequest) -> Result<CancelAnswer, Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let mut held = at.hold_run(request).await?;
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
        line.commit().await?;
        Ok(answer)
    }
}

impl At<'_> {
    /// Locks the job of an open run, and returns both. If the run waits, all open runs of the job
    /// are held.
    async fn hold_run(&mut self, request: &CancelRequest) -> Result<HeldRows, Error> {
        let ending = vec![request.run];
        let asked = Asked {
            births: self.births_with(std::iter::empty(), &ending).await?,
            ending,
            ..Asked::default()
        };
        let mut found = self.found(&asked).await?;
        let runs = std::mem::take(&mut found.ending);
        let waiting = runs.iter().filter(|run| run.view.owner == Owner::Free);
        let own: Vec<_> = waiting.map(|run| (&*run.job, run.view.birth)).collect();
        let all = self.open_of_jobs(&own, None).await?;
        let all = runs.into_iter().chain(all);
        all.for_each(|run| found.held.with_run(run));
        Ok(found.held)
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
