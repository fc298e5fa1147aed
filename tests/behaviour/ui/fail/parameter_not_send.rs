use std::rc::Rc;

use punctual::{Args, job};

#[job]
async fn slow(Args(counter): Args<Rc<u32>>) {
    drop(counter);
}

fn main() {}
