//! No number of arguments or results is changed without a word.

use std::collections::BTreeMap;

use punctual_core::{Date, Outcome, RunState};
use punctual_tokio::{Args, BoxError, Config, ErrorKind, Output, Scheduler};
use serde::{Deserialize, Serialize};

use crate::support::{every, pass, runs, started};

const WIDE: &str = "is an integer beyond 64 bits, which would be read as the nearest float; write it \
                    as text";
const NAN: &str = "`NaN` cannot be written as JSON; make it an `Option` or a text";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    price: f64,
    count: u128,
    parts: BTreeMap<u64, Vec<f64>>,
}

fn order() -> Order {
    Order {
        price: 0.1 + 0.2,
        count: u64::MAX.into(),
        parts: BTreeMap::from([(u64::MAX, vec![-0.0, 5e-324, f64::MAX])]),
    }
}

/// Its price to the bit, and all else.
async fn read(Args((order,)): Args<(Order,)>) -> Result<String, BoxError> {
    Ok(format!("{:x} {order:?}", order.price.to_bits()))
}

fn scheduler() -> Scheduler {
    Scheduler::builder().task("read", read).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn numbers_survive_adding_editing_exporting_importing_and_running() {
    let first = scheduler();
    first
        .add_job("read", every(1))
        .id("added")
        .args((order(),))
        .await
        .unwrap();
    let plain = Order {
        price: 1.0,
        ..order()
    };
    first
        .add_job("read", every(1))
        .id("edited")
        .args((plain,))
        .await
        .unwrap();
    first.modify_job("edited").args((order(),)).await.unwrap();
    let second = scheduler();
    second
        .import_jobs(first.export_jobs().await.unwrap())
        .await
        .unwrap();
    second.start().await.unwrap();
    pass(2).await;
    let wanted = format!("{:x} {:?}", (0.1_f64 + 0.2).to_bits(), order());
    for id in ["added", "edited"] {
        let run = runs(&second, id).await.pop().unwrap();
        assert_eq!(run.result, Some(wanted.as_str().into()), "{run:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_that_would_be_changed_are_refused_with_their_place() {
    let scheduler = scheduler();
    scheduler
        .add_job("read", every(1))
        .id("there")
        .args((order(),))
        .await
        .unwrap();
    let nan = Order {
        price: f64::NAN,
        ..order()
    };
    let wide = Order {
        count: u128::MAX,
        ..order()
    };
    let parts = Order {
        parts: BTreeMap::from([(7, vec![1.0, f64::NAN])]),
        ..order()
    };
    for (order, place, problem) in [
        (nan, "args[0].price", NAN),
        (parts, "args[0].parts.7[1]", NAN),
        (wide, "args[0].count", WIDE),
    ] {
        let added = scheduler
            .add_job("read", every(1))
            .args((order.clone(),))
            .await;
        let edited = scheduler.modify_job("there").args((order,)).await;
        for error in [added.unwrap_err(), edited.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Invalid);
            let told = error.to_string();
            assert!(told.starts_with(&format!("{place}: ")), "{told}");
            assert!(told.ends_with(problem), "{told}");
        }
    }
    let jobs = scheduler.get_jobs().await.unwrap();
    assert_eq!(jobs.len(), 1);
    let there: (Order,) = serde_json::from_str(jobs[0].args_json()).unwrap();
    assert_eq!(there, (order(),));
}

#[tokio::test(start_paused = true)]
async fn an_import_that_would_change_a_number_is_refused() {
    let scheduler = scheduler();
    scheduler
        .add_job("read", every(1))
        .id("a")
        .args((order(),))
        .await
        .unwrap();
    let export = scheduler.export_jobs().await.unwrap();
    let digits = "18446744073709551615";
    assert!(export.contains(digits));
    let wide = export.replace(
        &format!("\"count\": {digits}"),
        &format!("\"count\": {digits}9"),
    );
    let to = self::scheduler();
    let told = to.import_jobs(&wide).await.unwrap_err().to_string();
    assert!(
        told.starts_with("import.jobs[0].job.args[0].count: "),
        "{told}"
    );
    assert!(told.ends_with(WIDE), "{told}");
    assert_eq!(to.get_jobs().await.unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_would_be_changed_fails_its_run() {
    let scheduler = started().await;
    let at = scheduler.now();
    let nan = || async { Output((1, [Some(f64::NAN)])) };
    scheduler
        .add_job(nan, Date::at(at))
        .id("nan")
        .await
        .unwrap();
    let wide = || async { Ok::<_, BoxError>(BTreeMap::from([("sum", u128::MAX)])) };
    scheduler
        .add_job(wide, Date::at(at))
        .id("wide")
        .await
        .unwrap();
    let exact = || async { Output((-0.0_f64, u64::MAX, 0.1 + 0.2)) };
    scheduler
        .add_job(exact, Date::at(at))
        .id("exact")
        .await
        .unwrap();
    pass(1).await;
    for (id, place, problem) in [("nan", "result[1][0]", NAN), ("wide", "result.sum", WIDE)] {
        let run = runs(&scheduler, id).await.pop().unwrap();
        assert_eq!(run.state, RunState::Ended(Outcome::Failed));
        let told = run.error.unwrap();
        assert!(told.contains(place) && told.ends_with(problem), "{told}");
    }
    let run = runs(&scheduler, "exact").await.pop().unwrap();
    let text = run.result.unwrap().to_string();
    assert_eq!(text, "[-0.0,18446744073709551615,0.30000000000000004]");
}

#[test]
fn a_configuration_that_would_be_changed_is_refused_with_the_place() {
    let toml = |args: &str| {
        let text =
            format!("[[jobs]]\nid = 'a'\ntask = 'read'\ntrigger = '@daily'\nargs = [{args}]");
        Config::from_toml(&text)
    };
    toml("1.5, -0.0, 9223372036854775807, 1979-05-27T07:32:00Z").unwrap();
    for number in ["nan", "inf", "-inf"] {
        let told = toml(&format!("0, {{ x = {number} }}"))
            .unwrap_err()
            .to_string();
        assert!(told.starts_with("config.jobs[0].args[1].x: "), "{told}");
    }
    let jobs = |number: &str| {
        format!(r#"[{{"id": "a", "task": "read", "trigger": "@daily", "args": [{number}]}}]"#)
    };
    let json = |number: &str| Config::from_json(&format!(r#"{{"jobs": {}}}"#, jobs(number)));
    let env = |number: &str| Config::from_variables("P_", [("P_JOBS".to_owned(), jobs(number))]);
    json("18446744073709551615").unwrap();
    env("18446744073709551615").unwrap();
    let told = json("18446744073709551616").unwrap_err().to_string();
    assert!(
        told.starts_with("config.jobs[0].args[0]: ") && told.ends_with(WIDE),
        "{told}"
    );
    let told = env("18446744073709551616").unwrap_err().to_string();
    assert!(
        told.starts_with("P_JOBS[0].args[0]: ") && told.ends_with(WIDE),
        "{told}"
    );
    let told = env("1e400").unwrap_err().to_string();
    assert!(
        told.starts_with("P_JOBS[0].args[0]: `1e400` is beyond"),
        "{told}"
    );
    assert!(json("1e400").is_err());
}
