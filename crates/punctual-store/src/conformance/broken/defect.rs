//! The defects of broken stores.

/// A defect of a [`Broken`](super::Broken) store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// Replaces a job when another one of its id is added.
    AddsTwice,
    /// Keeps whole seconds only.
    LosesMicroseconds,
    /// Keeps a name up to its first NUL character.
    CutsAtNul,
    /// Treats ids as equal that differ in case only.
    FoldsCase,
    /// Begins every page of jobs at the start of the list.
    IgnoresPages,
    /// Updates a job without comparing the revision.
    IgnoresRevisions,
    /// Resets a job that is replaced.
    ForgetsWhatReplacingKeeps,
    /// Returns due jobs newest first.
    UnsortedWindow,
    /// Tells every node of the jobs of all tasks.
    TellsOfAllTasks,
    /// Returns paused jobs as due.
    ForgetsPauses,
    /// Leaves out jobs whose tasks no node has registered.
    DropsUnknownTasks,
    /// Gives every job the same incarnation.
    ReusesIncarnations,
    /// Reports that there were edits, but not of which jobs.
    SwallowsChanges,
    /// Decides a fire time again for each node that asks.
    ClaimsTwice,
    /// Admits any number of instances.
    IgnoresLimits,
    /// Ignores ends that come with claims.
    ForgetsEnds,
    /// Gives every run the same token.
    ReusesTokens,
    /// Hands waiting runs to nodes that take none.
    HandsOutUnasked,
    /// Hands waiting runs out only when a node asks for them.
    NeverHandsOut,
    /// Hands waiting runs out while their job is paused.
    HandsOutInAPause,
    /// Lets any number of runs wait.
    IgnoresQueues,
    /// Ends a run with its first attempt.
    ForgetsRetries,
    /// Queues runs that should replace older ones.
    NeverReplaces,
    /// Drops overdue fire times without an outcome when a job is edited.
    PassesOverSilently,
    /// Forgets how many fire times an entry stands for.
    ForgetsRanges,
    /// Counts runs, and keeps nothing else of them.
    LearnsNothing,
    /// Lets every node claim, even under an old epoch.
    IgnoresEpochs,
    /// Lets every node end every run.
    EndsForOthers,
    /// Settles a dead node as a whole, and lists its runs from the first.
    SettlesAllTogether,
    /// Begins no run again.
    NeverReruns,
    /// Keeps nodes that have left.
    NeverLetsGo,
    /// Lists only the newest epoch of a name.
    HidesThePast,
    /// Opens a run by hand a second time if the request is repeated.
    RunsByHandTwice,
    /// Starts a run by hand with the arguments of its job once it has waited.
    ForgetsOwnArguments,
    /// Keeps the arguments of a run by hand out of the ledger.
    HidesOwnArguments,
    /// Decides about a run by hand by the overlap policy of its job.
    IgnoresOwnOverlaps,
    /// Lets fire times begin anew with every edit.
    ForgetsKeys,
    /// Takes the runs of nodes that are alive.
    RecoversTheLiving,
    /// Treats an epoch that was never given out as the newest.
    RecoversTheUnknown,
    /// Lists runs oldest first.
    UnsortedLedger,
    /// Begins every page of runs at the start of the list.
    IgnoresCursors,
    /// Lists jobs without their last runs.
    ListsNoLastRuns,
    /// Takes the newest run, even if it is open or never began, for the last run.
    LastRunNeverRan,
    /// Takes the run that ended last for the last run.
    LastRunByTheEnd,
    /// Lists runs with any outcome.
    IgnoresOutcomes,
    /// Lists jobs by id and ignores the order of the filter.
    IgnoresOrders,
    /// Goes on after all jobs that share the place of the last one.
    PassesOverTies,
    /// Returns only the newest runs of each job, without older open ones.
    HidesOldRuns,
    /// Returns the newest runs of several jobs without grouping them.
    MixesJobs,
    /// Reports opened runs in the feed, but no ends.
    FeedsNoEnds,
    /// Reports the same runs in the feed again and again.
    FeedsForEver,
    /// Reports one page of the feed, and goes on from the end.
    FeedsOnePage,
    /// Reports all runs from the beginning to a caller that asks for later ones.
    FeedsThePast,
    /// Reports the runs that ended, by the clocks of nodes, after all that were reported.
    FeedsByTheClock,
    /// Keeps whole seconds in the ledger.
    RoundsTheLedger,
    /// Purges nothing.
    NeverForgets,
    /// Purges more entries than the batch allows.
    IgnoresBatches,
    /// Purges all entries that have ended.
    ForgetsTooMuch,
    /// Tells no node of a request to cancel.
    ForgetsCancels,
    /// Returns the clock of the node that asks in the beats of all nodes.
    ShowsOneClock,
    /// Returns the time that is noted now, not the one before.
    ForgetsTheTime,
    /// Goes on returning a removed job that is to be forgotten.
    RemembersRemovals,
    /// Counts the runs of earlier jobs of the same id for a job.
    CountsForTheId,
    /// Does not return the jobs that left.
    HidesWhatLeft,
    /// Records runs of dead nodes as lost twice.
    LosesTwice,
    /// Checks the lease, and claims later.
    ClaimsAfterItsDeath,
    /// Reads the runs of a dead node, and takes them later.
    LosesWhatHasEnded,
    /// Compares the revision, and updates later.
    UpdatesWhatHasMoved,
    /// Reads that a run waits, and hands it out later.
    HandsOutWhatIsGone,
    /// Counts the instances, and opens another one later.
    CountsTooEarly,
    /// Reads that an id is free, and takes it later.
    AddsWhatIsTaken,
    /// Reads the runs of the feed, and its position later.
    FeedsTooFar,
}

