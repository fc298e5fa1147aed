use punctual::{Crontab, NewJob};

struct Db;

async fn backup(_: Db) {}

fn main() {
    let _ = NewJob::new(backup, Crontab::new("@daily"));
}
