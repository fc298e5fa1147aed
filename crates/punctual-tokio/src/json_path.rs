//! The place of a mistake in a tree of values.

use std::borrow::Cow;

/// Returns the path of a value with the field that the problem begins with, and the rest of the
/// problem. The core begins its messages with the field, which may be the value itself.
///
/// The path `trigger` and the problem "hour: `25` is above the maximum 23" become `trigger.hour` and
/// the rest.
pub(crate) fn joined<'a>(path: &'a str, problem: &'a str) -> (Cow<'a, str>, &'a str) {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.[]".contains(c);
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
    };
    match problem.split_once(": ") {
        Some((field, rest)) if is_name(field) => {
            let last = path.rsplit('.').next().unwrap_or(path);
            if last == field {
                (path.into(), rest)
            } else {
                (format!("{path}.{field}").into(), rest)
            }
        }
        _ => (path.into(), problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_a_problem_begins_with_belongs_to_the_path() {
        for (path, problem, expected) in [
            (
                "job.trigger",
                "hour: is wrong",
                ("job.trigger.hour", "is wrong"),
            ),
            (
                "job.trigger",
                "triggers[1].day: x",
                ("job.trigger.triggers[1].day", "x"),
            ),
            ("job.id", "id: is empty", ("job.id", "is empty")),
            ("job", "missing field `id`", ("job", "missing field `id`")),
            ("job", "invalid type: map", ("job", "invalid type: map")),
        ] {
            let (path, rest) = joined(path, problem);
            assert_eq!((&*path, rest), expected);
        }
    }
}
