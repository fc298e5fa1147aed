use punctual::jobs;

async fn plain() {}

fn main() {
    let _ = jobs![plain];
}
