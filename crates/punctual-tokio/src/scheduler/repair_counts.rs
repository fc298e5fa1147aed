//! Compares counts on demand.

use punctual_store::Drift;

use super::{Call, Scheduler};
use crate::store_link::repair_counts::recount;

/// # Comparing counts
impl Scheduler {
    /// Compares the counts of running and queued instances in the rows of all jobs with their open
    /// runs, and mends the counts that differ. Returns these counts, and logs a warning for each.
    ///
    /// A count that is too high keeps a job from running, since it seems to have no free instance.
    /// A count can only be wrong after the rows of a database were changed by hand, or restored in
    /// part. The scheduler compares counts by itself each time that it has settled the runs of a
    /// dead node.
    ///
    /// The jobs are compared 500 at a time, so other calls of the store go on between two requests.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the counts of some jobs may have
    /// been mended.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = punctual_tokio::Scheduler::builder().build()?;
    /// let mended = scheduler.recount().await?;
    /// assert!(mended.is_empty());
    /// # Ok(()) }
    /// ```
    pub fn recount(&self) -> Call<Vec<Drift>> {
        let stores = self.shared.stores();
        Call::new(async move {
            let mut mended = Vec::new();
            for named in stores {
                mended.extend(recount(&*named.store, &named.alias).await?);
            }
            Ok(mended)
        })
    }
}
