//! What a stored job keeps of the code that declared it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which crate declared a job, and a fingerprint of what it declared.
///
/// A scheduler compares the fingerprint with that of the code it runs: as long as they are the
/// same, the stored job stays as it is, edits included; once the code has changed, the job is
/// brought up to date.
///
/// ```
/// use punctual_core::Declared;
///
/// let stored = Declared::new("billing", "every day at nine");
/// assert_eq!(stored, Declared::new("billing", "every day at nine"));
/// assert_ne!(stored, Declared::new("billing", "every day at ten"));
/// assert_eq!(stored.by(), "billing");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    by: Box<str>,
    fingerprint: Fingerprint,
}

impl Declared {
    /// The mark of a job that `by`, a crate, declared with this definition.
    #[must_use]
    pub fn new(by: &str, definition: &str) -> Self {
        Self {
            by: by.into(),
            fingerprint: Fingerprint::of(definition),
        }
    }

    /// The crate whose code declared the job.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }
}

/// 64 bits of a text; the same on every machine and in every version, because stores keep it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint(u64);

impl Fingerprint {
    /// FNV-1a, then a finisher that lets every bit count.
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

/// As text: a number of 64 bits would lose some in a browser.
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
