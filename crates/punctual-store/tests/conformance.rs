//! The memory store keeps every rule, and the suite notices every broken store.

use futures::executor::block_on;
use punctual_store::conformance::{Broken, Defect, check, many_jobs, race, races, rules};
use punctual_store::{LedgerLimits, MemoryStore};

#[test]
fn the_memory_store_keeps_every_rule() {
    let failures = block_on(check(async || MemoryStore::new()));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_memory_store_keeps_every_rule_with_little_room() {
    let limits = LedgerLimits::new(8, 3);
    let failures = block_on(check(async || MemoryStore::with_ledger(limits)));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_fault_is_noticed_by_its_rule() {
    for (defect, rule) in Defect::ALL {
        let failures = block_on(check(async || Broken::new(MemoryStore::new(), *defect)));
        let noticed = failures.iter().any(|failure| failure.rule == *rule);
        assert!(noticed, "`{rule}` did not notice {defect:?}: {failures:#?}");
    }
}

#[test]
fn every_rule_has_a_store_that_breaks_it() {
    let tested = |rule: &&str| Defect::ALL.iter().any(|(_, own)| own == rule);
    let untested: Vec<_> = rules().filter(|rule| !tested(rule)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

async fn two_handles() -> (MemoryStore, MemoryStore) {
    let store = MemoryStore::new();
    (store.clone(), store)
}

#[test]
fn the_memory_store_wins_every_race() {
    let lost = block_on(race(two_handles, |call| block_on(call), 1_000));
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn every_torn_call_loses_its_race() {
    for (defect, name) in Defect::RACES {
        let torn = async || {
            let (one, two) = two_handles().await;
            let one = Broken::new(one, *defect);
            let two = one.beside(two);
            (one, two)
        };
        // On a busy machine the two calls of a round may follow each other.
        let is_noticed = (0..10).any(|_| {
            let lost = block_on(race(torn, |call| block_on(call), 70));
            lost.iter().any(|failure| failure.rule == *name)
        });
        assert!(is_noticed, "`{name}` did not notice {defect:?}");
    }
}

#[test]
fn every_race_is_lost_by_some_store() {
    let tested = |race: &&str| Defect::RACES.iter().any(|(_, own)| own == race);
    let untested: Vec<_> = races().filter(|race| !tested(race)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
#[ignore = "takes a while"]
fn a_million_jobs_are_kept() {
    block_on(many_jobs(&MemoryStore::new(), 1_000_000)).unwrap();
}

#[test]
fn the_memory_store_takes_no_job_over_the_limit() {
    use chrono::DateTime;
    use punctual_core::{Job, JobId, JobState};
    use punctual_store::limits::MAX_JOB_BYTES;
    use punctual_store::{ErrorKind, Insert, JobStore, OnConflict, Update};

    let job = |id: &str, bytes: usize| {
        let job = Job::new(JobId::new(id).unwrap(), "t", "* * * * *".parse().unwrap());
        job.with_args(&"x".repeat(bytes).into())
    };
    let insert = |job| {
        Insert::new(
            std::sync::Arc::new(job),
            JobState::default(),
            DateTime::UNIX_EPOCH,
        )
        .on_conflict(OnConflict::Refuse)
    };
    let store = MemoryStore::new();
    let jobs = vec![
        insert(job("large", MAX_JOB_BYTES)),
        insert(job("small", MAX_JOB_BYTES - 1_000)),
    ];
    let mut answers = block_on(store.add(jobs)).unwrap();
    let small = answers.pop().unwrap().unwrap();
    let error = answers.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    let update = Update::new(
        std::sync::Arc::new(job("small", MAX_JOB_BYTES)),
        small.state,
        DateTime::UNIX_EPOCH,
    );
    let error = block_on(store.update(update)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
}
