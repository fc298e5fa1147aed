use punctual::job;

mod axum {
    pub struct State<S>(pub S);
}

#[job]
async fn backup(axum::State(url): axum::State<String>) {
    let _ = url;
}

fn main() {}
