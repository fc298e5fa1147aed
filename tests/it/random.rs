//! A random source that gives the same numbers on every machine and in every release.

/// `SplitMix64`: small, well known, and never to change under a printed seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The source of one case of one family: a printed seed leads back to exactly this case.
    pub(crate) fn of_case(seed: u64, family: &str, case: u64) -> Self {
        let mut state = seed ^ case.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for byte in family.bytes() {
            state = state.wrapping_mul(0x0000_0100_0000_01B3) ^ u64::from(byte);
        }
        let mut random = Self(state);
        random.bits();
        random
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` through `high`.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        assert!(low <= high, "empty range {low}..={high}");
        let span = high.abs_diff(low).saturating_add(1);
        low + i64::try_from(self.bits() % span).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.bits() % from.len() as u64).unwrap_or(0)]
    }
}
