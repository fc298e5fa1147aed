//! Waiting for what is bound to happen.

use std::time::Duration;

use tokio::time::Instant;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Looks until there is something to see.
///
/// # Panics
///
/// If that takes too long.
pub(crate) async fn until<T>(
    what: &str,
    longest: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + longest;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not within {longest:?}");
        tokio::time::sleep(LOOK).await;
    }
}
