//! Values of users, which are dropped where their drop does no harm.

use std::any::Any;
use std::mem::needs_drop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use punctual_store::lock::Mutex;
use tokio::runtime::Handle;

tokio::task_local! {
    /// Set in the scheduler task, which waits for no value of a user.
    static IN_SCHEDULER_TASK: ();
}

/// The future of the scheduler task. The values that it lets go of are dropped elsewhere.
pub(crate) async fn scheduler_task(task: impl Future<Output = ()>) {
    IN_SCHEDULER_TASK.scope((), task).await;
}

/// A value of a user. A panic of its drop ends here. The scheduler task hands the drop to a thread
/// for blocking work, since the drop may be slow and may call the scheduler.
pub(crate) struct Apart<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Apart<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Calls `look` with the value, which is present until this is dropped.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.as_ref().map(look)
    }
}

impl<T: Send + 'static> Drop for Apart<T> {
    fn drop(&mut self) {
        let Some(value) = self.0.take() else {
            return;
        };
        let is_in_scheduler_task = IN_SCHEDULER_TASK.try_with(|()| ()).is_ok();
        match Handle::try_current() {
            Ok(runtime) if needs_drop::<T>() && is_in_scheduler_task => {
                HEAP.add(Box::new(value), &runtime);
            }
            _ => drop_here(value),
        }
    }
}

/// Drops a value of a user, and ends a panic of its drop.
#[expect(
    clippy::mem_forget,
    reason = "what the drop has panicked with could panic too when it is dropped, and so on"
)]
pub(crate) fn drop_here<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(move || drop(value))) {
        tracing::error!("a value that a job held has panicked when it was dropped");
        std::mem::forget(panic);
    }
}

/// The values that wait to be dropped. One thread takes all that have gathered, since thousands of
/// jobs may end together.
struct Heap(Mutex<Vec<Box<dyn Any + Send>>>);

static HEAP: Heap = Heap(Mutex::new(Vec::new()));

impl Heap {
    fn add(&self, value: Box<dyn Any + Send>, runtime: &Handle) {
        let mut values = self.0.lock();
        values.push(value);
        let is_first = values.len() == 1;
        drop(values);
        if is_first {
            let cleaner = Cleaner;
            runtime.spawn_blocking(move || drop(cleaner));
        }
    }
}

/// Empties the heap when it is dropped, even if its runtime has ended before the blocking work
/// could run.
struct Cleaner;

impl Drop for Cleaner {
    fn drop(&mut self) {
        let values = std::mem::take(&mut *HEAP.0.lock());
        values.into_iter().for_each(drop_here);
    }
}
