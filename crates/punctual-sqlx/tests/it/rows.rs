//! Rows that cannot be decoded, and texts of every kind.

use punctual_core::{JobId, Outcome, RunId};
use punctual_sqlx::limits::{MAX_JOB_BYTES, MAX_TEXT_BYTES};
use punctual_store::{
    ClaimAnswer, EndText, ErrorKind, JobFilter, JobStore, OnConflict, RunCursor, RunFilter,
};
use serde_json::json;

use crate::fixture::{add, advance, at, begun, due, ended, insert, job, node, recover, request};
use crate::folder::{Folder, NUL, OWN_DAMAGE, Store};
use crate::opening::{connect, run};

const DAMAGED: [(&str, &str, &str); 7] = [
    (
        "text",
        "trigger_json",
        "UPDATE punctual_jobs SET trigger_json = 'soon' WHERE id = 'text'",
    ),
    (
        "trigger",
        "trigger_json",
        r#"UPDATE punctual_jobs SET trigger_json = '{"type":"sunset"}' WHERE id = 'trigger'"#,
    ),
    (
        "policy",
        "policies_json",
        r#"UPDATE punctual_jobs SET policies_json = '{"mercy":1}' WHERE id = 'policy'"#,
    ),
    (
        "args",
        "args_json",
        "UPDATE punctual_jobs SET args_json = '[' WHERE id = 'args'",
    ),
    (
        "count",
        "running",
        "UPDATE punctual_jobs SET running = -1 WHERE id = 'count'",
    ),
    (
        "reason",
        "absence",
        "UPDATE punctual_jobs SET absence = 'lazy' WHERE id = 'reason'",
    ),
    (
        "newer",
        "newer Punctual",
        "UPDATE punctual_jobs SET version = 2 WHERE id = 'newer'",
    ),
];

/// Returns what is done to damage rows, with that which only this store can suffer.
fn damages() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    DAMAGED.into_iter().chain(OWN_DAMAGE.iter().copied())
}

/// Opens a store with a sound job and all kinds of damaged ones.
async fn damaged(folder: &Folder) -> Store {
    let store = folder.open("jobs.db").await;
    add(&store, job("good")).await.unwrap();
    let mut other = connect(folder, "jobs.db").await;
    for (id, _, statement) in damages() {
        add(&store, job(id)).await.unwrap();
        run(&mut other, statement).await;
    }
    store
}

#[tokio::test]
async fn rows_that_cannot_be_read_do_not_hold_up_others() {
    let folder = Folder::new();
    let store = damaged(&folder).await;
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(listed.len(), 1);
    let due = due(&store, at(60)).await;
    assert_eq!(due.jobs.len(), 1);
    assert_eq!(due.beyond, None);
    let lease = node(&store, "one").await;
    let claims = vec![advance(&due.jobs[0].stored, at(10))];
    let reply = store.claim(&request(&lease, claims, vec![])).await.unwrap();
    assert!(matches!(reply.answers[..], [ClaimAnswer::Won(_)]));
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_shown_with_the_reason() {
    let folder = Folder::new();
    let store = damaged(&folder).await;
    let mut unreadable = store.unreadable(100).await.unwrap();
    for (id, reason, _) in damages() {
        let place = unreadable.iter().position(|job| job.id == id).unwrap();
        let found = unreadable.remove(place).reason;
        assert!(found.contains(reason), "{id}: {found}");
    }
    assert_eq!(unreadable, vec![]);
    assert_eq!(store.unreadable(2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_never_deleted() {
    let folder = Folder::new();
    let store = damaged(&folder).await;
    for (id, ..) in damages() {
        let own = JobId::new(id).unwrap();
        let mut again = insert(job(id));
        again.on_conflict = OnConflict::Replace;
        let replaced = store.add(vec![again]).await.unwrap().remove(0);
        for kind in [
            store.get(own.clone()).await.unwrap_err().kind(),
            store.remove(own, at(0)).await.unwrap_err().kind(),
            replaced.unwrap_err().kind(),
        ] {
            assert_eq!(kind, ErrorKind::Unreadable, "{id}");
        }
    }
    assert_eq!(store.clear(at(0)).await.unwrap(), 1);
    assert_eq!(
        store.unreadable(100).await.unwrap().len(),
        damages().count()
    );
}

/// Runs of a job whose definition is damaged still end, and the job stays.
#[tokio::test]
async fn a_job_that_is_damaged_while_it_runs_stays() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let first = begun(&store, &lease, job("text")).await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET trigger_json = '?', finished = true",
    )
    .await;
    let ends = vec![ended(first)];
    let reply = store.claim(&request(&lease, vec![], ends)).await.unwrap();
    assert_eq!(reply.removed, vec![]);
    run(
        &mut other,
        r#"UPDATE punctual_jobs SET trigger_json = '{"type":"interval","seconds":9}'"#,
    )
    .await;
    let found = store.get("text".try_into().unwrap()).await.unwrap();
    assert_eq!(found.unwrap().state.running, 0);
}

#[tokio::test]
async fn runs_that_cannot_be_read_are_passed_over() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    for id in ["a", "b"] {
        begun(&store, &lease, job(id)).await;
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_runs SET state = 'exploded' WHERE job = 'b'",
    )
    .await;
    let runs = store.runs(RunFilter::default()).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| run.job.as_str()).collect::<Vec<_>>(),
        ["a"]
    );
}

