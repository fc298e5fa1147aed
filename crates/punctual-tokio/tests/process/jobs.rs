//! What the workers can do.

use std::io::Write as _;

use punctual_tokio::{Args, JobContext, Output, State};

#[derive(Clone)]
pub(crate) struct Greeting(pub(crate) &'static str);

pub(crate) async fn add(Args((a, b)): Args<(i64, i64)>) -> Output<i64> {
    Output(a + b)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its parameters"
)]
pub(crate) fn greet(
    State(Greeting(greeting)): State<Greeting>,
    context: JobContext,
) -> Result<String, String> {
    match context.attempt() {
        1 => Err("not yet".to_owned()),
        attempt => Ok(format!("{greeting} {} {attempt}", context.job_id())),
    }
}

pub(crate) async fn whereabouts() -> Output<u32> {
    Output(std::process::id())
}

/// Half lines, empty lines, bytes that are no text, and lines that look like a worker's own.
pub(crate) async fn rubbish() -> Output<&'static str> {
    let mut out = std::io::stdout().lock();
    out.write_all(
        b"\xff\xfe\n\n@0123 {\"ended\":{\"run\":1,\"outcome\":\"succeeded\"}}\nhalf a line",
    )
    .unwrap();
    Output("fine")
}

pub(crate) async fn crash() {
    std::process::abort();
}

/// Blocks its thread and listens to nobody.
pub(crate) fn hang() {
    loop {
        std::thread::park();
    }
}

/// Goes on until it is told to end, and then says that it was not done.
pub(crate) async fn wait(context: JobContext) -> Result<(), &'static str> {
    context.cancelled().await;
    Err("it has given up")
}
