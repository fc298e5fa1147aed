//! The requests that a store refuses.

use crate::{ClaimRequest, EndText, Error};

/// A request that a store refuses for good, as a database does if it is too large or cannot be
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Claim requests with more claims than this.
    ClaimsBeyond(usize),
    /// Claim requests with more ends than this.
    EndsBeyond(usize),
    /// Claim requests whose ends have more bytes of texts than this.
    BytesBeyond(usize),
    /// Claim requests with an end whose text contains this.
    Text(String),
    /// A job of this id. Each claim request that names it and each update of it is refused. Of jobs
    /// that are added together only this one is.
    Job(String),
}

impl Refusal {
    pub(super) fn refuses_job(&self, id: &str) -> bool {
        matches!(self, Self::Job(refused) if refused == id)
    }

    /// Returns the error of a claim request that is refused.
    pub(super) fn of(&self, request: &ClaimRequest) -> Option<Error> {
        let texts = || request.ends.iter().filter_map(|end| end.text.as_ref());
        let is_refused = match self {
            Self::ClaimsBeyond(most) => request.claims.len() > *most,
            Self::EndsBeyond(most) => request.ends.len() > *most,
            Self::BytesBeyond(most) => {
                texts().map(EndText::as_str).map(str::len).sum::<usize>() > *most
            }
            Self::Text(part) => texts().any(|text| text.as_str().contains(part)),
            Self::Job(id) => request.claims.iter().any(|claim| claim.id.as_str() == id),
        };
        is_refused.then(|| self.error())
    }

    pub(super) fn error(&self) -> Error {
        Error::refused(match self {
            Self::ClaimsBeyond(most) => format!("more than {most} claims"),
            Self::EndsBeyond(most) => format!("more than {most} ends"),
            Self::BytesBeyond(most) => format!("more than {most} bytes of texts"),
            Self::Text(part) => format!("a text with {part:?}"),
            Self::Job(id) => format!("job `{id}`"),
        })
    }
}
