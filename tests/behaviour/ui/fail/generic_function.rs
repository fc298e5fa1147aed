use punctual::{Args, job};

#[job]
async fn send<T: Send>(Args(_): Args<T>) {}

fn main() {}
