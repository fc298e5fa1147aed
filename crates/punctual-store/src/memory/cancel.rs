//! Cancels runs on request.

use super::state::State;
use crate::batch::{Batch, Cancelled};
use crate::{CancelAnswer, CancelRequest};

impl State {
    pub(super) fn cancel(&mut self, request: &CancelRequest) -> CancelAnswer {
        let birth = self.open.get(request.run).map_or(0, |open| open.birth);
        let waiting = self.open.waiting(birth).into_iter();
        let waiting: Vec<_> = waiting.filter_map(|id| self.open_run(id)).collect();
        let mut asked = self.asked();
        let done = Batch::new(&mut asked, request.now).cancel(request.run, request.reason);
        match done {
            Cancelled::NotOpen => CancelAnswer::NotOpen,
            Cancelled::Marked => CancelAnswer::Asked,
            Cancelled::Ended(ids) => CancelAnswer::Ended {
                removed: asked.removed.pop(),
                runs: waiting
                    .into_iter()
                    .filter(|run| ids.contains(&run.id))
                    .collect(),
            },
        }
    }
}
