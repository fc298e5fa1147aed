/// Lists functions that have `#[job]` or `#[scheduled_job]`, for
/// [`SchedulerBuilder::jobs`](crate::scheduler::SchedulerBuilder::jobs).
///
/// ```
/// use punctual::{Scheduler, job, jobs, scheduled_job};
///
/// mod mail {
///     #[punctual::job(name = "mail.send")]
///     pub async fn send() {}
/// }
///
/// #[scheduled_job("*/5 9-17 * * mon-fri", id = "poll")]
/// async fn poll() {}
///
/// # fn main() -> Result<(), punctual::Error> {
/// let scheduler = Scheduler::builder().jobs(jobs![poll, mail::send]).build()?;
/// assert_eq!(scheduler.tasks().len(), 2);
/// # Ok(()) }
/// ```
///
/// "Expected type, found function" means that the function has neither attribute.
#[macro_export]
macro_rules! jobs {
    ($($function:ty),* $(,)?) => {
        [$(<$function as $crate::__private::Declared>::DECLARATION),*]
    };
}
