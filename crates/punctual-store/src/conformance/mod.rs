//! The conformance suite that every store has to pass.
//!
//! [`check`] tries every rule on a fresh store and names the rules that it breaks. [`race`] makes
//! calls from two threads at the same time. Each rule and each race comes with a store that breaks
//! it, [`Broken`], so that the suite itself is tested.
//!
//! ```
//! use punctual_store::{MemoryStore, conformance};
//!
//! let faults = futures::executor::block_on(conformance::check(async || MemoryStore::new()));
//! assert!(faults.is_empty(), "{faults:?}");
//! ```

mod broken;
mod by_hand;
mod claims;
mod feed;
mod fixture;
mod instances;
mod jobs;
mod keys;
mod ledger;
mod nodes;
mod order;
mod pauses;
mod races;
mod recent;
mod removed;
mod replace;
mod scale;
mod texts;

pub use broken::{Broken, Defect};
pub use races::{RaceCall, race, races};
pub use scale::many_jobs;

use std::pin::Pin;

use crate::JobStore;

type Checked<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
type NamedRule = (&'static str, fn(&dyn JobStore) -> Checked<'_>);

const RULES: &[NamedRule] = &[
    ("an id is taken once", |store| {
        Box::pin(jobs::conflict(store))
    }),
    ("a job comes back as it went in", |store| {
        Box::pin(jobs::round_trip(store))
    }),
    ("rare texts are kept as they are, or refused", |store| {
        Box::pin(texts::kept_or_refused(store))
    }),
    ("ids may be of any script", |store| {
        Box::pin(jobs::ids(store))
    }),
    ("jobs are listed page by page", |store| {
        Box::pin(order::by_id(store))
    }),
    ("each order of jobs has its pages", |store| {
        Box::pin(order::orders(store))
    }),
    ("an update needs the newest revision", |store| {
        Box::pin(jobs::stale(store))
    }),
    ("replacing keeps what the job has become", |store| {
        Box::pin(jobs::replace(store))
    }),
    ("due jobs are in order, ties by registration", |store| {
        Box::pin(jobs::window(store))
    }),
    ("a node is told of the tasks that it knows", |store| {
        Box::pin(jobs::known_tasks(store))
    }),
    ("a paused job is not due", |store| {
        Box::pin(jobs::paused(store))
    }),
    ("a job whose task nobody knows waits", |store| {
        Box::pin(jobs::unknown_task(store))
    }),
    ("no incarnation comes again", |store| {
        Box::pin(jobs::incarnations(store))
    }),
    ("edits are told", |store| Box::pin(jobs::changes(store))),
    ("of claims on one revision one wins", |store| {
        Box::pin(claims::one_winner(store))
    }),
    ("the limit of instances holds", |store| {
        Box::pin(claims::limit(store))
    }),
    ("ends come before claims, and count once", |store| {
        Box::pin(claims::ends(store))
    }),
    ("a one-shot leaves with its last run", |store| {
        Box::pin(claims::one_shot(store))
    }),
    ("run numbers are unique, tokens grow", |store| {
        Box::pin(claims::numbers(store))
    }),
    (
        "waiting runs go to the node that asks, with room",
        |store| Box::pin(claims::promote(store)),
    ),
    ("an end hands the next waiting run out", |store| {
        Box::pin(claims::hand_out(store))
    }),
    ("what waits of a paused job goes on waiting", |store| {
        Box::pin(pauses::waits(store))
    }),
    ("a queue has one limit for all nodes", |store| {
        Box::pin(claims::queue_limit(store))
    }),
    ("a run between attempts waits in the store", |store| {
        Box::pin(claims::retry(store))
    }),
    ("the runs of an instance wait and end together", |store| {
        Box::pin(instances::together(store))
    }),
    ("a newer run replaces older ones", |store| {
        Box::pin(replace::replaces(store))
    }),
    ("the oldest instances are replaced", |store| {
        Box::pin(replace::replaces_oldest(store))
    }),
    ("edits decide what is overdue", |store| {
        Box::pin(claims::passed_over(store))
    }),
    ("ranges are in the ledger and the statistics", |store| {
        Box::pin(claims::ranges(store))
    }),
    (
        "statistics tell of the last run, and what is usual",
        |store| Box::pin(ledger::usual(store)),
    ),
    ("an old epoch is refused", |store| {
        Box::pin(nodes::fenced(store))
    }),
    ("a dead node's runs are lost exactly once", |store| {
        Box::pin(nodes::recovered(store))
    }),
    ("a heap of runs is settled in pieces", |store| {
        Box::pin(nodes::pieces(store))
    }),
    ("only its node ends a run", |store| {
        Box::pin(nodes::strangers(store))
    }),
    ("a lost run is rerun by a node that can", |store| {
        Box::pin(nodes::rerun(store))
    }),
    ("a node with open runs stays listed", |store| {
        Box::pin(nodes::leaving(store))
    }),
    ("an earlier epoch with open runs is listed", |store| {
        Box::pin(nodes::past(store))
    }),
    ("a run by hand is opened once", |store| {
        Box::pin(claims::by_hand(store))
    }),
    ("a run by hand keeps its own arguments", |store| {
        Box::pin(by_hand::own_arguments(store))
    }),
    ("a run by hand is judged by its own overlap", |store| {
        Box::pin(by_hand::own_overlap(store))
    }),
    ("of claims at the same time one wins", |store| {
        Box::pin(scale::at_once(store))
    }),
    ("a node that renews its lease is alive", |store| {
        Box::pin(nodes::alive(store))
    }),
    ("runs are listed page by page, newest first", |store| {
        Box::pin(ledger::pages(store))
    }),
    ("lists tell the last run of each job", |store| {
        Box::pin(ledger::last_run(store))
    }),
    ("the last run is the newest one that ran", |store| {
        Box::pin(ledger::last_of_two(store))
    }),
    ("runs are listed by their outcomes", |store| {
        Box::pin(ledger::by_outcomes(store))
    }),
    ("the newest runs of many jobs are one answer", |store| {
        Box::pin(recent::recent(store))
    }),
    ("a feed tells what opens and what ends", |store| {
        Box::pin(feed::tells(store))
    }),
    ("a feed is told page by page", |store| {
        Box::pin(feed::pages(store))
    }),
    ("a feed goes by commits, not by clocks", |store| {
        Box::pin(feed::clocks(store))
    }),
    ("the ledger keeps microseconds", |store| {
        Box::pin(ledger::microseconds(store))
    }),
    ("the ledger forgets by age, in batches", |store| {
        Box::pin(ledger::by_age(store))
    }),
    ("the ledger keeps so many of each job", |store| {
        Box::pin(ledger::by_count(store))
    }),
    ("statistics are those of one job", |store| {
        Box::pin(ledger::statistics_of_one_job(store))
    }),
    ("two claims by hand of one key are one run", |store| {
        Box::pin(keys::two_by_hand(store))
    }),
    ("a schedule that was set back moves on", |store| {
        Box::pin(keys::set_back(store))
    }),
    ("only an epoch that was given out can die", |store| {
        Box::pin(nodes::later_epoch(store))
    }),
    ("a beat shows what the clock of its node showed", |store| {
        Box::pin(nodes::clocks(store))
    }),
    (
        "what a clock showed last is told to the next who asks",
        |store| Box::pin(nodes::last_time(store)),
    ),
    (
        "what was declared of a removed job is told until one is added",
        |store| Box::pin(removed::removed(store)),
    ),
    ("a request to cancel reaches the owner", |store| {
        Box::pin(nodes::cancel(store))
    }),
];

/// A rule that a store breaks, with what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The name of the rule.
    pub rule: &'static str,
    /// The facts that break the rule.
    pub seen: String,
}

/// Returns the names of the rules.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(rule, _)| *rule)
}

/// Tries every rule on a fresh store of its own, and returns the failures.
pub async fn check<S: JobStore>(fresh: impl AsyncFn() -> S) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (rule, try_rule) in RULES {
        let store = fresh().await;
        if let Err(seen) = try_rule(&store).await {
            failures.push(Failure { rule, seen });
        }
    }
    failures
}
