//! One trigger, built twice: by the crate under test and by the model.

use chrono::{DateTime, Utc};
use punctual_core::Trigger;
use serde_json::Value;

use crate::model::time_text::written;
use crate::model::{Micros, Model, Rule};

pub(crate) struct Subject {
    pub(crate) trigger: Trigger,
    pub(crate) model: Model,
    pub(crate) text: String,
}

/// What the crate and the model make of the same JSON.
pub(crate) enum Twins {
    Agree(Box<Subject>),
    /// Both say so.
    NeverFires,
    /// Refused, and the model finds no meeting of the rules near their start either.
    TooRare,
}

impl Subject {
    /// Builds both.
    pub(crate) fn build(json: &Value) -> Result<Twins, String> {
        let text = json.to_string();
        let model = Model::read(json).unwrap_or_else(|| panic!("the model cannot read {text}"));
        let (never, over) = (never(&model.rule), over(&model));
        match serde_json::from_value::<Trigger>(json.clone()) {
            Ok(_) if never => Err(format!("{text} is accepted although no date matches")),
            Ok(trigger) => Ok(Twins::Agree(Box::new(Self {
                trigger,
                model,
                text,
            }))),
            Err(_) if never || over => Ok(Twins::NeverFires),
            Err(_) if hard_to_meet(&model) => Ok(Twins::TooRare),
            Err(error) => Err(format!("{text} is refused: {error}")),
        }
    }

    /// A failure message: the call, what came, what was expected.
    pub(crate) fn wrong(&self, call: &str, got: &str, expected: &str) -> String {
        format!(
            "{}\n  {call}\n  got      {got}\n  expected {expected}",
            self.text
        )
    }
}

/// Whether an end is before its start, here or in what is combined.
fn over(model: &Model) -> bool {
    let here = match (model.start, model.end) {
        (Some(start), Some(end)) => end < start,
        _ => false,
    };
    here || match &model.rule {
        Rule::Calendar(rule) => rule.ends_before_it_begins(),
        Rule::And(children) | Rule::Or(children) => children.iter().any(over),
        _ => false,
    }
}

fn never(rule: &Rule) -> bool {
    match rule {
        Rule::Wall(rule) => rule.days.never(),
        Rule::And(children) | Rule::Or(children) => children.iter().any(|child| never(&child.rule)),
        _ => false,
    }
}

/// An intersection without a member soon after its latest start may be refused: the search there
/// gives up after 10,000 steps.
fn hard_to_meet(model: &Model) -> bool {
    let Rule::And(children) = &model.rule else {
        return false;
    };
    let starts = children
        .iter()
        .filter_map(|child| child.start)
        .chain(model.start);
    let latest_start = starts.max().unwrap_or(0);
    let soon = latest_start + 90 * 86_400 * crate::model::SECOND;
    let mut effort = crate::model::Effort::new(20_000, 20_000);
    let found = model.members(latest_start, soon, &mut effort);
    found.is_none_or(|members| members.is_empty())
}

pub(crate) fn utc(at: Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at).expect("an instant of the calendar")
}

pub(crate) fn micros(at: DateTime<Utc>) -> Micros {
    at.timestamp_micros()
}

/// An optional instant as a failure message shows it.
pub(crate) fn shown(at: Option<Micros>) -> String {
    at.map_or_else(|| "none".to_owned(), written)
}
