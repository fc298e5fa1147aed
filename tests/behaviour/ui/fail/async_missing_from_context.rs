use punctual::job;

struct Db;

#[job]
async fn backup(level: u32, db: Db) {
    let _ = (level, db);
}

fn main() {}
