use punctual::{job, scheduled_job};

#[scheduled_job("@daily", max_instance = 2)]
async fn typo() {}

#[scheduled_job("@daily", replace_existing = true)]
async fn implied() {}

#[scheduled_job(hour = 9)]
async fn field() {}

#[scheduled_job("@daily", flavour = "vanilla")]
async fn unheard_of() {}

#[job(max_instances = 2)]
async fn task() {}

fn main() {}
