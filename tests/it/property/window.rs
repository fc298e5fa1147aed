//! A stretch of time around an instant of which the model knows every member.

use crate::model::{EARLIEST, Effort, LATEST, Micros, Model, SECOND};

pub(crate) struct Window {
    pub(crate) from: Micros,
    pub(crate) through: Micros,
    pub(crate) members: Vec<Micros>,
}

const DAY: Micros = 86_400;
/// Half the width of the windows to try, in seconds.
const WIDTHS: [Micros; 8] = [
    1,
    90,
    1_800,
    6 * 3_600,
    3 * DAY,
    30 * DAY,
    300 * DAY,
    3_000 * DAY,
];
const ENOUGH: usize = 60;

impl Window {
    /// The widest window that is cheap, or the narrowest with enough members in it.
    pub(crate) fn around(model: &Model, at: Micros) -> Option<Self> {
        let mut best = None;
        for width in WIDTHS {
            let from = (at - width * SECOND).max(EARLIEST);
            let through = (at + width * SECOND).min(LATEST);
            let times = if width == 1 { 100_000 } else { 1_500 };
            let Some(members) = model.members(from, through, &mut Effort::new(4_000, times)) else {
                break;
            };
            let enough = members.len() >= ENOUGH;
            best = Some(Self {
                from,
                through,
                members,
            });
            if enough {
                break;
            }
        }
        best
    }

    pub(crate) fn after(&self, at: Micros) -> Option<Micros> {
        self.members.iter().copied().find(|&member| member > at)
    }

    pub(crate) fn last_at_or_before(&self, at: Micros) -> Option<Micros> {
        self.members.iter().copied().rfind(|&member| member <= at)
    }

    pub(crate) fn count(&self, from: Micros, through: Micros) -> usize {
        self.members
            .iter()
            .filter(|&&member| from <= member && member <= through)
            .count()
    }
}
