//! Handlers of every number of parameters and every kind of function.

use std::time::Duration;

use punctual::handler::{BoxError, Handler};
use punctual::{Args, FromContext, Interval, JobContext, Output, Scheduler, State};

#[derive(Clone)]
struct Db(u32);

/// A parameter that waits before it is there.
struct Waited(u32);

impl FromContext for Waited {
    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok(Self(context.state::<Db>().map_or(0, |db| db.0)))
    }
}

/// Runs a function once, as a job with arguments, and answers its result.
async fn result_of<M>(handler: impl Handler<M>, args: &[u32]) -> String {
    let scheduler = Scheduler::builder()
        .state(Db(1))
        .task("task", handler)
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    let mut events = scheduler.events();
    let far = Interval::every(Duration::from_secs(86_400));
    let job = scheduler.add_job("task", far).args(args);
    let job = job.await.unwrap();
    job.run().await.unwrap();
    loop {
        match events.next().await.unwrap() {
            Ok(event) => match &event.kind {
                punctual::event::EventKind::JobExecuted(run) => {
                    return run.result.as_deref().unwrap_or_default().to_owned();
                }
                punctual::event::EventKind::JobError(run) => panic!("{run:?}"),
                _ => {}
            },
            Err(_) => panic!("too slow"),
        }
    }
}

macro_rules! arities {
    ($($name:ident: $($parameter:ident)*;)*) => {
        $(#[tokio::test]
        async fn $name() {
            fn sum(numbers: &[u32]) -> Output<u32> {
                Output(numbers.iter().sum())
            }
            #[expect(clippy::allow_attributes, reason = "most have few")]
            #[allow(clippy::too_many_arguments, clippy::unused_async, reason = "what is tested")]
            async fn asynchronous($(Args(($parameter,)): Args<(u32,)>),*) -> Output<u32> {
                sum(&[$($parameter),*])
            }
            #[expect(clippy::allow_attributes, reason = "most have few")]
            #[allow(clippy::too_many_arguments, reason = "what is tested")]
            fn plain($(Args(($parameter,)): Args<(u32,)>),*) -> Output<u32> {
                sum(&[$($parameter),*])
            }
            let held = 0;
            let expected = (0 $(+ { let _ = stringify!($parameter); 7 })*).to_string();
            // A function without parameters takes none.
            let args = &[7][usize::from(expected == "0")..];
            assert_eq!(result_of(asynchronous, args).await, expected);
            assert_eq!(result_of(plain, args).await, expected);
            let closure = move |$(Args(($parameter,)): Args<(u32,)>),*| async move { sum(&[held, $($parameter),*]) };
            assert_eq!(result_of(closure, args).await, expected);
            let blocking = move |$(Args(($parameter,)): Args<(u32,)>),*| sum(&[held, $($parameter),*]);
            assert_eq!(result_of(blocking, args).await, expected);
            let async_closure = async |$(Args(($parameter,)): Args<(u32,)>),*| sum(&[$($parameter),*]);
            assert_eq!(result_of(async_closure, args).await, expected);
        })*
    };
}

arities! {
    none: ;
    one: a;
    two: a b;
    three: a b c;
    four: a b c d;
    five: a b c d e;
    six: a b c d e f;
    seven: a b c d e f g;
    eight: a b c d e f g h;
}

#[tokio::test]
async fn a_parameter_may_wait_in_plain_and_in_async_functions() {
    let plain = |Waited(number): Waited, State(db): State<Db>| Output(number + db.0);
    assert_eq!(result_of(plain, &[]).await, "2");
    let asynchronous = |Waited(number): Waited| async move { Output(number) };
    assert_eq!(result_of(asynchronous, &[]).await, "1");
}
