//! Values in a row, with a step.

/// The values `first`, `first + step`, and so on up to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) step: u32,
}

impl Range {
    /// Returns the values as bits. The field's values must be below 64.
    pub(crate) fn bits(self) -> u64 {
        let last = self.last.min(63);
        if self.step == 1 {
            return u64::MAX >> (63 - last) & u64::MAX.checked_shl(self.first).unwrap_or(0);
        }
        (self.first..=last)
            .step_by(self.step as usize)
            .fold(0, |bits, value| bits | 1 << value)
    }
}
