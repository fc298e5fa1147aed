use punctual::job;

struct Db;

#[job]
async fn backup(db: &Db) {
    let _ = db;
}

fn main() {}
