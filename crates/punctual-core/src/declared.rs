//! The mark that a stored job keeps of the code that declared it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The crate that declared a job, and a fingerprint of the declaration.
///
/// A scheduler compares the fingerprint with that of the code it runs. While they are equal, the
/// stored job stays as it is, edits included. Once the code has changed, the scheduler updates the
/// job. If programs have releases, the code of an older release does not count as a change.
///
/// ```
/// use punctual_core::Declared;
///
/// let stored = Declared::new("billing", "every day at nine").of_release(7);
/// assert!(stored.says_the_same(&Declared::new("billing", "every day at nine")));
/// assert!(!stored.says_the_same(&Declared::new("billing", "every day at ten")));
/// assert_eq!((stored.by(), stored.release()), ("billing", 7));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    by: Box<str>,
    fingerprint: Fingerprint,
    #[serde(default, skip_serializing_if = "is_none")]
    release: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_none(release: &u64) -> bool {
    *release == 0
}

impl Declared {
    /// Creates the mark of a job that the crate `by` declared with this definition.
    #[must_use]
    pub fn new(by: &str, definition: &str) -> Self {
        Self {
            by: by.into(),
            fingerprint: Fingerprint::of(definition),
            release: 0,
        }
    }

    /// Returns the same mark with a release of the program. Releases are numbers that grow.
    /// Programs without releases have 0.
    #[must_use]
    pub fn of_release(self, release: u64) -> Self {
        Self { release, ..self }
    }

    /// The newest release of the program that declared this, or 0 without one.
    #[must_use]
    pub fn release(&self) -> u64 {
        self.release
    }

    /// Returns whether the same crate declared the same definition, regardless of the release.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.by == other.by && self.fingerprint == other.fingerprint
    }

    /// The crate whose code declared the job.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }
}

/// A 64-bit hash of a text. Stores keep it, so it is the same on every machine and in every
/// version.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint(u64);

impl Fingerprint {
    /// Hashes a text with FNV-1a, followed by a finisher that lets every bit count.
    fn of(text: &str) -> Self {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        for byte in text.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(state ^ (state >> 31))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The fingerprint is written as text, since a browser would lose bits of a 64-bit number.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u64::from_str_radix(&text, 16).map_err(|_| {
            serde::de::Error::custom(format_args!(
                "fingerprint: `{text}` is not 16 hexadecimal digits"
            ))
        })?;
        Ok(Self(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_fingerprints_stay_what_they_are() {
        let json = serde_json::to_string(&Declared::new("billing", "daily")).unwrap();
        assert_eq!(json, r#"{"by":"billing","fingerprint":"ebd069551351b51e"}"#);
        let read: Declared = serde_json::from_str(&json).unwrap();
        assert_eq!(read, Declared::new("billing", "daily"));
    }

    #[test]
    fn a_release_is_stored_beside_the_fingerprint() {
        let declared = Declared::new("billing", "daily").of_release(7);
        let json = serde_json::to_string(&declared).unwrap();
        assert_eq!(
            json,
            r#"{"by":"billing","fingerprint":"ebd069551351b51e","release":7}"#
        );
        assert_eq!(serde_json::from_str::<Declared>(&json).unwrap(), declared);
    }

    #[test]
    fn a_fingerprint_that_is_none_is_refused() {
        let error = serde_json::from_str::<Declared>(r#"{"by":"a","fingerprint":"x"}"#);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .starts_with("fingerprint: `x` is not")
        );
    }
}
