use punctual::job;

struct Mailer;

impl Mailer {
    #[job]
    async fn send(&self) {}
}

fn main() {}
