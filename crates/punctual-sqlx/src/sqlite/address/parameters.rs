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

/// The problem of a refused parameter.
#[derive(Debug)]
pub(super) enum Problem {
    /// The fix, as the end of a sentence about what the address should do.
    Should(String),
    /// The address asks for a store that cannot write.
    ReadOnly(&'static str),
}

impl From<String> for Problem {
    fn from(what: String) -> Self {
        Self::Should(what)
    }
}

pub(super) fn read(query: &str) -> Result<Parameters, Problem> {
    let mut asked = Parameters {
        creates: true,
        in_memory: false,
    };
    let mut seen: Vec<String> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if seen.contains(&name) {
            return Err(format!("name `{name}` once").into());
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
                return Err(what.to_owned().into());
            }
            _ => return Err(unknown(&name)),
        }
        seen.push(name);
    }
    Ok(asked)
}

fn mode(value: &str) -> Result<Parameters, Problem> {
    let (creates, in_memory) = match value {
        "rwc" => (true, false),
        "rw" => (false, false),
        "memory" => (false, true),
        "ro" => {
            return Err(Problem::ReadOnly(
                "asks with `mode=ro` for a file that may only be read, and a store writes: write \
                 `mode=rw`, or leave it out",
            ));
        }
        _ => {
            let what = "say `mode=rwc` (a file that is not there is made, as without it) or `mode=rw` \
                        (it has to be there)";
            return Err(what.to_owned().into());
        }
    };
    Ok(Parameters { creates, in_memory })
}

fn cache(value: &str) -> Result<(), Problem> {
    match value {
        "private" => Ok(()),
        "shared" => Err(
            "leave out `cache=shared`: connections that share a cache refuse each other's \
                         tables instead of waiting"
                .to_owned()
                .into(),
        ),
        _ => Err("say `cache=private`, or leave it out".to_owned().into()),
    }
}

/// Refuses `immutable` and `nolock` if they are set, since SQLite would take no lock.
fn unlocked(name: &str, value: &str) -> Result<(), Problem> {
    match truth(value) {
        Some(false) => Ok(()),
        Some(true) if name == "immutable" => Err(Problem::ReadOnly(
            "says with `immutable` that the file never changes, and a store writes: leave it out",
        )),
        Some(true) => Err(
            "leave out `nolock`: without locks, processes that share the file would \
                           destroy it"
                .to_owned()
                .into(),
        ),
        None => Err(format!("say `{name}=0`, or leave it out").into()),
    }
}

fn power_safe(value: &str) -> Result<(), Problem> {
    match truth(value) {
        Some(true) => Ok(()),
        Some(false) => Err(own_pool("`psow=0`")),
        None => Err("say `psow=1`, or leave it out".to_owned().into()),
    }
}

fn own_pool(what: &str) -> Problem {
    format!(
        "leave out {what}; a pool that you open yourself may use it, and \
         `SqliteOptions::open_in` takes that"
    )
    .into()
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

fn unknown(name: &str) -> Problem {
    let known = NAMES
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known));
    if let Some(known) = known {
        return format!("write `{known}` in lower case").into();
    }
    let name = name.escape_debug();
    if name.to_string().to_lowercase().contains("timeout") {
        return format!(
            "leave out `{name}`: `SqliteOptions::busy_timeout` and `opening_timeout` are for that"
        )
        .into();
    }
    format!(
        "leave out `{name}`: `mode` is what an address may have after its `?`; a `?` that belongs to a \
         name is written `%3F`"
    )
    .into()
}
