use punctual::{Args, job};

struct Mail;

#[job]
async fn send(Args(_): Args<Mail>) {}

fn main() {}
