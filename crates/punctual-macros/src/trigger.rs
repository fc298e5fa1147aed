//! Triggers as literals. The parser that reads them at run time checks them at compile time.

use std::collections::HashMap;

use proc_macro2::Span;
use punctual_core::Trigger;
use punctual_core::suggest::nearest;
use serde_json::{Map, Value as Json, json};
use syn::Ident;
use syn::ext::IdentExt as _;

use crate::caret;
use crate::syntax::{Argument, Value};

/// The triggers that are written as calls, and the field that an argument without a name sets.
const TYPES: [(&str, Option<&str>); 8] = [
    ("date", Some("run_at")),
    ("interval", None),
    ("cron", None),
    ("crontab", Some("expr")),
    ("calendar_interval", None),
    ("and", None),
    ("or", None),
    ("custom", Some("name")),
];

/// The fields that may stand beside a trigger instead of inside of it.
pub(crate) const BESIDE: [&str; 7] = [
    "timezone",
    "start",
    "end",
    "gap",
    "fold",
    "day_and_weekday",
    "first_run",
];

pub(crate) fn is_type(name: &Ident) -> bool {
    let name = name.unraw();
    TYPES.iter().any(|(own, _)| name == own)
}

/// Returns the type of trigger that was probably meant.
pub(crate) fn near(name: &str) -> Option<&'static str> {
    nearest(name, TYPES.iter().map(|(own, _)| *own))
}

/// The place where a field of a trigger was written.
struct Place {
    name: Span,
    value: Span,
    text: Option<String>,
}

/// A trigger as JSON, with the places of its fields.
pub(crate) struct Literal {
    json: Map<String, Json>,
    /// The places by the path that the core gives in its errors, such as `triggers[1].minute`. The
    /// path of the whole trigger is empty.
    places: HashMap<String, Place>,
}

impl Literal {
    /// Reads `"crontab text"` or `cron(hour = 9)`.
    pub(crate) fn read(value: &Value) -> syn::Result<Self> {
        let mut literal = Self {
            json: Map::new(),
            places: HashMap::new(),
        };
        literal.json = literal.child("", value)?;
        Ok(literal)
    }

    /// Adds a field that stands beside the trigger.
    pub(crate) fn set(&mut self, name: &Ident, value: &Value) -> syn::Result<()> {
        let key = name.unraw().to_string();
        if self.json.contains_key(&key) {
            let message = format!("{key}: given both inside and beside the trigger");
            return Err(syn::Error::new(name.span(), message));
        }
        self.places.insert(key.clone(), place(name, value));
        let json = value.json()?;
        if key == "timezone" && self.json.contains_key("triggers") {
            if let Some(own) = other_zone(self.json.get("triggers"), &json) {
                let zone = json.as_str().unwrap_or_default();
                let message = format!(
                    "timezone: `{zone}` stands beside a trigger of which a part names `{own}` itself; leave one of them out"
                );
                return Err(syn::Error::new(name.span(), message));
            }
            let trigger = &mut Json::Object(std::mem::take(&mut self.json));
            set_zone(trigger, &json);
            self.json = trigger.as_object().cloned().unwrap_or_default();
        } else {
            self.json.insert(key, json);
        }
        Ok(())
    }

    /// Checks the trigger and returns it as JSON text.
    pub(crate) fn check(self) -> syn::Result<String> {
        let json = Json::Object(self.json).to_string();
        match json.parse::<Trigger>() {
            Ok(_) => Ok(json),
            Err(error) => Err(explain(&self.places, &error)),
        }
    }

    fn child(&mut self, path: &str, value: &Value) -> syn::Result<Map<String, Json>> {
        let whole = Place {
            name: value.span(),
            value: value.span(),
            text: value.text().map(|text| text.value()),
        };
        self.places.insert(path.to_owned(), whole);
        match value {
            Value::Literal(syn::Lit::Str(text), _) => {
                let fields = json!({"type": "crontab", "expr": text.value()});
                Ok(fields.as_object().cloned().unwrap_or_default())
            }
            Value::Call(name, arguments) if is_type(name) => self.call(path, name, arguments),
            other => Err(no_trigger(other)),
        }
    }

