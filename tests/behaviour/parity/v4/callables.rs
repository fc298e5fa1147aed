//! `tests/test_schedulers.py` of 4.0: what can be a job, run by hand and by its schedule.

use punctual_tokio::Output;

use crate::case::{Case, same};
use crate::fixture::{Fixture, every, paused};

struct Counter(i64);

impl Counter {
    fn of_instance(&self) -> i64 {
        self.0
    }

    fn plain() -> Output<&'static str> {
        Output("class")
    }

    #[expect(clippy::unused_async, reason = "an async function is what is called")]
    async fn asynchronous() -> Output<&'static str> {
        Output("class")
    }
}

macro_rules! callable {
    ($name:literal, $task:expr, $result:expr) => {
        [
            same(
                concat!("TestAsyncScheduler::test_callable_types[", $name, "-job]"),
                || {
                    paused(async {
                        let fixture = Fixture::started().await;
                        let job = fixture.scheduler.add_job($task, every(600)).id("foo");
                        job.await.unwrap().run().await.unwrap();
                        fixture.settle().await;
                        assert_eq!(fixture.runs("foo").await[0].result, Some($result.into()));
                    });
                },
            ),
            same(
                concat!(
                    "TestAsyncScheduler::test_callable_types[",
                    $name,
                    "-schedule]"
                ),
                || {
                    paused(async {
                        let fixture = Fixture::started().await;
                        fixture
                            .scheduler
                            .add_job($task, every(1))
                            .id("foo")
                            .await
                            .unwrap();
                        fixture.jump(1).await;
                        assert_eq!(fixture.runs("foo").await[0].result, Some($result.into()));
                    });
                },
            ),
        ]
    };
}

pub(crate) const ASYNC_FUNCTION: &[Case] = &callable!(
    "async_func",
    || async { Output("returnvalue") },
    "returnvalue"
);
pub(crate) const FUNCTION: &[Case] =
    &callable!("sync_func", || Output("returnvalue"), "returnvalue");
pub(crate) const ASSOCIATED: &[Case] = &callable!("classmethod", Counter::plain, "class");
pub(crate) const ASYNC_ASSOCIATED: &[Case] =
    &callable!("async_classmethod", Counter::asynchronous, "class");
pub(crate) const METHOD: &[Case] = &callable!(
    "instancemethod",
    {
        let counter = Counter(5);
        move || Output(counter.of_instance())
    },
    5
);
pub(crate) const PARTIAL: &[Case] = &callable!(
    "partial",
    {
        let bound = "foo".to_owned();
        move || Output(bound.to_uppercase())
    },
    "FOO"
);
