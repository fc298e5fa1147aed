//! The vector files as they lie in `tests/vectors`.

use std::path::Path;

use serde_json::Value;

/// The files whose answers bind; `plain` without the `crontab_own` kind, `dst_calendar` only its
/// dates (its calendar vectors are answered again in `dst_calendar_ruled`).
pub(crate) const BINDING: [&str; 8] = [
    "plain",
    "crontab_standard",
    "dst_cron_ruled",
    "dst_interval",
    "dst_calendar",
    "dst_calendar_ruled",
    "quirks_ruled",
    "dst_rule",
];

/// One line of a vector file.
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) trigger: Value,
    pub(crate) now: String,
    pub(crate) previous: Option<String>,
    pub(crate) count: usize,
    pub(crate) expect: Vec<String>,
    pub(crate) exhausted: bool,
    pub(crate) line: String,
}

pub(crate) fn lines(file: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(format!("{file}.jsonl"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            (
                line.to_owned(),
                serde_json::from_str(line).expect("each line is JSON"),
            )
        })
        .collect()
}

/// The binding vectors of one file.
pub(crate) fn binding(file: &str) -> Vec<Vector> {
    let all = lines(file)
        .into_iter()
        .map(|(line, json)| vector(line, &json));
    all.filter(|vector| match file {
        "plain" => vector.kind != "crontab_own",
        "dst_calendar" => vector.trigger["type"] == "date",
        _ => true,
    })
    .collect()
}

fn vector(line: String, json: &Value) -> Vector {
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let must = |name: &str| text(name).unwrap_or_else(|| panic!("no {name} in {line}"));
    let expect = json["expect"].as_array().expect("expect is a list");
    Vector {
        id: must("id"),
        kind: must("kind"),
        trigger: json["trigger"].clone(),
        now: must("now"),
        previous: text("previous"),
        count: usize::try_from(json["count"].as_u64().expect("count is a number")).expect("small"),
        expect: expect
            .iter()
            .filter_map(|at| at.as_str().map(str::to_owned))
            .collect(),
        exhausted: json["exhausted"].as_bool().expect("exhausted is a boolean"),
        line,
    }
}
