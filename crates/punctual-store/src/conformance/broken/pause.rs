//! Waiting runs that begin while their job is paused.

use chrono::DateTime;
use punctual_core::JobId;

use super::Breaking;
use crate::{ClaimKind, ClaimReply, ClaimRequest, Error, JobStore, Update};

impl<S: JobStore> Breaking<S> {
    /// Claims as if the jobs whose waiting runs are asked for were not paused.
    pub(super) async fn claim_in_a_pause(
        &self,
        request: &ClaimRequest,
    ) -> Result<ClaimReply, Error> {
        let mut paused = Vec::new();
        for claim in &request.claims {
            if matches!(claim.kind, ClaimKind::Promote) && self.set_paused(&claim.id, false).await?
            {
                paused.push(&claim.id);
            }
        }
        let reply = self.inner.claim(request).await?;
        for id in paused {
            self.set_paused(id, true).await?;
        }
        Ok(reply)
    }

    /// Pauses or resumes a job, and returns true if that changes it.
    async fn set_paused(&self, id: &JobId, paused: bool) -> Result<bool, Error> {
        let Some(row) = self.inner.get(id.clone()).await? else {
            return Ok(false);
        };
        let mut state = row.state;
        if std::mem::replace(&mut state.paused, paused) == paused {
            return Ok(false);
        }
        let update = Update {
            job: row.job,
            state,
            new_incarnation: false,
            decided: None,
            now: DateTime::UNIX_EPOCH,
        };
        self.inner.update(update).await?;
        Ok(true)
    }
}
