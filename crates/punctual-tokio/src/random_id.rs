//! Ids that are made up. They name jobs and nodes, and mark the lines of a worker process.

/// Returns 128 bits of the operating system's randomness in hexadecimal digits. A node goes by such
/// a name among all that share its store, so two processes must not make up the same.
///
/// # Panics
///
/// Panics if the operating system has no randomness to give. The hash maps of the standard library
/// panic then as well.
pub(crate) fn made_up_id() -> String {
    let mut bits = [0; 16];
    if let Err(error) = getrandom::fill(&mut bits) {
        panic!("the operating system has no randomness to give: {error}");
    }
    format!("{:032x}", u128::from_ne_bytes(bits))
}

/// Returns `true` if an id looks like one that was made up.
pub(crate) fn is_made_up(id: &str) -> bool {
    id.len() == 32
        && id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_that_are_made_up_look_like_it() {
        for _ in 0..1_000 {
            let id = made_up_id();
            assert!(is_made_up(&id), "{id}");
        }
    }

    #[test]
    fn ids_that_were_given_do_not() {
        let id = made_up_id();
        for given in [
            "",
            "report",
            &id[1..],
            &format!("{id}0"),
            &id.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
            "0123456789abcdef-123456789abcdef",
            "报告报告报告报告报告ab",
        ] {
            assert!(!is_made_up(given), "{given}");
        }
    }

    #[test]
    fn no_id_is_made_up_twice_on_any_thread() {
        let made = || (0..1_000).map(|_| made_up_id()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(made)).collect();
        let ids = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        assert_eq!(ids.collect::<HashSet<_>>().len(), 4_000);
    }

    /// A counter that is written in hexadecimal digits would hardly move the first of them.
    #[test]
    fn every_digit_changes() {
        let ids: Vec<_> = (0..1_000).map(|_| made_up_id()).collect();
        for place in 0..32 {
            let digits: HashSet<_> = ids.iter().map(|id| id.as_bytes()[place]).collect();
            assert_eq!(digits.len(), 16, "digit {place}");
        }
    }
}
