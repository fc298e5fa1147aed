//! Finds what a store refuses in a request, by halving the request, so that it holds up nothing
//! else.

use std::ops::Range;

use punctual_machine::repeated;
use punctual_store::{ClaimAnswer, ClaimReply, ClaimRequest, EndText, Error, RunEnd};
use tracing::Level;

use super::{Worker, stands_still};

/// A part of a request, with some of its ends before some of its claims.
#[derive(Debug, Clone)]
struct Part {
    ends: Range<usize>,
    claims: Range<usize>,
}

impl Part {
    fn len(&self) -> usize {
        self.ends.len() + self.claims.len()
    }

    fn of(&self, request: &ClaimRequest) -> ClaimRequest {
        ClaimRequest::new(request.lease.clone(), request.now)
            .ends(request.ends[self.ends.clone()].to_vec())
            .claims(request.claims[self.claims.clone()].to_vec())
            .takes_waiting(request.takes_waiting)
            .is_repeated(request.is_repeated)
    }

    /// Returns two parts, of which the first is to be tried first, since ends stay before claims.
    fn halves(self) -> (Self, Self) {
        let middle = self.len() / 2;
        let ends = self.ends.start + middle.min(self.ends.len());
        let claims = self.claims.start + middle.saturating_sub(self.ends.len());
        let first = Self {
            ends: self.ends.start..ends,
            claims: self.claims.start..claims,
        };
        let second = Self {
            ends: ends..self.ends.end,
            claims: claims..self.claims.end,
        };
        (first, second)
    }

    /// Returns what the store has left of the part. It tries claims after all ends only.
    fn left_by(&self, reply: &mut ClaimReply) -> Result<Option<Self>, Error> {
        if reply.ends_done >= self.ends.len() {
            return Ok(None);
        }
        if reply.ends_done == 0 {
            return Err(stands_still());
        }
        reply.answers.clear();
        Ok(Some(Self {
            ends: self.ends.start + reply.ends_done..self.ends.end,
            claims: self.claims.clone(),
        }))
    }
}

impl Worker {
    /// Carries a refused request to the store in parts. If the store refuses a single end, a
    /// shorter form of the end is recorded. If it refuses a single claim, the claim is lost.
    pub(super) async fn claim_in_parts(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let all = Part {
            ends: 0..request.ends.len(),
            claims: 0..request.claims.len(),
        };
        let mut parts = if all.len() > 1 {
            let (first, second) = all.halves();
            vec![second, first]
        } else {
            vec![all]
        };
        let mut whole = ClaimReply::default();
        while let Some(part) = parts.pop() {
            let asked = part.of(request);
            match self.claim_all(&asked).await {
                Ok(mut reply) => {
                    let left = part.left_by(&mut reply)?;
                    add(&mut whole, &asked, reply);
                    parts.extend(left);
                }
                Err(error) if error.is_refused() && part.len() > 1 => {
                    let (first, second) = part.halves();
                    parts.extend([second, first]);
                }
                Err(error) if error.is_refused() => {
                    self.pass_over(request, &part, &error, &mut whole).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(whole)
    }

    /// Does what can be done about the one end or claim that the store refuses.
    async fn pass_over(
        &self,
        request: &ClaimRequest,
        part: &Part,
        error: &Error,
        whole: &mut ClaimReply,
    ) -> Result<(), Error> {
        for claim in &request.claims[part.claims.clone()] {
            tracing::error!(job = %claim.id, %error, "the store refuses a claim of the job: it does not run now");
            let id = &claim.id;
            self.health.voice.unheard(Level::ERROR, ("claim refused", id.as_str()), || {
                format!("the store refuses a claim of the job `{id}`, which does not run now: {error}")
            });
            whole.answers.push(ClaimAnswer::Lost(None));
        }
        for end in &request.ends[part.ends.clone()] {
            tracing::error!(run = end.run.0, %error, "the store refuses the result or error text of the run: its end is recorded without it");
            self.health
                .voice
                .unheard(Level::ERROR, ("end refused", &self.alias), || {
                    format!(
                        "the store `{}` refuses the result or error text of a run: {error}",
                        self.alias
                    )
                });
            let shorter = part.of(request).ends(vec![without_text(end, error)]);
            match self.store.claim(&shorter).await {
                Ok(reply) if reply.ends_done == 0 => return Err(stands_still()),
                Ok(reply) => add(whole, &shorter, reply),
                Err(error) if error.is_refused() => {
                    tracing::error!(run = end.run.0, %error, "the store refuses the end of the run, also without its text: it is not recorded");
                    whole.ends_done += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns an end that gives the reason why its text is not kept in place of the text.
fn without_text(end: &RunEnd, error: &Error) -> RunEnd {
    let note = |what: &str, text: &str| {
        format!("the {what} of {} bytes was not kept: {error}", text.len())
    };
    let text = end.text.as_ref().map(|text| match text {
        EndText::Result(text) => note("result", text),
        EndText::Error(text) => note("error", text),
    });
    end.clone()
        .text(text.map(|text| EndText::Error(text.into())))
}

fn add(whole: &mut ClaimReply, asked: &ClaimRequest, part: ClaimReply) {
    repeated::forget_given_back(whole, &asked.ends);
    whole.ends_done += part.ends_done;
    whole.answers.extend(part.answers);
    whole.handed.extend(part.handed);
    whole.cancels.extend(part.cancels);
    whole.removed.extend(part.removed);
}
