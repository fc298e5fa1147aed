//! What names a job in a verb.

use punctual_core::JobId;

use super::JobHandle;
use crate::error::Error;
use crate::job::snapshot::JobSnapshot;

/// What names a job. It is text, a [`JobId`], a [`JobHandle`], or a [`JobSnapshot`].
///
/// Text that is not a valid id is refused when the verb is awaited.
///
/// ```
/// # use std::time::Duration;
/// # use punctual_core::{Interval, JobId};
/// # use punctual_tokio::Scheduler;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::builder().build()?;
/// # let minute = Interval::every(Duration::from_secs(60));
/// let job = scheduler.add_job(|| async {}, minute).id("beat").await?;
/// scheduler.pause_job("beat").await?;
/// scheduler.pause_job(JobId::new("beat")?).await?;
/// scheduler.pause_job(&job).await?;
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a job",
    label = "expected the id of a job",
    note = "write text (`\"report\"`), a `JobId`, or a reference to a `JobId`, a `JobHandle` or a `JobSnapshot`"
)]
pub trait IntoJobId: sealed::JobIdText {}

mod sealed {
    use punctual_core::JobId;

    use crate::error::Error;

    #[expect(unnameable_types, reason = "it seals the public trait")]
    pub trait JobIdText {
        fn into_job_id(self) -> Result<JobId, Error>;
    }
}

/// Returns the id that a caller has named.
pub(crate) fn job_id(id: impl IntoJobId) -> Result<JobId, Error> {
    id.into_job_id()
}

macro_rules! names_a_job {
    ($($kind:ty: |$name:ident| $id:expr;)*) => {
        $(
            impl IntoJobId for $kind {}

            impl sealed::JobIdText for $kind {
                fn into_job_id(self) -> Result<JobId, Error> {
                    let $name = self;
                    $id
                }
            }
        )*
    };
}

names_a_job! {
    JobId: |id| Ok(id);
    &JobId: |id| Ok(id.clone());
    &str: |text| JobId::new(text);
    &String: |text| JobId::new(text);
    String: |text| JobId::new(text);
    &JobHandle: |job| Ok(job.id().clone());
    &JobSnapshot: |job| Ok(job.job.id().clone());
}
