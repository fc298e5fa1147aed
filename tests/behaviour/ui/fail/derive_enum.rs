use punctual::FromContext;

#[derive(FromContext)]
enum Either {
    One,
}

fn main() {}
