//! The line of a finding, masked, for people.

use crate::Span;

/// The line that a finding stands in, with every secret on it masked, cut to what fits a screen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// The text; control characters and bytes that are no UTF-8 are replaced.
    pub line: String,
}

/// How much of the line is kept on either side of the secret, in bytes.
const SIDE: usize = 80;
/// The longest secret, in bytes: a block of key material.
const MAX_SECRET: usize = crate::checks::pem::MAX_BLOCK + crate::rule::MAX_MATCH;

impl Context {
    /// Cuts the line around `span` out of `text`. Each span of `secrets` (sorted by start, with the mask to show) that
    /// touches it is replaced by its mask, so that a second secret on the same line does not slip out.
    pub fn cut(text: &[u8], span: Span, secrets: &[(Span, String)]) -> Self {
        let left = span.start.saturating_sub(SIDE);
        let start = memchr::memrchr(b'\n', &text[left..span.start]).map_or(left, |i| left + i + 1);
        let right = text.len().min(span.end.saturating_add(SIDE));
        let end = memchr::memchr(b'\n', &text[span.end..right]).map_or(right, |i| span.end + i);

        let mut line = String::new();
        let mut at = start;
        // Only what begins not too far before can reach into the line.
        let first = secrets.partition_point(|(s, _)| s.start + MAX_SECRET < start);
        let near = secrets[first..].iter().take_while(|(s, _)| s.start < end);
        for (secret, mask) in near.filter(|(s, _)| s.end > start) {
            if secret.end <= at {
                continue;
            }
            push_clean(&mut line, &text[at..secret.start.max(at)]);
            line.push_str(mask);
            at = secret.end;
        }
        push_clean(&mut line, &text[at.min(end)..end]);
        Self {
            line: line.trim().to_owned(),
        }
    }
}

fn push_clean(line: &mut String, bytes: &[u8]) {
    line.extend(
        String::from_utf8_lossy(bytes)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_on_the_line_is_masked() {
        let text = b"first\nuser=alpha password=bravo\nlast";
        let (a, b) = (Span::new(11, 16), Span::new(26, 31));
        let masks = [(a, "A*".to_owned()), (b, "B*".to_owned())];
        assert_eq!(Context::cut(text, b, &masks).line, "user=A* password=B*");
        assert_eq!(Context::cut(text, a, &masks).line, "user=A* password=B*");
    }

    #[test]
    fn a_secret_that_the_cut_runs_through_does_not_show_its_end() {
        let mut text = vec![b'x'; 300];
        text.extend(b" key ");
        let (long, key) = (Span::new(0, 300), Span::new(301, 304));
        let masks = [(long, "L*".to_owned()), (key, "K*".to_owned())];
        assert_eq!(Context::cut(&text, key, &masks).line, "L* K*");
    }

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let text = b"\x1b[31mkey=abc\x07\xff";
        let line = Context::cut(text, Span::new(9, 12), &[(Span::new(9, 12), "*".into())]).line;
        assert_eq!(line, "[31mkey=* \u{fffd}");
    }
}
