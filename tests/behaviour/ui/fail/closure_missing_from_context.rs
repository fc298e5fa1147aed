use punctual::{Crontab, NewJob};

fn main() {
    let _ = NewJob::new(|_: u32| async {}, Crontab::new("@daily"));
}