#[tokio::test]
async fn texts_of_every_kind_come_back_as_they_were() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "nöde '\"; DROP").await;
    let ids = [
        "🦀",
        "e\u{301}",
        "é",
        "\u{feff}",
        "مرحبا",
        "a'b\"c`d",
        "{p}jobs",
        "\u{10ffff}",
    ];
    let name = format!("nul {NUL}, bell \u{7}, {{p}}jobs, {{jobs}}");
    let error = format!("nul {NUL} 🦀");
    for id in ids {
        let wanted = job(id)
            .with_name(Some(&*name))
            .with_tags([id, NUL])
            .with_args(
                &json!({"text": "\0 \u{7f} \\ 'x' 🦀", "big": 18_446_744_073_709_551_615_u64}),
            );
        let stored = add(&store, wanted.clone()).await.unwrap();
        let read = store.get(stored.job.id().clone()).await.unwrap().unwrap();
        assert_eq!(*read.job, wanted);
        let claims = vec![advance(&read, at(10))];
        let reply = store.claim(&request(&lease, claims, vec![])).await.unwrap();
        let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
            panic!("{reply:?}");
        };
        let end = ended(won.first)
            .outcome(Outcome::Failed)
            .text(Some(EndText::Error((*error).into())));
        store
            .claim(&request(&lease, vec![], vec![end]))
            .await
            .unwrap();
        let runs = store
            .runs(RunFilter::job(stored.job.id().clone()))
            .await
            .unwrap();
        assert_eq!(runs[0].error.as_deref(), Some(&*error));
        assert_eq!(runs[0].node.as_deref(), Some("nöde '\"; DROP"));
    }
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(listed.len(), ids.len());
}

#[tokio::test]
async fn a_job_over_the_limit_is_refused_alone() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let large = job("large").with_args(&json!("x".repeat(MAX_JOB_BYTES)));
    let answers = store
        .add(vec![insert(large), insert(job("small"))])
        .await
        .unwrap();
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let text = error.to_string();
    assert!(text.contains("large") && text.contains("1048576"), "{text}");
    assert!(answers[1].is_ok());
}

/// An end is never refused, since its run would stay open for ever.
#[tokio::test]
async fn a_result_over_the_limit_does_not_keep_a_run_open() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let claims = vec![advance(&add(&store, job("a")).await.unwrap(), at(10))];
    let reply = store.claim(&request(&lease, claims, vec![])).await.unwrap();
    let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    let json = format!("\"{}\"", "x".repeat(MAX_TEXT_BYTES));
    let end = ended(won.first).text(Some(EndText::Result(json.into())));
    store
        .claim(&request(&lease, vec![], vec![end]))
        .await
        .unwrap();
    let runs = store.runs(RunFilter::default()).await.unwrap();
    assert_eq!(runs[0].state.outcome(), Some(Outcome::Succeeded));
    assert_eq!(runs[0].result, None);
    assert!(runs[0].error.as_ref().unwrap().contains("was not kept"));
}

/// No node settles an open run that cannot be decoded. Its node stays listed, so that the run is
/// settled after the row is repaired.
#[tokio::test]
async fn a_node_with_an_open_run_that_cannot_be_read_stays_listed() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    begun(&store, &lease, job("a")).await;
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, "UPDATE punctual_runs SET origin = 'dream'").await;
    store.leave(lease).await.unwrap();
    let heir = node(&store, "heir").await;
    let lost = async || recover(&store, &heir, "one", 10).await.lost.len();
    assert_eq!(lost().await, 0);
    run(&mut other, "UPDATE punctual_runs SET origin = 'scheduled'").await;
    assert_eq!(lost().await, 1);
    let found = store.get("a".try_into().unwrap()).await.unwrap();
    assert_eq!(found.unwrap().state.running, 0);
}

/// The outcomes of its runs are counted even if the rest of its row cannot be decoded.
#[tokio::test]
async fn runs_of_a_job_whose_state_is_damaged_meanwhile_are_counted() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let first = begun(&store, &lease, job("a")).await;
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, "UPDATE punctual_jobs SET absence = 'lazy'").await;
    let ends = vec![ended(first)];
    store.claim(&request(&lease, vec![], ends)).await.unwrap();
    let reason = &store.unreadable(9).await.unwrap()[0].reason;
    assert!(reason.contains("lazy"), "{reason}");
    run(&mut other, "UPDATE punctual_jobs SET absence = 'grace'").await;
    let found = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    assert_eq!(found.state.running, 0);
    let done = store.statistics("a".try_into().unwrap()).await.unwrap();
    assert_eq!(done.succeeded, 1);
}

#[tokio::test]
async fn a_page_before_the_greatest_number_is_the_newest() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    begun(&store, &lease, job("a")).await;
    let page = RunFilter {
        before: Some(RunCursor::new(at(0), RunId(u64::MAX))),
        ..RunFilter::default()
    };
    assert_eq!(store.runs(page).await.unwrap().len(), 1);
}
