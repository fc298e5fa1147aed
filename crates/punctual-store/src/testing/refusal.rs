//! What a store does not take.

use crate::{ClaimRequest, EndText, Error};

/// What a store refuses for good, as databases do with what is too large or cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Claim requests with more claims.
    ClaimsBeyond(usize),
    /// Claim requests with more ends.
    EndsBeyond(usize),
    /// Claim requests whose ends have more bytes of texts.
    BytesBeyond(usize),
    /// Claim requests with an end whose text contains this.
    Text(String),
    /// A job of this id: each claim request that names it, each update of it, and of jobs that are
    /// added this one alone.
    Job(String),
}

impl Refusal {
    pub(super) fn refuses_job(&self, id: &str) -> bool {
        matches!(self, Self::Job(refused) if refused == id)
    }

    /// The error of a claim request that is refused.
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
