use punctual::FromContext;

struct Db;

#[derive(FromContext)]
struct Deps {
    db: Db,
}

fn main() {}
