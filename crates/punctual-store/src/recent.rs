//! The newest runs of several jobs.

use std::collections::HashSet;

use punctual_core::JobId;

use crate::Error;

/// A request for the newest runs of several jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecentRequest {
    /// The jobs, up to [`MAX_JOBS`](Self::MAX_JOBS). A job that is named twice is answered once.
    pub jobs: Vec<JobId>,
    /// The number of the newest entries of each job. Its open runs are added to them.
    pub per_job: usize,
}

impl RecentRequest {
    /// The maximum number of jobs in one request.
    pub const MAX_JOBS: usize = 1_000;

    /// The maximum number of entries in one request, over all jobs. Open runs beyond the newest
    /// entries do not count.
    pub const MAX_RUNS: usize = 10_000;

    /// Returns a request for the newest runs of these jobs.
    #[must_use]
    pub fn new(jobs: Vec<JobId>, per_job: usize) -> Self {
        Self { jobs, per_job }
    }

    /// Returns each job once, in the order of the request. Every store calls this.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Refused`](crate::ErrorKind::Refused) if the request exceeds
    /// [`MAX_JOBS`](Self::MAX_JOBS) or [`MAX_RUNS`](Self::MAX_RUNS).
    pub fn distinct(&self) -> Result<Vec<&JobId>, Error> {
        let (jobs, most) = (self.jobs.len(), Self::MAX_JOBS);
        if jobs > most {
            let text = format!("jobs: `{jobs}` in one request; expected at most `{most}`");
            return Err(Error::too_large(text));
        }
        let mut seen = HashSet::new();
        let distinct: Vec<_> = self.jobs.iter().filter(|id| seen.insert(*id)).collect();
        let (runs, most) = (distinct.len().saturating_mul(self.per_job), Self::MAX_RUNS);
        if runs > most {
            let text = format!("per_job: `{runs}` runs in one request; expected at most `{most}`");
            return Err(Error::too_large(text));
        }
        Ok(distinct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(jobs: usize, per_job: usize) -> RecentRequest {
        let ids = (0..jobs).map(|index| JobId::new(format!("j{index}")).unwrap());
        RecentRequest::new(ids.collect(), per_job)
    }

    #[test]
    fn what_is_too_much_is_refused() {
        for (jobs, per_job) in [(1_000, 10), (1, 10_000), (0, usize::MAX), (1_000, 0)] {
            assert_eq!(asked(jobs, per_job).distinct().unwrap().len(), jobs);
        }
        for (jobs, per_job) in [(1_001, 0), (1_000, 11), (2, usize::MAX)] {
            assert!(asked(jobs, per_job).distinct().unwrap_err().is_refused());
        }
    }
}
