//! Values of users, dropped where that harms nothing.

use std::any::Any;
use std::mem::needs_drop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use punctual_store::lock::Mutex;
use tokio::runtime::Handle;

tokio::task_local! {
    /// Is there in the scheduler task, which waits for no value of a user.
    static IN_SCHEDULER_TASK: ();
}

/// The future of the scheduler task: what it lets go of is dropped elsewhere.
pub(crate) async fn scheduler_task(task: impl Future<Output = ()>) {
    IN_SCHEDULER_TASK.scope((), task).await;
}

/// A value of a user. A panic of its drop ends here, and the scheduler task hands the drop to a thread
/// for blocking work: it may be slow, and it may ask the scheduler.
pub(crate) struct Apart<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Apart<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Looks at the value, which is there until this is dropped.
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

/// Drops a value of a user.
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

/// What waits to be dropped. One thread takes all that has gathered: thousands of jobs may end
/// together.
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

/// Empties the heap when it is dropped, also if its runtime has ended before it could run.
struct Cleaner;

impl Drop for Cleaner {
    fn drop(&mut self) {
        let values = std::mem::take(&mut *HEAP.0.lock());
        values.into_iter().for_each(drop_here);
    }
}
