//! Parts of crontab files beside the fields of a line, which are variables, users, commands and
//! comments.

use crate::error::{Error, abbreviated};
use crate::trigger::cron::field::{is_month_name, weekday_of_name};

/// Returns the error for a line that holds more than its fields.
pub(super) fn explain(expr: &str) -> Option<Error> {
    let first = expr.split_whitespace().next()?;
    if first.starts_with('#') {
        let hint = "write five fields such as `*/5 9-17 * * mon-fri`";
        return Some(Error::invalid("expr", expr, "is a comment").with_hint(hint));
    }
    if is_quoted(expr) {
        let inside = expr[1..expr.len() - 1].trim();
        let hint = format!("write `{}`", abbreviated(inside));
        return Some(Error::invalid("expr", expr, "is in quotes").with_hint(hint));
    }
    variable(first).or_else(|| behind(expr))
}

fn is_quoted(expr: &str) -> bool {
    let is_in = |mark: char| expr.len() > 1 && expr.starts_with(mark) && expr.ends_with(mark);
    ['"', '\'', '`'].into_iter().any(is_in)
}

/// Returns the error for a variable such as `CRON_TZ=Europe/Paris` or `MAILTO=me`.
fn variable(word: &str) -> Option<Error> {
    let (name, value) = word.split_once('=')?;
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    if is_zone_variable(name) {
        return Some(zone(word, value.trim_matches(['"', '\''])));
    }
    let error = Error::invalid("expr", word, "sets a variable of a crontab file");
    Some(error.with_hint("keep the fields of the time only"))
}

fn is_zone_variable(name: &str) -> bool {
    name.eq_ignore_ascii_case("CRON_TZ") || name.eq_ignore_ascii_case("TZ")
}

fn zone(written: &str, name: &str) -> Error {
    let hint = match name {
        "" => "leave it out and give it as timezone".to_owned(),
        _ => format!("leave it out and give timezone=\"{}\"", abbreviated(name)),
    };
    Error::invalid("expr", written, "names a time zone").with_hint(hint)
}

/// Returns the error for words behind the fields of the time.
fn behind(expr: &str) -> Option<Error> {
    let start_of = |word: &str| word.as_ptr() as usize - expr.as_ptr() as usize;
    let words: Vec<&str> = expr.split_whitespace().collect();
    let least = match words.first()? {
        nickname if nickname.eq_ignore_ascii_case("@every") => 2,
        nickname if nickname.starts_with('@') => 1,
        _ => 5,
    };
    let word = *words
        .get(least..)?
        .iter()
        .find(|word| least < 5 || !may_be_field(word))?;
    let at = start_of(word);
    let rest = &expr[at..];
    let error = if word.starts_with('#') {
        Error::invalid("expr", rest, "is a comment").with_hint("leave it out")
    } else if let Some(name) = zone_name(word) {
        zone(word, name)
    } else {
        Error::invalid("expr", rest, "follows the fields of the time")
            .with_hint("leave it out, since the job names the task")
    };
    Some(error.at(at))
}

/// Returns whether a word has the form of a field in any cron.
fn may_be_field(word: &str) -> bool {
    let is_mark = |piece: &str| {
        let number = piece.trim_end_matches(['L', 'l', 'W', 'w']);
        number.bytes().all(|b| b.is_ascii_digit())
    };
    let is_piece = |piece: &str| {
        matches!(piece, "*" | "?" | "H" | "h")
            || is_mark(piece)
            || !piece.is_ascii()
            || weekday_of_name(piece).is_some()
            || is_month_name(piece)
    };
    !word.starts_with(['#', '/']) && word.split([',', '-', '/', '#', '~']).all(is_piece)
}

/// Returns the zone that a word names, with or without `TZ=` before it. The function does not check
/// that the zone exists, because a look-up would settle the database of the whole process.
fn zone_name(word: &str) -> Option<&str> {
    const AREAS: [&str; 16] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Etc",
        "Europe",
        "Indian",
        "Mexico",
        "Pacific",
        "US",
    ];
    const ALONE: [&str; 11] = [
        "UTC", "GMT", "UCT", "Z", "CET", "EET", "MET", "WET", "EST", "MST", "HST",
    ];
    let name = match word.split_once('=') {
        Some((variable, name)) if is_zone_variable(variable) => return Some(name),
        _ => word,
    };
    let is_area = |area: &str| {
        AREAS
            .into_iter()
            .any(|known| known.eq_ignore_ascii_case(area))
    };
    let is_zone = match name.split_once('/') {
        Some((area, _)) => is_area(area),
        None => ALONE
            .into_iter()
            .any(|known| known.eq_ignore_ascii_case(name)),
    };
    is_zone.then_some(name)
}
