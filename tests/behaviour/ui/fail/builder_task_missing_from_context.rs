use punctual::Scheduler;

async fn backup(_: String) {}

fn main() {
    let _ = Scheduler::builder().task("backup", backup);
}
