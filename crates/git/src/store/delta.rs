//! Applying deltas.
//!
//! A delta is the length of its base, the length of its result, and then instructions: copy a part of the base, or
//! insert bytes that follow. All lengths come from the file, so nothing is believed before it is compared.

use keysieve_engine::scan::Copied;

use super::Fault;
use super::inflate::Buffer;

/// Copies that are told of at most: a delta of many tiny ones takes memory, and tells hardly anything.
const MAX_COPIED: usize = 1 << 16;

/// Makes the object that `delta` describes on top of `base`, and puts in `copied`, if asked, what it has from there.
/// Results of more than `most` bytes are refused before memory is taken.
pub(super) fn apply(
    base: &[u8],
    delta: &[u8],
    most: u64,
    out: &mut Buffer,
    copied: Option<&mut Vec<Copied>>,
) -> Result<(), Fault> {
    let mut rest = delta;
    let base_len = varint(&mut rest).ok_or(Fault::Corrupt)?;
    let len = varint(&mut rest).ok_or(Fault::Corrupt)?;
    if base_len != base.len() as u64 {
        return Err(Fault::Corrupt);
    }
    if len > most {
        return Err(Fault::TooLarge);
    }
    let len = usize::try_from(len).map_err(|_| Fault::TooLarge)?;
    fill(base, rest, out.resize(len), copied).ok_or(Fault::Corrupt)
}

/// What [`apply`] makes, for fuzzers.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn apply_delta(base: &[u8], delta: &[u8], most: u64) -> Option<Vec<u8>> {
    let mut out = Buffer::default();
    apply(base, delta, most, &mut out, None).ok()?;
    Some(out.bytes().to_vec())
}

/// Runs the instructions; `None` unless they fill `out` exactly.
fn fill(
    base: &[u8],
    mut delta: &[u8],
    mut out: &mut [u8],
    mut copied: Option<&mut Vec<Copied>>,
) -> Option<()> {
    let mut to = 0;
    while let Some((&code, mut rest)) = delta.split_first() {
        let from: &[u8] = if code & 0x80 == 0 {
            let literal = rest.split_off(..usize::from(code))?;
            if literal.is_empty() {
                return None; // reserved
            }
            literal
        } else {
            let mut field = |bits: u8, present: u8| -> Option<usize> {
                let mut value = 0;
                for byte in 0..bits {
                    if present >> byte & 1 != 0 {
                        let (&b, after) = rest.split_first()?;
                        rest = after;
                        value |= usize::from(b) << (8 * byte);
                    }
                }
                Some(value)
            };
            let offset = field(4, code)?;
            let len = match field(3, code >> 4)? {
                0 => 0x10000,
                len => len,
            };
            if let Some(copied) = &mut copied {
                tell(
                    copied,
                    Copied {
                        from: offset,
                        to,
                        len,
                    },
                );
            }
            base.get(offset..)?.get(..len)?
        };
        to += from.len();
        out.split_off_mut(..from.len())?.copy_from_slice(from);
        delta = rest;
    }
    out.is_empty().then_some(())
}

/// Adds a copy to those that are told of. Long ones come in pieces of 64 KiB or less.
fn tell(copied: &mut Vec<Copied>, next: Copied) {
    if let Some(last) = copied.last_mut()
        && (last.from + last.len, last.to + last.len) == (next.from, next.to)
    {
        last.len += next.len;
    } else if copied.len() < MAX_COPIED {
        copied.push(next);
    }
}

/// A number in groups of seven bits, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = Buffer::default();
        apply(base, delta, 1 << 20, &mut out, None)?;
        Ok(out.bytes().to_vec())
    }

    #[test]
    fn copies_and_inserts() {
        let delta = [6, 7, 0x91, 2, 3, 2, b'x', b'y', 0x90, 2];
        assert_eq!(made(b"abcdef", &delta).expect("valid"), b"cdexyab");
        let long = vec![b'a'; 0x10000];
        let delta = [0x80, 0x80, 4, 0x80, 0x80, 4, 0x80];
        assert_eq!(
            made(&long, &delta).expect("a length of zero is 64 KiB"),
            long
        );
        assert_eq!(made(b"", &[0, 0]).expect("empty"), b"");
    }

    #[test]
    fn copies_are_told_of_and_long_ones_as_one() {
        let base = vec![b'a'; 0x20000];
        let delta = [
            &[0x80, 0x80, 8, 0x83, 0x80, 8][..], // lengths
            &[0x80],                             // 64 KiB from the start
            &[0x84, 1],                          // and those that follow
            &[1, b'x'],
            &[0x91, 7, 2],
        ]
        .concat();
        let mut copied = Vec::new();
        let mut out = Buffer::default();
        apply(&base, &delta, 1 << 20, &mut out, Some(&mut copied)).expect("valid");
        let of = |from, to, len| Copied { from, to, len };
        assert_eq!(copied, [of(0, 0, 0x20000), of(7, 0x20001, 2)]);
        assert_eq!(out.bytes()[0x1ffff..], *b"axaa");
    }

    #[test]
    fn nothing_is_believed() {
        for delta in [
            &b""[..],
            &[6],
            &[5, 1, 1, b'x'],                         // another base
            &[6, 2, 1, b'x'],                         // too short
            &[6, 1, 2, b'x', b'y'],                   // too long
            &[6, 1, 2, b'x'],                         // cut in an insert
            &[6, 1, 0x91],                            // cut in a copy
            &[6, 1, 0],                               // reserved
            &[6, 1, 0x91, 6, 1],                      // behind the base
            &[6, 4, 0x9f, 0xff, 0xff, 0xff, 0xff, 4], // far behind it
            &[0x80; 12],                              // a number without end
        ] {
            assert_eq!(made(b"abcdef", delta), Err(Fault::Corrupt), "{delta:?}");
        }
        let huge = [6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(made(b"abcdef", &huge), Err(Fault::TooLarge));
    }
}
