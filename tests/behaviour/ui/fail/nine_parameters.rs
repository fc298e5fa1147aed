use punctual::{JobContext, job};

#[job]
async fn wide(
    _1: JobContext,
    _2: JobContext,
    _3: JobContext,
    _4: JobContext,
    _5: JobContext,
    _6: JobContext,
    _7: JobContext,
    _8: JobContext,
    _9: JobContext,
) {
}

fn main() {}
