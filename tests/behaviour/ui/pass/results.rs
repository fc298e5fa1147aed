//! Everything that a task may return.
use punctual::handler::BoxError;
use punctual::{Output, job, jobs};

#[job]
async fn nothing() {}

#[job]
async fn output() -> Output<Vec<u32>> {
    Output(vec![1])
}

#[job]
async fn result() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[job]
fn boxed() -> Result<Output<&'static str>, BoxError> {
    Err("no".into())
}

#[job]
fn future() -> impl Future<Output = ()> + Send {
    async {}
}

fn main() {
    let _ = jobs![nothing, output, result, boxed, future];
}
