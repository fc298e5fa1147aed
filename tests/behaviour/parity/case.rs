//! A case of an upstream test suite, and what became of it here.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// One upstream case by its name, and what stands for it here.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    check: fn(),
}

pub(crate) enum Verdict {
    /// What upstream demands holds here too.
    Same,
    /// We do something else, and this is why; the check holds us to it.
    Different(&'static str),
}

/// What upstream demands holds here too.
pub(crate) const fn same(name: &'static str, check: fn()) -> Case {
    Case {
        name,
        verdict: Verdict::Same,
        check,
    }
}

/// We do something else on purpose; the check says what.
pub(crate) const fn different(name: &'static str, reason: &'static str, check: fn()) -> Case {
    Case {
        name,
        verdict: Verdict::Different(reason),
        check,
    }
}

/// The cases of one upstream file, or of one table of its documented behaviour.
pub(crate) struct Suite {
    pub(crate) version: &'static str,
    pub(crate) file: &'static str,
    pub(crate) groups: &'static [&'static [Case]],
}

impl Suite {
    pub(crate) fn cases(&self) -> impl Iterator<Item = &'static Case> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// Runs all cases, so that one failure does not hide the others, and names those that fail.
    #[expect(
        clippy::print_stdout,
        reason = "a failing test shows which case said what"
    )]
    pub(crate) fn run(&self) {
        let failed: Vec<&str> = self
            .cases()
            .filter(|case| {
                println!("{} {}::{}", self.version, self.file, case.name);
                catch_unwind(AssertUnwindSafe(case.check)).is_err()
            })
            .map(|case| case.name)
            .collect();
        assert!(
            failed.is_empty(),
            "{} {}: {} cases fail: {failed:#?}",
            self.version,
            self.file,
            failed.len()
        );
    }
}
