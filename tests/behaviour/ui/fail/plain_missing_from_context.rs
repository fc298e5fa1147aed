use punctual::job;

struct Db;

#[job]
fn backup(db: Db) {
    let _ = db;
}

fn main() {}
