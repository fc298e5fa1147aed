//! What is generated passes the strictest lints.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]

pub mod mail {
    //! Public tasks.

    /// Sends.
    #[punctual::job(name = "mail.send")]
    pub async fn send() {}
}

#[punctual::scheduled_job("@daily")]
fn task() {}

fn main() {
    task();
    let scheduler = punctual::Scheduler::builder().discover().build().unwrap();
    assert_eq!(scheduler.tasks().len(), 2);
}
