//! The guide, a page for each theme.
//!
//! | page | |
//! |---|---|
//! | [`first_hour`] | a job, its arguments, a file, and how to steer it |
//! | [`triggers`] | when a job fires, and what happens when clocks change |
//! | [`policies`] | what becomes of runs that come late, overlap, fail or lose their process, drawn |
//! | [`handlers`] | functions as jobs: parameters, results, declared jobs and redeploys |
//! | [`executors`] | where jobs run: tasks, threads, worker processes, programs |
//! | [`stores`] | jobs in a file or a database, processes that share it, how much a store remembers |
//! | [`servers`] | a database server, its size, several services, versions, and what to watch |
//! | [`deploys`] | several processes, a rolling deploy, and a node that dies or stands still |
//! | [`shutdown`] | start and shutdown, beside a server and without a runtime |
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
            #[doc = "[policies]: crate::guide::policies\n[deploys]: crate::guide::deploys"]
            #[doc = "[shutdown]: crate::guide::shutdown\n[servers]: crate::guide::servers"]
            #[doc = ""]
            #[doc = include_str!($file)]
            pub mod $name {}
        )*
    };
}

pages! {
    first_hour "../guide/first-hour.md";
    triggers "../guide/triggers.md";
    policies "../guide/policies.md";
    handlers "../guide/handlers.md";
    executors "../guide/executors.md";
    stores "../guide/stores.md";
    servers "../guide/servers.md";
    deploys "../guide/deploys.md";
    shutdown "../guide/shutdown.md";
    configuration "../guide/configuration.md";
    errors "../guide/errors.md";
    observability "../guide/observability.md";
    testing "../guide/testing.md";
}
