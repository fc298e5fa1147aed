//! The model itself is held against the vectors: they were made by other means.

use super::time_text::{instant, written};
use super::zone::Zone;
use super::{Micros, Model};
use crate::vectors::file::{BINDING, Vector, binding};

#[test]
fn the_model_answers_every_binding_vector() {
    let mut wrong = Vec::new();
    for file in BINDING {
        for vector in binding(file) {
            let answers = answers(&vector);
            if answers != (vector.expect.clone(), vector.exhausted) {
                wrong.push(format!(
                    "{file} {}: {} model {answers:?}",
                    vector.id, vector.line
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn answers(vector: &Vector) -> (Vec<String>, bool) {
    let model = Model::read(&vector.trigger).expect("the model reads every vector");
    let utc = Zone::named("UTC").expect("UTC exists");
    let read = |text: &str| -> Micros { instant(text, &utc).expect("the model reads every time") };
    let (mut previous, mut now) = (vector.previous.as_deref().map(read), read(&vector.now));
    let mut found = Vec::new();
    while found.len() < vector.count {
        let Some(next) = model.next(previous, now) else {
            return (found, true);
        };
        found.push(written(next));
        (previous, now) = (Some(next), next);
    }
    (
        found,
        vector.exhausted && model.next(previous, now).is_none(),
    )
}
