//! The memory of a compiled trigger.

use chrono_tz::Tz;
use punctual_benches::patterns::Pattern;
use punctual_core::Trigger;

/// The largest of the patterns in the zones: the value itself and the heap that it owns.
///
/// The zones have to be in use already: what all users of a zone share is not counted.
pub(super) fn largest(patterns: &[Pattern], zones: &[Tz]) -> serde_json::Result<u64> {
    let mut largest = 0;
    for pattern in patterns {
        for &zone in zones {
            largest = largest.max(heap(pattern, zone)?);
        }
    }
    Ok(size_of::<Trigger>() as u64 + largest)
}

/// Bytes that are still allocated after the pattern was compiled.
fn heap(pattern: &Pattern, zone: Tz) -> serde_json::Result<u64> {
    let mut compiled = None;
    let counted = allocation_counter::measure(|| compiled = Some(pattern.trigger(zone)));
    compiled.transpose()?;
    Ok(counted.bytes_current.unsigned_abs())
}
