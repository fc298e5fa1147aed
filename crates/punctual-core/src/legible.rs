//! User text in messages, with invisible characters written out.
//!
//! A raw line break forges lines of a log, an escape sequence moves the cursor of a terminal, and a
//! no-break space looks like the blank that was meant. Every message passes through this module.

use std::borrow::Cow;
use std::fmt::Write;

/// Replaces invisible characters by escapes such as `\n`, `\u{1b}` or `\u{a0}`. Applying the
/// function twice has the same effect as applying it once.
///
/// ```
/// assert_eq!(punctual_core::legible("two\nlines"), "two\\nlines");
/// ```
pub fn legible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unseen(c) {
            push_escaped(&mut shown, c);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Returns whether a character is invisible. Such are control characters, white space other than
/// the plain blank, and marks without a width. The latter include marks that turn the direction of
/// text.
pub(crate) fn is_unseen(c: char) -> bool {
    let without_width = matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    );
    without_width || c.is_control() || (c != ' ' && c.is_whitespace())
}

fn push_escaped(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        // Writing to a String cannot fail.
        _ => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, shown) in [
            ("30 2 * * *", "30 2 * * *"),
            ("报告 ü", "报告 ü"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31m\u{0}", "\\u{1b}[31m\\u{0}"),
            ("30\u{a0}2\u{3000}\u{85}", "30\\u{a0}2\\u{3000}\\u{85}"),
            ("\u{202e}drow\u{200b}", "\\u{202e}drow\\u{200b}"),
            ("\u{2028}", "\\u{2028}"),
        ] {
            assert_eq!(legible(text), shown);
            assert_eq!(legible(&legible(text)), shown);
        }
    }
}
