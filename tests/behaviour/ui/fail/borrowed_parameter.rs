use std::path::Path;

use punctual::job;

struct Db;

#[job]
async fn backup(db: &Db) {
    let _ = db;
}

#[job]
async fn greet(name: &str) {
    let _ = name;
}

#[job]
async fn sum(numbers: &[u32], file: &Path) {
    let _ = (numbers, file);
}

fn main() {}
