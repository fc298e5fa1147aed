use std::error::Error;

use punctual::job;

#[job]
async fn report() -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn main() {}
