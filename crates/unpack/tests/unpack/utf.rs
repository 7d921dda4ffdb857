//! UTF-16 and UTF-32: what is taken for them, and what comes out.

use keysieve_engine::IssueKind;

use super::*;

const TEXT: &str = "key = \"value\"\r\n\u{e9}t\u{e9} \u{20ac} \u{1f511}\nlast line";

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

fn utf32(text: &str, order: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(order).collect()
}

#[test]
fn every_form_becomes_the_same_text() {
    let marked = format!("\u{feff}{TEXT}");
    for text in [TEXT, &marked] {
        assert_eq!(
            content("utf-16", &utf16(text, u16::to_le_bytes)),
            TEXT.as_bytes()
        );
        assert_eq!(
            content("utf-16", &utf16(text, u16::to_be_bytes)),
            TEXT.as_bytes()
        );
        assert_eq!(
            content("utf-32", &utf32(text, u32::to_le_bytes)),
            TEXT.as_bytes()
        );
        assert_eq!(
            content("utf-32", &utf32(text, u32::to_be_bytes)),
            TEXT.as_bytes()
        );
    }
}

#[test]
fn long_texts_are_whole_at_every_seam() {
    // Characters of 1, 2 and 3 bytes and pairs of surrogates drift across the steps.
    let text: String = (0..40_000)
        .map(|i| ['a', '\u{e9}', '\u{1f511}', '\n', '\u{20ac}', 'b', 'c'][i % 7])
        .collect();
    let marked = format!("\u{feff}{text}");
    assert!(content("utf-16", &utf16(&marked, u16::to_le_bytes)) == text.as_bytes());
    assert!(content("utf-32", &utf32(&marked, u32::to_be_bytes)) == text.as_bytes());
}

#[test]
fn what_is_no_character_is_replaced() {
    let lone = [0xfeff, 0x61, 0xd83d, 0x62, 0xdd11, 0x63]
        .map(u16::to_le_bytes)
        .concat();
    assert_eq!(content("utf-16", &lone), "a\u{fffd}b\u{fffd}c".as_bytes());
    let cut = [&lone[..4], b"b"].concat();
    assert_eq!(content("utf-16", &cut), "a\u{fffd}".as_bytes());

    let mut bytes = utf32(
        &format!("\u{feff}{}", "text ".repeat(1000)),
        u32::to_le_bytes,
    );
    bytes.extend(0xd800_u32.to_le_bytes());
    bytes.extend([0xff; 5]);
    let text = content("utf-32", &bytes);
    assert!(text.ends_with("text \u{fffd}\u{fffd}\u{fffd}".as_bytes()));
}

#[test]
fn a_mark_alone_is_an_empty_text() {
    assert_eq!(content("utf-16", b"\xff\xfe"), b"");
    assert_eq!(content("utf-16", b"\xfe\xff"), b"");
    assert_eq!(content("utf-32", b"\xff\xfe\0\0"), b"");
    assert_eq!(content("utf-32", b"\0\0\xfe\xff"), b"");
}

#[test]
fn a_mark_of_utf16_before_a_zero_is_not_utf32() {
    let bytes = [0xfeff, 0, 0x61, 0x62, 0x63].map(u16::to_le_bytes).concat();
    assert_eq!(content("utf-16", &bytes), b"\0abc");
}

#[test]
fn the_child_has_no_name_and_comes_beside_the_bytes() {
    for name in ["utf-16", "utf-32"] {
        let decoder = decoder(name);
        assert!(!decoder.replaces());
        let bytes = if name == "utf-16" {
            &b"\xff\xfea\0"[..]
        } else {
            b"\xff\xfe\0\0a\0\0\0"
        };
        let (children, _) = decode(
            &*decoder,
            &Blob::whole(bytes, file("a.txt")),
            &mut Budget::default(),
        );
        let inside = Origin::Inside {
            outer: file("a.txt"),
            via: decoder.name(),
            name: PathBuf::new(),
        };
        assert_eq!(children, [(inside, b"a".to_vec())]);
    }
}

#[test]
fn binaries_and_other_texts_are_left_alone() {
    let mut seed = 11;
    let mut others: Vec<Vec<u8>> = vec![
        vec![],
        b"text".to_vec(),
        TEXT.as_bytes().to_vec(),
        vec![0; 5000],
        b"a\0b\0".to_vec(),                             // too short to tell
        b"a\0b\0c\0\0\0d\0e\0f\0g\0h\0i\0j\0".to_vec(), // strings with an end, as programs hold them
        (0..=255).collect(),
        (0..2000u16).flat_map(|i| (i % 200).to_le_bytes()).collect(),
        (0..2000u32).flat_map(u32::to_le_bytes).collect(),
        [
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".as_slice(),
            &[0x41, 0].repeat(500),
        ]
        .concat(),
        [
            b"plain ASCII first ".as_slice(),
            &utf16(TEXT, u16::to_le_bytes),
        ]
        .concat(),
        utf16(&"\u{4e2d}\u{6587}".repeat(400), u16::to_le_bytes),
    ];
    others.extend((0..500).map(|_| (0..200).map(|_| random(&mut seed) as u8).collect()));
    for bytes in &others {
        let marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        assert!(
            marked || !applies("utf-16", bytes) && !applies("utf-32", bytes),
            "{bytes:?}"
        );
    }
}

#[test]
fn terminal_output_is_text() {
    let text = "\u{1b}[1mbold\u{1b}[0m and so on\n".repeat(10);
    assert!(applies("utf-16", &utf16(&text, u16::to_le_bytes)));
}

#[test]
fn the_budget_ends_the_text() {
    let text = "0123456789".repeat(20_000);
    let bytes = utf16(&format!("\u{feff}{text}"), u16::to_le_bytes);
    let blob = Blob::whole(&bytes, file("a"));
    for left in [0, 1, 100_000, 199_999] {
        let mut budget = Budget {
            bytes: left,
            ..Budget::default()
        };
        let (children, result) = decode(&*decoder("utf-16"), &blob, &mut budget);
        assert_eq!(result.unwrap_err().kind, IssueKind::Limit);
        assert_eq!(children[0].1.len() as u64 + budget.bytes, left);
        assert!(text.as_bytes().starts_with(&children[0].1));
    }
    let mut budget = Budget {
        bytes: 200_000,
        ..Budget::default()
    };
    assert!(decode(&*decoder("utf-16"), &blob, &mut budget).1.is_ok());
}
