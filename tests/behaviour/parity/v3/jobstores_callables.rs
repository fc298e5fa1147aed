//! `tests/test_jobstores.py` of 3.11: which functions a stored job can call.

use std::sync::Arc;

use punctual_tokio::{Args, Output};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, paused};

struct Adder {
    bias: i64,
}

impl Adder {
    fn add(&self, a: i64, b: i64) -> i64 {
        self.bias + a + b
    }

    #[expect(clippy::unused_async, reason = "an async function is what is called")]
    async fn of_class(Args((a, b)): Args<(i64, i64)>) -> Output<i64> {
        Output(Self { bias: 0 }.add(a, b))
    }
}

/// Adds the job, runs it and looks at its result.
async fn gives_three(fixture: Fixture, added: punctual_tokio::AddJob) {
    let job = added.args((1, 2)).await.unwrap();
    fixture.jump(1).await;
    let runs = job.runs().await.unwrap();
    assert_eq!(runs[0].result, Some(3.into()));
}

const NAMED: &str =
    "what a job calls is a registered name; only registered functions can be called";

pub(crate) const CASES: &[Case] = &[
    same("test_add_callable_instance_method_job", || {
        paused(async {
            let fixture = Fixture::started().await;
            let adder = Arc::new(Adder { bias: 0 });
            let method = move |Args((a, b)): Args<(i64, i64)>| {
                let adder = Arc::clone(&adder);
                async move { Output(adder.add(a, b)) }
            };
            let scheduler = fixture.scheduler.clone();
            gives_three(fixture, scheduler.add_job(method, every(1))).await;
        });
    }),
    same("test_add_callable_class_method_job", || {
        paused(async {
            let fixture = Fixture::started().await;
            let scheduler = fixture.scheduler.clone();
            gives_three(fixture, scheduler.add_job(Adder::of_class, every(1))).await;
        });
    }),
    different("test_add_textual_instance_method_job", NAMED, || {
        paused(async {
            let adder = Arc::new(Adder { bias: 0 });
            let method = move |Args((a, b)): Args<(i64, i64)>| {
                let adder = Arc::clone(&adder);
                async move { Output(adder.add(a, b)) }
            };
            let fixture = Fixture::started_with(|builder| builder.task("adder.add", method)).await;
            let scheduler = fixture.scheduler.clone();
            gives_three(fixture, scheduler.add_job("adder.add", every(1))).await;
        });
    }),
    different("test_add_textual_class_method_job", NAMED, || {
        paused(async {
            let fixture =
                Fixture::started_with(|builder| builder.task("Adder::add", Adder::of_class)).await;
            let scheduler = fixture.scheduler.clone();
            gives_three(fixture, scheduler.add_job("Adder::add", every(1))).await;
        });
    }),
];
