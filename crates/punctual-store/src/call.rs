//! The calls of a store, listed once. What forwards or names every call is made from the list.

use std::fmt;
use std::iter::{Once, once};

/// Gives the list of all calls to a macro, after the tokens that the macro asks for.
macro_rules! calls {
    ($each:ident!($($before:tt)*)) => {
        $each! {
            [$($before)*]
            Add add(jobs: Vec<$crate::Insert>) -> Vec<Result<$crate::StoredJob, $crate::Error>>;
            Get get(id: punctual_core::JobId) -> Option<$crate::StoredJob>;
            List list(filter: $crate::JobFilter) -> $crate::JobPage;
            Update update(update: $crate::Update) -> $crate::StoredJob;
            Remove remove(id: punctual_core::JobId, now: chrono::DateTime<chrono::Utc>)
                -> Option<$crate::StoredJob>;
            Clear clear(now: chrono::DateTime<chrono::Utc>) -> u64;
            Removed removed(id: punctual_core::JobId) -> Option<punctual_core::Declared>;
            ForgetRemoved forget_removed(id: punctual_core::JobId) -> ();
            Unreadable unreadable(limit: usize) -> Vec<$crate::UnreadableJob>;
            Due due(request: $crate::DueRequest) -> $crate::DueJobs;
            Claim claim(request: &'a $crate::ClaimRequest) -> $crate::ClaimReply;
            Register register(node: $crate::NodeInfo) -> $crate::Lease;
            Renew renew(request: $crate::RenewRequest) -> $crate::Renewal;
            Leave leave(lease: $crate::Lease) -> ();
            Nodes nodes() -> Vec<$crate::Peer>;
            OpenRuns open_runs(request: $crate::OpenRequest) -> Vec<$crate::OpenRun>;
            Recover recover(request: $crate::RecoverRequest) -> $crate::Recovered;
            Cancel cancel(request: $crate::CancelRequest) -> $crate::CancelAnswer;
            Runs runs(filter: $crate::RunFilter) -> Vec<punctual_core::Run>;
            Recent recent(request: $crate::RecentRequest) -> Vec<punctual_core::Run>;
            RunsSince runs_since(since: $crate::RunFeed, limit: usize) -> $crate::RunsSince;
            Purge purge(retention: $crate::Retention, batch: usize) -> u64;
            Statistics statistics(id: punctual_core::JobId) -> $crate::Statistics;
            Changes changes(since: u64) -> $crate::Changes;
            Recount recount(request: $crate::RecountRequest) -> $crate::Recounted;
            Time time() -> Option<chrono::DateTime<chrono::Utc>>;
            NoteTime note_time(now: chrono::DateTime<chrono::Utc>)
                -> Option<chrono::DateTime<chrono::Utc>>;
            Close close() -> ();
        }
    };
}

pub(crate) use calls;

macro_rules! kinds {
    ([] $($kind:ident $name:ident($($value:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// A kind of call of a [`JobStore`](crate::JobStore), named like its method.
        ///
        /// Functions that take several kinds accept one `StoreCall`, an array of them, or
        /// [`StoreCall::ALL`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each is named like its method")]
        pub enum StoreCall {
            $($kind,)*
        }

        impl StoreCall {
            /// All kinds.
            pub const ALL: [Self; [$(Self::$kind),*].len()] = [$(Self::$kind),*];

            /// Returns the name of the method.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($name),)*
                }
            }
        }
    };
}

calls!(kinds!());

impl fmt::Display for StoreCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl IntoIterator for StoreCall {
    type Item = Self;
    type IntoIter = Once<Self>;

    fn into_iter(self) -> Once<Self> {
        once(self)
    }
}
