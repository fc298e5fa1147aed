//! The beginning of a text.

/// Returns the longest beginning of at most `most` bytes that ends between two characters.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_between_two_characters() {
        for (most, told) in [
            (0, ""),
            (1, "a"),
            (2, "a"),
            (4, "a"),
            (5, "a🦀"),
            (9, "a🦀"),
        ] {
            assert_eq!(beginning("a🦀", most), told);
        }
    }
}
