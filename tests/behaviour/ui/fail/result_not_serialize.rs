use punctual::job;

struct Report;

#[job]
async fn report() -> Result<Report, std::io::Error> {
    Ok(Report)
}

fn main() {}