    fn call(
        &mut self,
        path: &str,
        name: &Ident,
        arguments: &[Argument],
    ) -> syn::Result<Map<String, Json>> {
        let kind = name.unraw().to_string();
        let unnamed = TYPES.iter().find(|(own, _)| kind == *own);
        let mut unnamed = unnamed.and_then(|(_, field)| *field);
        let mut triggers = Vec::new();
        let mut fields = Map::from_iter([("type".to_owned(), Json::String(kind.clone()))]);
        for argument in arguments {
            let (key, json) = match (&argument.name, &argument.value) {
                (Some(key), value) => (key.unraw().to_string(), value.json()?),
                (None, value) if kind == "and" || kind == "or" => {
                    let path = inside(path, &format!("triggers[{}]", triggers.len()));
                    triggers.push(Json::Object(self.child(&path, value)?));
                    continue;
                }
                (None, Value::Call(key, arguments)) => {
                    (key.unraw().to_string(), crate::syntax::object(arguments)?)
                }
                (None, value) => {
                    let key = unnamed.take().ok_or_else(|| no_field(&kind, value))?;
                    (key.to_owned(), value.json()?)
                }
            };
            let at = argument.name.as_ref().unwrap_or(name);
            self.places
                .insert(inside(path, &key), place(at, &argument.value));
            if fields.insert(key.clone(), json).is_some() {
                let message = format!("{key}: is given twice");
                return Err(syn::Error::new(at.span(), message));
            }
        }
        if kind == "and" || kind == "or" {
            fields.insert("triggers".to_owned(), Json::Array(triggers));
        }
        Ok(fields)
    }
}

/// Returns the first zone among triggers, and those within them, that differs from `zone`.
fn other_zone<'a>(triggers: Option<&'a Json>, zone: &Json) -> Option<&'a str> {
    triggers?.as_array()?.iter().find_map(|member| {
        let own = member.get("timezone").filter(|own| *own != zone);
        own.and_then(Json::as_str)
            .or_else(|| other_zone(member.get("triggers"), zone))
    })
}

/// Sets the zone of the members of a combination, which has none itself.
fn set_zone(trigger: &mut Json, zone: &Json) {
    if let Some(members) = trigger.get_mut("triggers").and_then(Json::as_array_mut) {
        members.iter_mut().for_each(|member| set_zone(member, zone));
    } else if let Some(fields) = trigger.as_object_mut() {
        fields.entry("timezone").or_insert_with(|| zone.clone());
    }
}

fn place(name: &Ident, value: &Value) -> Place {
    Place {
        name: name.span(),
        value: value.span(),
        text: value.text().map(|text| text.value()),
    }
}

fn inside(parent: &str, field: &str) -> String {
    if parent.is_empty() {
        field.to_owned()
    } else {
        format!("{parent}.{field}")
    }
}

/// Returns the error at the literal that it is about.
fn explain(places: &HashMap<String, Place>, error: &punctual_core::Error) -> syn::Error {
    let mut path = error.field().unwrap_or_default();
    // A field of a crontab text has no place itself, so the place of the text is used.
    if !places.contains_key(path) && path.ends_with(".timezone") && places.contains_key("timezone")
    {
        path = "timezone";
    }
    while !places.contains_key(path) && !path.is_empty() {
        path = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    }
    let Some(place) = places.get(path) else {
        return syn::Error::new(Span::call_site(), error);
    };
    if error.is_of_name() {
        return syn::Error::new(place.name, error);
    }
    syn::Error::new(place.value, caret::message(error, place.text.as_deref()))
}

fn no_field(kind: &str, value: &Value) -> syn::Error {
    let example = match kind {
        "interval" => "interval(minutes = 2)",
        "cron" => "cron(hour = 9)",
        "calendar_interval" => "calendar_interval(months = 1)",
        _ => "name = value",
    };
    syn::Error::new(
        value.span(),
        format!("expected `name = value`, as in `{example}`"),
    )
}

pub(crate) fn no_trigger(value: &Value) -> syn::Error {
    let near = match value {
        Value::Call(name, _) | Value::Word(name) => {
            let name = name.unraw().to_string();
            let near = near(&name);
            near.map(|own| format!(", did you mean `{own}(..)`?"))
        }
        _ => None,
    };
    syn::Error::new(
        value.span(),
        format!(
            "expected a trigger: a crontab text, or cron(..), crontab(..), interval(..), \
             calendar_interval(..), date(..), and(..), or(..), custom(..){}",
            near.unwrap_or_default()
        ),
    )
}
