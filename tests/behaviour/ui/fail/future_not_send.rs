use std::rc::Rc;

use punctual::job;

#[job]
async fn slow() {
    let counter = Rc::new(1);
    std::future::ready(()).await;
    drop(counter);
}

fn main() {}
