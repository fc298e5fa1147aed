//! The kinds of calls of a store.

use std::fmt;
use std::iter::{Once, once};

/// A kind of call of a [`JobStore`](crate::JobStore), named like its method.
///
/// Functions that take several kinds accept one `Call`, an array of them, or [`Call::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is named like its method")]
pub enum Call {
    Add,
    Get,
    List,
    Update,
    Remove,
    Clear,
    Removed,
    ForgetRemoved,
    Unreadable,
    Due,
    Claim,
    Register,
    Renew,
    Leave,
    Nodes,
    OpenRuns,
    Recover,
    Cancel,
    Runs,
    Recent,
    RunsSince,
    Purge,
    Statistics,
    Changes,
    Recount,
    Time,
    NoteTime,
    Close,
}

impl Call {
    /// All kinds.
    pub const ALL: [Self; 28] = [
        Self::Add,
        Self::Get,
        Self::List,
        Self::Update,
        Self::Remove,
        Self::Clear,
        Self::Removed,
        Self::ForgetRemoved,
        Self::Unreadable,
        Self::Due,
        Self::Claim,
        Self::Register,
        Self::Renew,
        Self::Leave,
        Self::Nodes,
        Self::OpenRuns,
        Self::Recover,
        Self::Cancel,
        Self::Runs,
        Self::Recent,
        Self::RunsSince,
        Self::Purge,
        Self::Statistics,
        Self::Changes,
        Self::Recount,
        Self::Time,
        Self::NoteTime,
        Self::Close,
    ];

    /// Returns the name of the method.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Get => "get",
            Self::List => "list",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Clear => "clear",
            Self::Removed => "removed",
            Self::ForgetRemoved => "forget_removed",
            Self::Unreadable => "unreadable",
            Self::Due => "due",
            Self::Claim => "claim",
            Self::Register => "register",
            Self::Renew => "renew",
            Self::Leave => "leave",
            Self::Nodes => "nodes",
            Self::OpenRuns => "open_runs",
            Self::Recover => "recover",
            Self::Cancel => "cancel",
            Self::Runs => "runs",
            Self::Recent => "recent",
            Self::RunsSince => "runs_since",
            Self::Purge => "purge",
            Self::Statistics => "statistics",
            Self::Changes => "changes",
            Self::Recount => "recount",
            Self::Time => "time",
            Self::NoteTime => "note_time",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl IntoIterator for Call {
    type Item = Self;
    type IntoIter = Once<Self>;

    fn into_iter(self) -> Once<Self> {
        once(self)
    }
}
