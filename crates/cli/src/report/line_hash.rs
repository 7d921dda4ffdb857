//! The line fingerprint by which GitHub code scanning tells that an alert of one upload is an alert of the next.
//!
//! The upload action computes `primaryLocationLineHash` itself where it finds the file on disk, and warns where a
//! report brings another value; uploads through the API get none at all. So this must be its algorithm to the bit
//! (github/codeql-action, `src/fingerprints.ts`):
//!
//! * The text is read as UTF-16 code units, each sequence that is no UTF-8 as one U+FFFD.
//! * Spaces and tabs are left out, `\r\n` and `\r` become `\n`; so a line also ends after a lone `\r`.
//! * The unit 65535 is added at the end, then zeros, so that every line has 100 units from its start on.
//! * A line's hash is `h = 37 * h + unit` over these 100 units, modulo 2^64, rolled on with the text.
//! * Its name is the hash in hex, a colon, and how often this hash has come up in the file so far.
//!
//! The 100 units reach into the following lines: a hash changes when the text right after its line does.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

/// Units that one hash covers.
const WINDOW: usize = 100;
const BASE: u64 = 37;
/// What a unit has grown to when it leaves the window.
const OUT: u64 = BASE.wrapping_pow(WINDOW as u32);
/// Stands for the end of the text.
const END: u16 = u16::MAX;

/// The fingerprints of some `lines` of `text`, counted from 1. Lines that the text does not have are left out.
///
/// Takes two passes over the text and memory for the lines asked for only: the occurrences of a hash can be counted
/// without keeping the hashes of all lines once the hashes that matter are known.
pub(super) fn compute(text: &[u8], lines: &BTreeSet<u64>) -> HashMap<u64, String> {
    let Some(&last) = lines.last() else {
        return HashMap::new();
    };
    let up_to_last = |line| {
        if line < last {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };

    let mut counts = HashMap::new();
    roll(text, |line, hash| {
        if lines.contains(&line) {
            counts.insert(hash, 0u64);
        }
        up_to_last(line)
    });
    let mut names = HashMap::new();
    roll(text, |line, hash| {
        if let Some(count) = counts.get_mut(&hash) {
            *count += 1;
            if lines.contains(&line) {
                names.insert(line, format!("{hash:x}:{count}"));
            }
        }
        up_to_last(line)
    });
    names
}

/// Gives every line of `text` with its hash, until told to stop.
fn roll(text: &[u8], mut line: impl FnMut(u64, u64) -> ControlFlow<()>) {
    let mut roller = Roller {
        units: [0; WINDOW],
        starts: [None; WINDOW],
        at: 0,
        hash: 0,
        lines: 0,
        line_starts: true,
        after_cr: false,
    };
    let flow = text.utf8_chunks().try_for_each(|chunk| {
        chunk
            .valid()
            .encode_utf16()
            .try_for_each(|unit| roller.push(unit, &mut line))?;
        if chunk.invalid().is_empty() {
            ControlFlow::Continue(())
        } else {
            roller.push(0xfffd, &mut line)
        }
    });
    if flow.is_continue() && roller.push(END, &mut line).is_continue() {
        // The lines whose windows the text did not fill.
        let _ = (0..WINDOW).try_for_each(|_| roller.roll(0, &mut line));
    }
}

/// The last 100 units, as a ring.
struct Roller {
    units: [u16; WINDOW],
    /// The line that begins with the unit in the same place of `units`.
    starts: [Option<u64>; WINDOW],
    /// The oldest unit.
    at: usize,
    hash: u64,
    lines: u64,
    line_starts: bool,
    after_cr: bool,
}

impl Roller {
    /// Takes one unit of the text as it is.
    fn push(
        &mut self,
        unit: u16,
        line: &mut impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        const LF: u16 = b'\n' as u16;
        const CR: u16 = b'\r' as u16;
        const SPACE: u16 = b' ' as u16;
        const TAB: u16 = b'\t' as u16;

        let after_cr = std::mem::replace(&mut self.after_cr, unit == CR);
        let unit = match unit {
            SPACE | TAB => return ControlFlow::Continue(()),
            LF if after_cr => return ControlFlow::Continue(()),
            CR => LF,
            _ => unit,
        };
        let at = self.at;
        let flow = self.roll(unit, line);
        if self.line_starts {
            self.lines += 1;
            self.starts[at] = Some(self.lines);
        }
        self.line_starts = unit == LF;
        flow
    }

    /// Moves the window on by one unit that counts; the hash of a line is ready when its first unit leaves.
    fn roll(
        &mut self,
        unit: u16,
        line: &mut impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let flow = match self.starts[self.at].take() {
            Some(number) => line(number, self.hash),
            None => ControlFlow::Continue(()),
        };
        let oldest = std::mem::replace(&mut self.units[self.at], unit);
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(OUT.wrapping_mul(u64::from(oldest)));
        self.at = (self.at + 1) % WINDOW;
        flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<String> {
        let mut lines = 0;
        roll(text, |line, _| {
            lines = line;
            ControlFlow::Continue(())
        });
        let mut names: Vec<_> = compute(text, &(1..=lines).collect()).into_iter().collect();
        names.sort();
        assert!(
            names.iter().map(|(line, _)| *line).eq(1..=lines),
            "every line has a hash"
        );
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The hashes of one text with its lines ended in all possible ways.
    const GREETINGS: [&str; 7] = [
        "e9496ae3ebfced30:1",
        "fb7c023a8b9ccb3f:1",
        "ce8ba1a563dcdaca:1",
        "e20e36e16fcb0cc8:1",
        "b3edc88f2938467e:1",
        "c8e28b0b4002a3a0:1",
        "c129715d7a2bc9a3:1",
    ];

    /// The vectors of the upload action's own tests, `src/fingerprints.test.ts`.
    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(all(b""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            all(b" a\nb\n  \t\tc\n d"),
            [
                "271789c17abda88f:1",
                "54703d4cd895b18:1",
                "180aee12dab6264:1",
                "a23a3dc5e078b07b:1"
            ]
        );
        assert_eq!(
            all(b" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"),
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ]
        );
        assert_eq!(
            all(b" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n"),
            GREETINGS
        );
        assert_eq!(
            all(b" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r"),
            GREETINGS
        );
        assert_eq!(
            all(b" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n"),
            GREETINGS
        );
        assert_eq!(
            all(b" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n"),
            GREETINGS
        );
        assert_eq!(
            all("Lorem ipsum dolor sit amet.\n".repeat(10).as_bytes()),
            [
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ]
        );
    }

    #[test]
    fn some_lines_get_the_names_they_have_among_all() {
        let text = "Lorem ipsum dolor sit amet.\n".repeat(10);
        let every = all(text.as_bytes());
        let some = compute(text.as_bytes(), &BTreeSet::from([3, 7, 99]));
        assert_eq!(some.len(), 2);
        assert_eq!((&some[&3], &some[&7]), (&every[2], &every[6]));
        assert!(compute(text.as_bytes(), &BTreeSet::new()).is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_count_as_one_replacement() {
        assert_eq!(all(b"a\xff\xe2\x82b"), all("a\u{fffd}\u{fffd}b".as_bytes()));
        assert_ne!(all("\u{1f600}".as_bytes()), all("\u{fffd}".as_bytes()));
    }
}
