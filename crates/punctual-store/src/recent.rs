//! The newest runs of many jobs.

use std::collections::HashSet;

use punctual_core::JobId;

use crate::Error;

/// Which runs of which jobs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentRequest {
    /// The jobs, up to [`MAX_JOBS`](Self::MAX_JOBS). One that is named twice is answered once.
    pub jobs: Vec<JobId>,
    /// How many of the newest entries of each job; all its open runs beyond those come too.
    pub per_job: usize,
}

impl RecentRequest {
    /// As many jobs may be named in one request.
    pub const MAX_JOBS: usize = 1_000;

    /// As many entries may be wanted in one request, those of all jobs together. Open runs beyond
    /// the newest entries do not count.
    pub const MAX_RUNS: usize = 10_000;

    /// The newest runs of these jobs.
    #[must_use]
    pub fn new(jobs: Vec<JobId>, per_job: usize) -> Self {
        Self { jobs, per_job }
    }

    /// Answers each job once, in the order of the request. Every store asks this.
    ///
    /// # Errors
    ///
    /// [`Refused`](crate::ErrorKind::Refused) if more is wanted than one request may want.
    pub fn distinct(&self) -> Result<Vec<&JobId>, Error> {
        let (jobs, most) = (self.jobs.len(), Self::MAX_JOBS);
        if jobs > most {
            let text = format!("the runs of {jobs} jobs: ask for those of {most} at a time");
            return Err(Error::refused(text));
        }
        let mut seen = HashSet::new();
        let distinct: Vec<_> = self.jobs.iter().filter(|id| seen.insert(*id)).collect();
        let (runs, most) = (distinct.len().saturating_mul(self.per_job), Self::MAX_RUNS);
        if runs > most {
            let text = format!("the newest {runs} runs: ask for {most} at a time");
            return Err(Error::refused(text));
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
