//! Numbers as they are written in a text.
//!
//! A JSON reader no longer distinguishes a large integer from a float, so this module reads the
//! text itself.

use super::path::Key;
use crate::Error;

/// Refuses the first number that reading would change. The text need not be JSON.
pub(super) fn check(root: &str, text: &str) -> Result<(), Error> {
    let mut around = Around::default();
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let end = match byte {
            b'"' => end_of_string(text, at),
            b'-' | b'0'..=b'9' => end_of_number(text, at),
            _ => at + 1,
        };
        match byte {
            b'"' => around.string(text.get(at..end)),
            b'-' | b'0'..=b'9' => check_number(&text[at..end], || around.path(root))?,
            b'[' => around.0.push(Level::Item(0)),
            b'{' => around.0.push(Level::Key(None)),
            b']' | b'}' => drop(around.0.pop()),
            b',' => around.next(),
            _ => {}
        }
        at = end;
    }
    Ok(())
}

fn check_number(number: &str, path: impl Fn() -> String) -> Result<(), Error> {
    if number.contains(['.', 'e', 'E']) {
        if number.parse().is_ok_and(f64::is_infinite) {
            let problem = "is beyond the largest float, which is about 1.8e308";
            return Err(Error::invalid(path(), number, problem).with_hint(HINT));
        }
        return Ok(());
    }
    let fits = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    if fits || number == "-" {
        return Ok(());
    }
    Err(wide(path(), number))
}

const HINT: &str = "write it as text";

/// Returns the error that refuses an integer beyond 64 bits.
pub(super) fn wide(path: String, integer: &str) -> Error {
    let problem = "is an integer beyond 64 bits, which would be read as the nearest float";
    Error::invalid(path, integer, problem).with_hint(HINT)
}

fn end_of_string(text: &str, at: usize) -> usize {
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(at + 1) {
        match byte {
            b'"' if !is_escaped => return index + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

fn end_of_number(text: &str, at: usize) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = text.as_bytes()[at..]
        .iter()
        .take_while(|byte| is_part(byte));
    at + length.count()
}

/// The arrays and objects around a number, the outermost first.
#[derive(Default)]
struct Around<'t>(Vec<Level<'t>>);

enum Level<'t> {
    Item(usize),
    /// The key as it is written, or `None` before the key was read.
    Key(Option<&'t str>),
}

impl<'t> Around<'t> {
    fn string(&mut self, string: Option<&'t str>) {
        if let Some(Level::Key(key @ None)) = self.0.last_mut() {
            *key = string;
        }
    }

    fn next(&mut self) {
        match self.0.last_mut() {
            Some(Level::Item(index)) => *index += 1,
            Some(Level::Key(key)) => *key = None,
            None => {}
        }
    }

    fn path(&self, root: &str) -> String {
        let mut path = root.to_owned();
        for level in &self.0 {
            path += &match level {
                Level::Item(index) => format!("[{index}]"),
                Level::Key(key) => {
                    let key = serde_json::from_str::<String>(key.unwrap_or_default());
                    Key(&key.unwrap_or_default()).to_string()
                }
            };
        }
        path
    }
}
