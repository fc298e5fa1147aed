//! Parses the parameters after the `?` of an address. Each parameter of SQLite is accepted, or
//! refused with the reason.
//!
//! <https://www.sqlite.org/uri.html> lists them.

use super::percent::decoded;

/// The settings that the parameters ask for.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) creates: bool,
    pub(super) in_memory: bool,
}

pub(super) fn read(query: &str) -> Result<Parameters, String> {
    let mut asked = Parameters {
        creates: true,
        in_memory: false,
    };
    let mut seen: Vec<String> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if seen.contains(&name) {
            return Err(format!("name `{name}` once"));
        }
        match &*name {
            "mode" => asked = mode(&value)?,
            "cache" => cache(&value)?,
            "immutable" | "nolock" => unlocked(&name, &value)?,
            "psow" => power_safe(&value)?,
            "vfs" => {
                return Err(own_pool(
                    "`vfs`: others than the default one may know no locks",
                ));
            }
            "modeof" => {
                let what = "leave out `modeof`: make an empty file with the rights that it is to have, \
                            and write `mode=rw`";
                return Err(what.to_owned());
            }
            _ => return Err(unknown(&name)),
        }
        seen.push(name);
    }
    Ok(asked)
}

fn mode(value: &str) -> Result<Parameters, String> {
    let (creates, in_memory) = match value {
        "rwc" => (true, false),
        "rw" => (false, false),
        "memory" => (false, true),
        "ro" => {
            return Err("say `mode=rw` instead of `mode=ro`, since a store writes".to_owned());
        }
        _ => {
            let what = "say `mode=rwc` (a file that is not there is made, as without it) or `mode=rw` \
                        (it has to be there)";
            return Err(what.to_owned());
        }
    };
    Ok(Parameters { creates, in_memory })
}

fn cache(value: &str) -> Result<(), String> {
    match value {
        "private" => Ok(()),
        "shared" => Err(
            "leave out `cache=shared`: connections that share a cache refuse each other's \
                         tables instead of waiting"
                .to_owned(),
        ),
        _ => Err("say `cache=private`, or leave it out".to_owned()),
    }
}

/// Refuses `immutable` and `nolock` if they are set, since SQLite would take no lock.
fn unlocked(name: &str, value: &str) -> Result<(), String> {
    match truth(value) {
        Some(false) => Ok(()),
        Some(true) if name == "immutable" => {
            Err("leave out `immutable`, since a store writes".to_owned())
        }
        Some(true) => Err(
            "leave out `nolock`: without locks, processes that share the file would \
                           destroy it"
                .to_owned(),
        ),
        None => Err(format!("say `{name}=0`, or leave it out")),
    }
}

fn power_safe(value: &str) -> Result<(), String> {
    match truth(value) {
        Some(true) => Ok(()),
        Some(false) => Err(own_pool("`psow=0`")),
        None => Err("say `psow=1`, or leave it out".to_owned()),
    }
}

fn own_pool(what: &str) -> String {
    format!(
        "leave out {what}; a pool that you open yourself may use it, and \
         `SqliteStore::open_in` takes that"
    )
}

/// Parses a boolean as SQLite does.
fn truth(value: &str) -> Option<bool> {
    let is = |word: &str| value.eq_ignore_ascii_case(word);
    if ["1", "yes", "true", "on"].into_iter().any(is) {
        return Some(true);
    }
    ["0", "no", "false", "off"]
        .into_iter()
        .any(is)
        .then_some(false)
}

/// The names of SQLite's parameters.
const NAMES: [&str; 7] = [
    "mode",
    "cache",
    "psow",
    "nolock",
    "immutable",
    "vfs",
    "modeof",
];

/// What an address may have after its `?`.
const ALLOWED: &str = "an address may have `mode=rwc`, `mode=rw`, `cache=private`, `psow=1`, `nolock=0` and \
                       `immutable=0`";

fn unknown(name: &str) -> String {
    let known = NAMES
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known));
    if let Some(known) = known {
        return format!("write `{known}` in lower case");
    }
    let name = name.escape_debug();
    if name.to_string().to_lowercase().contains("timeout") {
        return format!(
            "leave out `{name}`; `OpenSqlite::busy_timeout` and `opening_timeout` are for that"
        );
    }
    format!("leave out `{name}`; {ALLOWED}; write `%3F` for a `?` that belongs to a name")
}
