//! How bytes hold text, told from the first of them.

use memchr::memchr;

/// How bytes hold text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    /// ASCII, or an encoding that extends it.
    Narrow,
    /// UTF-16 or UTF-32, with a byte order mark or without.
    Wide,
    /// No text.
    Binary,
}

/// How many bytes are looked at for what shows in every part of a file, unlike a NUL in a binary.
const SAMPLE: usize = 1024;

/// How `head` holds text. Text has no NUL and few control characters besides white space, backspace, form feed and
/// escape: one in 32 bytes is more than any text has, and less than a third of what random bytes have.
pub(super) fn encoding(head: &[u8]) -> Encoding {
    let sample = &head[..head.len().min(SAMPLE)];
    let has_nul = memchr(0, head).is_some();
    if is_marked_wide(sample) || has_nul && is_wide(sample) {
        return Encoding::Wide;
    }
    if has_nul || head.starts_with(b"%PDF-") {
        return Encoding::Binary;
    }
    let is_control = |b: u8| b < 0x20 && !matches!(b, 0x08..=0x0d | 0x1b) || b == 0x7f;
    // Sums of bytes over short chunks: so the compiler makes vectors of it.
    let controls =
        |chunk: &[u8]| usize::from(chunk.iter().map(|&b| u8::from(is_control(b))).sum::<u8>());
    match sample.chunks(128).map(controls).sum::<usize>() {
        0 | 1 => Encoding::Narrow,
        controls if controls * 32 < sample.len() => Encoding::Narrow,
        _ => Encoding::Binary,
    }
}

/// UTF-16 and UTF-32 by their byte order mark. Text holds no character 0.
fn is_marked_wide(sample: &[u8]) -> bool {
    match sample {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => true,
        [0xff, 0xfe, text @ ..] | [0xfe, 0xff, text @ ..] => {
            text.as_chunks::<2>().0.iter().all(|unit| *unit != [0; 2])
        }
        _ => false,
    }
}

/// UTF-16 and UTF-32 by the zero bytes that mostly ASCII text leaves in one place of each unit and nowhere else.
fn is_wide(sample: &[u8]) -> bool {
    let is_ascii = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let mostly = |ascii: usize, units: usize| units >= 2 && ascii * 5 >= units * 3;
    let (pairs, _) = sample.as_chunks::<2>();
    let (quads, _) = sample.as_chunks::<4>();
    let half = |at: usize| {
        let ascii = pairs
            .iter()
            .filter(|pair| is_ascii(pair[at]) && pair[1 - at] == 0)
            .count();
        mostly(ascii, pairs.len()) && pairs.iter().all(|pair| pair[at] != 0)
    };
    let little = quads
        .iter()
        .filter(|quad| is_ascii(quad[0]) && quad[1..] == [0; 3])
        .count();
    let big = quads
        .iter()
        .filter(|quad| is_ascii(quad[3]) && quad[..3] == [0; 3])
        .count();
    half(0) || half(1) || mostly(little, quads.len()) || mostly(big, quads.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    fn utf32(text: &str, big: bool) -> Vec<u8> {
        text.chars()
            .map(u32::from)
            .flat_map(|c| {
                if big {
                    c.to_be_bytes()
                } else {
                    c.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn wide_text_is_no_binary() {
        let text = "password = geheim\r\nuser = m\u{fc}ller\r\n";
        let marked = format!("\u{feff}{text}");
        let russian = "\u{feff}\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}";
        for wide in [
            utf16(text, false),
            utf16(text, true),
            utf16(&marked, false),
            utf16(&marked, true),
            utf16(russian, false),
            utf32(text, false),
            utf32(text, true),
            utf32(&marked, false),
            utf32(&marked, true),
        ] {
            assert_eq!(encoding(&wide), Encoding::Wide, "{wide:x?}");
        }
    }

    #[test]
    fn narrow_text_may_have_a_few_controls() {
        for text in [
            &b""[..],
            b"a",
            b"plain text\n",
            "gr\u{fc}\u{df}e \u{65e5}\u{672c}".as_bytes(),
            b"latin-1: gr\xfc\xdfe",
            b"\x1b[31mred\x1b[0m and N\x08NA\x08A\x0c\n",
            b"one \x01 control",
        ] {
            assert_eq!(encoding(text), Encoding::Narrow, "{text:?}");
        }
    }

    #[test]
    fn binaries_are_told_with_and_without_nul() {
        let noise: Vec<u8> = (0..400_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 | 1)
            .collect();
        for binary in [
            &b"\x7fELF\x02\x01\x01\0\0\0"[..],
            b"\0",
            b"text\0text",
            b"%PDF-1.7\n",
            b"\x1f\x8b\x08\x01\x02\x03",
            &noise,
        ] {
            assert_eq!(encoding(binary), Encoding::Binary, "{binary:?}");
        }
        let numbers: Vec<u8> = (1..200_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(encoding(&numbers), Encoding::Binary);
        assert_eq!(encoding(&[0; 600]), Encoding::Binary);
    }
}