impl Defect {
    /// The defects that show only between two concurrent calls, each with the
    /// [race](super::super::races()) that has to notice it.
    pub const RACES: &[(Self, &str)] = &[
        (
            Self::ClaimsAfterItsDeath,
            "a claim and the recovery of its node",
        ),
        (
            Self::LosesWhatHasEnded,
            "an end and the recovery of its node",
        ),
        (Self::UpdatesWhatHasMoved, "an update and a claim"),
        (
            Self::HandsOutWhatIsGone,
            "an end and a node that asks for what waits",
        ),
        (Self::LosesWhatHasEnded, "two recoveries of one node"),
        (
            Self::CountsTooEarly,
            "a run by hand and the schedule, with room for one",
        ),
        (Self::AddsWhatIsTaken, "two adds of one id"),
        (Self::FeedsTooFar, "a feed and runs that open and end"),
    ];

    /// The defects that single calls show, each with the rule that has to notice it.
    pub const ALL: &[(Self, &str)] = &[
        (Self::AddsTwice, "an id is taken once"),
        (Self::LosesMicroseconds, "a job comes back as it went in"),
        (
            Self::CutsAtNul,
            "rare texts are kept as they are, or refused",
        ),
        (Self::FoldsCase, "ids may be of any script"),
        (Self::IgnoresPages, "jobs are listed page by page"),
        (
            Self::IgnoresRevisions,
            "an update needs the newest revision",
        ),
        (
            Self::ForgetsWhatReplacingKeeps,
            "replacing keeps what the job has become",
        ),
        (
            Self::UnsortedWindow,
            "due jobs are in order, ties by registration",
        ),
        (
            Self::TellsOfAllTasks,
            "a node is told of the tasks that it knows",
        ),
        (Self::ForgetsPauses, "a paused job is not due"),
        (
            Self::DropsUnknownTasks,
            "a job whose task nobody knows waits",
        ),
        (Self::ReusesIncarnations, "no incarnation comes again"),
        (Self::SwallowsChanges, "edits are told"),
        (Self::ClaimsTwice, "of claims on one revision one wins"),
        (Self::IgnoresLimits, "the limit of instances holds"),
        (Self::ForgetsEnds, "ends come before claims, and count once"),
        (Self::ReusesTokens, "run numbers are unique, tokens grow"),
        (
            Self::HandsOutUnasked,
            "waiting runs go to the node that asks, with room",
        ),
        (Self::NeverHandsOut, "an end hands the next waiting run out"),
        (
            Self::HandsOutInAPause,
            "what waits of a paused job goes on waiting",
        ),
        (Self::IgnoresQueues, "a queue has one limit for all nodes"),
        (
            Self::ForgetsRetries,
            "a run between attempts waits in the store",
        ),
        (
            Self::ForgetsRetries,
            "the runs of an instance wait and end together",
        ),
        (Self::NeverReplaces, "a newer run replaces older ones"),
        (Self::NeverReplaces, "the oldest instances are replaced"),
        (Self::PassesOverSilently, "edits decide what is overdue"),
        (
            Self::ForgetsRanges,
            "ranges are in the ledger and the statistics",
        ),
        (
            Self::LearnsNothing,
            "statistics tell of the last run, and what is usual",
        ),
        (Self::IgnoresEpochs, "an old epoch is refused"),
        (Self::EndsForOthers, "only its node ends a run"),
        (
            Self::SettlesAllTogether,
            "a heap of runs is settled in pieces",
        ),
        (Self::NeverReruns, "a lost run is rerun by a node that can"),
        (Self::NeverLetsGo, "a node with open runs stays listed"),
        (
            Self::HidesThePast,
            "an earlier epoch with open runs is listed",
        ),
        (Self::RunsByHandTwice, "a run by hand is opened once"),
        (
            Self::RunsByHandTwice,
            "two claims by hand of one key are one run",
        ),
        (
            Self::ForgetsOwnArguments,
            "a run by hand keeps its own arguments",
        ),
        (
            Self::HidesOwnArguments,
            "a run by hand keeps its own arguments",
        ),
        (
            Self::IgnoresOwnOverlaps,
            "a run by hand is judged by its own overlap",
        ),
        (Self::ForgetsKeys, "a schedule that was set back moves on"),
        (
            Self::RecoversTheLiving,
            "a node that renews its lease is alive",
        ),
        (
            Self::RecoversTheUnknown,
            "only an epoch that was given out can die",
        ),
        (
            Self::UnsortedLedger,
            "runs are listed page by page, newest first",
        ),
        (
            Self::IgnoresCursors,
            "runs are listed page by page, newest first",
        ),
        (Self::ListsNoLastRuns, "lists tell the last run of each job"),
        (Self::LastRunNeverRan, "lists tell the last run of each job"),
        (
            Self::LastRunByTheEnd,
            "the last run is the newest one that ran",
        ),
        (Self::IgnoresOutcomes, "runs are listed by their outcomes"),
        (Self::IgnoresOrders, "each order of jobs has its pages"),
        (Self::PassesOverTies, "each order of jobs has its pages"),
        (
            Self::HidesOldRuns,
            "the newest runs of many jobs are one answer",
        ),
        (
            Self::MixesJobs,
            "the newest runs of many jobs are one answer",
        ),
        (Self::FeedsNoEnds, "a feed tells what opens and what ends"),
        (Self::FeedsForEver, "a feed tells what opens and what ends"),
        (Self::FeedsThePast, "a feed tells what opens and what ends"),
        (Self::FeedsOnePage, "a feed is told page by page"),
        (
            Self::FeedsByTheClock,
            "a feed goes by commits, not by clocks",
        ),
        (Self::RoundsTheLedger, "the ledger keeps microseconds"),
        (Self::NeverForgets, "the ledger forgets by age, in batches"),
        (
            Self::IgnoresBatches,
            "the ledger forgets by age, in batches",
        ),
        (Self::ForgetsTooMuch, "the ledger keeps so many of each job"),
        (
            Self::ForgetsCancels,
            "a request to cancel reaches the owner",
        ),
        (
            Self::ShowsOneClock,
            "a beat shows what the clock of its node showed",
        ),
        (
            Self::ForgetsTheTime,
            "what a clock showed last is told to the next who asks",
        ),
        (
            Self::RemembersRemovals,
            "what was declared of a removed job is told until one is added",
        ),
        (Self::CountsForTheId, "statistics are those of one job"),
        (Self::HidesWhatLeft, "a one-shot leaves with its last run"),
        (Self::LosesTwice, "a dead node's runs are lost exactly once"),
        (Self::ClaimsTwice, "of claims at the same time one wins"),
    ];
}
