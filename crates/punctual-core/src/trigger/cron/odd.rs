//! Characters that only look like those of cron, as copied text contains them.

use std::borrow::Cow;

use super::field::Field;
use crate::error::Error;
use crate::legible::is_unseen;

/// The first character of a text that only looks right, and the text as it was meant.
pub(crate) struct Odd {
    /// The position of the character, in bytes.
    pub(crate) at: usize,
    name: Cow<'static, str>,
    meant: String,
}

impl Odd {
    pub(crate) fn find(text: &str) -> Option<Self> {
        let (at, c) = text.char_indices().find(|(_, c)| meant_by(*c).is_some())?;
        let meant = |c: char| meant_by(c).unwrap_or(Some(c));
        Some(Self {
            at,
            name: name_of(c),
            meant: text.chars().filter_map(meant).collect(),
        })
    }

    /// Returns the error for the text, which is that of a field or of a whole line.
    pub(crate) fn error(&self, field: &'static str, text: &str) -> Error {
        Error::invalid(field, text, format!("holds {}", self.name))
            .with_hint(format!("write `{}`", self.meant.trim()))
    }
}

/// Returns a better error for a field that was refused, if it contains such a character.
pub(super) fn explained(field: Field, text: &str, error: Error) -> Error {
    match Odd::find(text) {
        Some(odd) => odd.error(field.name(), text).at(odd.at),
        None => error,
    }
}

/// Returns `None` if a character is what it seems. Otherwise returns the character that was meant,
/// if there is one.
#[expect(
    clippy::option_option,
    reason = "leaving a character alone and leaving it out are two things"
)]
fn meant_by(c: char) -> Option<Option<char>> {
    let digit = |zero: char| char::from_digit(u32::from(c) - u32::from(zero), 10);
    Some(match c {
        _ if c.is_ascii_whitespace() => return None,
        _ if c.is_whitespace() => Some(' '),
        '“' | '”' | '„' | '‘' | '’' => None,
        _ if is_unseen(c) => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{2010}'..='\u{2015}' | '−' | '\u{fe58}' | '\u{fe63}' => Some('-'),
        '∗' | '⁎' | '✱' | '٭' => Some('*'),
        '、' | '،' => Some(','),
        '∕' | '⁄' => Some('/'),
        '٠'..='٩' => digit('٠'),
        '۰'..='۹' => digit('۰'),
        '०'..='९' => digit('०'),
        _ => return None,
    })
}

fn name_of(c: char) -> Cow<'static, str> {
    let code = u32::from(c);
    let name = match c {
        '\u{a0}' => "a no-break space",
        '\u{202f}' => "a narrow no-break space",
        '\u{3000}' => "an ideographic space",
        '\u{200b}' => "a zero-width space",
        '\u{feff}' => "a byte order mark",
        _ if c.is_whitespace() => "an unusual blank",
        _ if is_unseen(c) => "a character that cannot be seen",
        '\u{ff01}'..='\u{ff5e}' => return format!("the full-width `{c}` (U+{code:04X})").into(),
        '\u{2010}'..='\u{2015}' | '−' => return format!("the dash `{c}` (U+{code:04X})").into(),
        _ => return format!("`{c}` (U+{code:04X})").into(),
    };
    format!("{name} (U+{code:04X})").into()
}
