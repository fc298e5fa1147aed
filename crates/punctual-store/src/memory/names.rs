//! The names of the nodes that runs and entries of the ledger refer to.

use std::sync::Arc;

use super::rows::NONE;

/// Names by index. A name is kept as long as a run or an entry refers to it.
#[derive(Debug, Default)]
pub(super) struct Names {
    slots: Vec<Name>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Name {
    text: Arc<str>,
    users: usize,
}

impl Names {
    /// Returns the index of a name and counts one more user of it.
    pub(super) fn take(&mut self, text: &Arc<str>) -> u32 {
        let is_it = |name: &Name| name.users > 0 && name.text == *text;
        let index = match self.slots.iter().position(is_it) {
            Some(index) => index as u32,
            None => self.insert(Arc::clone(text)),
        };
        self.used(index);
        index
    }

    fn insert(&mut self, text: Arc<str>) -> u32 {
        let name = Name { text, users: 0 };
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = name;
            return index;
        }
        self.slots.push(name);
        (self.slots.len() - 1) as u32
    }

    /// Counts one more run or entry that refers to a name.
    pub(super) fn used(&mut self, index: u32) {
        if let Some(name) = self.slots.get_mut(index as usize) {
            name.users += 1;
        }
    }

    /// Counts one run or entry less that refers to a name.
    pub(super) fn unused(&mut self, index: u32) {
        let Some(name) = self.slots.get_mut(index as usize).filter(|_| index != NONE) else {
            return;
        };
        name.users = name.users.saturating_sub(1);
        if name.users == 0 {
            self.free.push(index);
        }
    }

    pub(super) fn text(&self, index: u32) -> Option<&str> {
        let name = self.slots.get(index as usize)?;
        (name.users > 0).then_some(&*name.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_long_as_something_refers_to_it() {
        let mut names = Names::default();
        let (one, two) = (names.take(&"one".into()), names.take(&"two".into()));
        assert_eq!(names.take(&"one".into()), one);
        names.unused(one);
        assert_eq!(
            (names.text(one), names.text(two)),
            (Some("one"), Some("two"))
        );
        names.unused(one);
        assert_eq!(names.text(one), None);
        assert_eq!(names.take(&"three".into()), one, "its place is free");
        assert_eq!(names.text(NONE), None);
    }
}
