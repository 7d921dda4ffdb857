//! The value itself, in a wrapper that does not print it.

use std::fmt;

/// A secret's bytes. `Debug` and `Display` print a mask; only [`Secret::expose`] gives the value, and only a reporter
/// that was asked to `--reveal` calls that for output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: Box<[u8]>,
    /// How many leading bytes belong to the format (`ghp_`), not to the secret.
    public: usize,
}

/// The longest format prefix that a mask shows, in bytes.
const MAX_PUBLIC: usize = 16;
/// The most stars that a mask shows.
const MAX_STARS: usize = 12;

impl Secret {
    /// Wraps `value`, whose first `public` bytes are a fixed part of the format that every such token shares.
    ///
    /// At most 16 bytes, and never more than half of the value, are taken as public.
    pub fn new(value: &[u8], public: usize) -> Self {
        let public = public.min(MAX_PUBLIC).min(value.len() / 2);
        let printable = value[..public]
            .iter()
            .take_while(|b| b.is_ascii_graphic())
            .count();
        Self {
            value: value.into(),
            public: printable,
        }
    }

    /// A secret of which only the mask is known, as an earlier report tells it. Its mask is `mask`, and so is what
    /// [`Secret::expose`] gives.
    pub fn of_mask(mask: &str) -> Self {
        Self {
            value: mask.as_bytes().into(),
            public: mask.len() - trailing_stars(mask),
        }
    }

    /// The value in plain text. Never for a log, an error or a default report.
    pub fn expose(&self) -> &[u8] {
        &self.value
    }

    /// Length of the value in bytes.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// Whether the value has no bytes.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// What may be shown: the format's own prefix, then stars (at most 12, whatever the length).
    pub fn masked(&self) -> String {
        let mut mask = String::with_capacity(self.public + MAX_STARS);
        mask.extend(self.value[..self.public].iter().map(|&b| char::from(b)));
        mask.extend(std::iter::repeat_n(
            '*',
            (self.len() - self.public).min(MAX_STARS),
        ));
        mask
    }
}

/// How many of its last bytes a mask shows as stars.
fn trailing_stars(mask: &str) -> usize {
    let stars = mask.len() - mask.trim_end_matches('*').len();
    stars.min(MAX_STARS)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.masked())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_format_prefix_is_printed() {
        let secret = Secret::new(b"abc_0123456789", 4);
        assert_eq!(format!("{secret}"), "abc_**********");
        assert_eq!(format!("{secret:?}"), "Secret(abc_**********)");
    }

    #[test]
    fn a_short_value_shows_at_most_half() {
        assert_eq!(Secret::new(b"abcd", 4).masked(), "ab**");
        assert_eq!(Secret::new(b"", 4).masked(), "");
    }

    #[test]
    fn a_mask_stays_what_it_is() {
        for mask in ["abc_************", "**", "", "abc_*", "a***************"] {
            assert_eq!(Secret::of_mask(mask).masked(), mask);
        }
    }

    #[test]
    fn the_mask_does_not_tell_a_long_length() {
        assert_eq!(Secret::new(&[b'x'; 5000], 0).masked(), "************");
    }
}
