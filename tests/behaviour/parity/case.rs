//! A case of an upstream test suite, and what became of it here.

use libtest_mimic::Trial;

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

pub(crate) const fn suite(
    version: &'static str,
    file: &'static str,
    groups: &'static [&'static [Case]],
) -> Suite {
    Suite {
        version,
        file,
        groups,
    }
}

impl Suite {
    pub(crate) fn cases(&self) -> impl Iterator<Item = &'static Case> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// Each case as a test, by its upstream name.
    pub(crate) fn trials(&self) -> impl Iterator<Item = Trial> {
        self.cases().map(|case| {
            let name = format!("{}/{}::{}", self.version, self.file, case.name);
            Trial::test(name, || {
                (case.check)();
                Ok(())
            })
        })
    }
}
