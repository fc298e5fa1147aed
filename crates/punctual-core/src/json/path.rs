//! The path to a part of a value, in a form such as `args[2].price`.

use std::fmt;

/// A place in a value, with a link to the place around it. Paths are made while a value is written,
/// and read only if something is wrong there.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root(&'a str),
    Item(&'a Self, usize),
    Key(&'a Self, &'a dyn fmt::Display),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(root) => f.write_str(root),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Key(parent, key) => write!(f, "{parent}{}", Key(&key.to_string())),
        }
    }
}

/// An object's key, shown after the path of the object.
pub(super) struct Key<'a>(pub(super) &'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        match self.0 {
            "" => f.write_str("[\"\"]"),
            key if key.chars().all(is_plain) => write!(f, ".{key}"),
            key => write!(f, "[\"{}\"]", key.escape_debug()),
        }
    }
}
