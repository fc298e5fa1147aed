//! The guide, a page for each theme.
//!
//! | page | |
//! |---|---|
//! | [`triggers`] | when a job fires, and what happens when clocks change |
//! | [`handlers`] | functions as jobs: parameters, results, declared jobs and redeploys |
//! | [`executors`] | where jobs run: tasks, threads, worker processes, programs |
//! | [`stores`] | jobs in a file, processes that share it, how much a store remembers |
//! | [`configuration`] | a scheduler from TOML, JSON and environment variables |
//! | [`errors`] | the one type of error and its kinds |
//! | [`observability`] | the log, spans and metrics |
//! | [`testing`] | a clock that the test moves, also for jobs with I/O |

/// Makes a page of a file. A page links to another one by `[text][page]`, whose target is given at
/// its end for those who read the file, and here, where it comes first, for those who read this.
macro_rules! pages {
    ($($name:ident $file:literal;)*) => {
        $(
            #[doc = "[triggers]: crate::guide::triggers\n[handlers]: crate::guide::handlers"]
            #[doc = "[executors]: crate::guide::executors\n[stores]: crate::guide::stores"]
            #[doc = "[configuration]: crate::guide::configuration\n[errors]: crate::guide::errors"]
            #[doc = "[observability]: crate::guide::observability\n[testing]: crate::guide::testing"]
            #[doc = ""]
            #[doc = include_str!($file)]
            pub mod $name {}
        )*
    };
}

pages! {
    triggers "../guide/triggers.md";
    handlers "../guide/handlers.md";
    executors "../guide/executors.md";
    stores "../guide/stores.md";
    configuration "../guide/configuration.md";
    errors "../guide/errors.md";
    observability "../guide/observability.md";
    testing "../guide/testing.md";
}
