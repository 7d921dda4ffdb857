//! Key blocks: real headers and footers, and the first bytes that the format has, around random ones.

use data_encoding::{BASE64, HEXLOWER};

use super::Random;
use super::piece::bytes;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Pem {
    Der(&'static Der),
    Openssh,
    Pgp,
    Putty,
}

/// A block around a DER sequence: name in templates, name in the block, how the content begins, length of the content.
#[derive(PartialEq, Debug)]
pub(super) struct Der {
    name: &'static str,
    label: &'static str,
    head: &'static [u8],
    length: usize,
}

/// The heads are the version and what comes next: the modulus, the private number, the algorithm (RSA) with the key
/// inside, or the encryption (PBES2). The lengths are those of RSA and DSA with 2048 bits, and of P-256.
const DER: [Der; 5] = [
    Der {
        name: "rsa",
        label: "RSA PRIVATE KEY",
        head: b"\x02\x01\x00\x02\x82\x01\x01\x00",
        length: 1188,
    },
    Der {
        name: "dsa",
        label: "DSA PRIVATE KEY",
        head: b"\x02\x01\x00\x02\x82\x01\x01\x00",
        length: 853,
    },
    Der {
        name: "ec",
        label: "EC PRIVATE KEY",
        head: b"\x02\x01\x01\x04\x20",
        length: 119,
    },
    Der {
        name: "pkcs8",
        label: "PRIVATE KEY",
        head: b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\
                \x04\x82\x04\xa7\x30\x82\x04\xa3\x02\x01\x00",
        length: 1213,
    },
    Der {
        name: "pkcs8-encrypted",
        label: "ENCRYPTED PRIVATE KEY",
        head: b"\x30\x57\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d\x30\x4a",
        length: 1325,
    },
];

impl Pem {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "openssh" => Some(Self::Openssh),
            "pgp" => Some(Self::Pgp),
            "putty" => Some(Self::Putty),
            _ => DER.iter().find(|der| der.name == name).map(Self::Der),
        }
    }

    /// Puts a block at the end of `text`, without a newline after it.
    pub(super) fn expand(self, text: &mut String, random: &mut Random) {
        let block = match self {
            Self::Der(der) => {
                let content = filled(random, der.head, der.length);
                let body = lines(&sequence(&content), 64);
                armor(der.label, &body)
            }
            Self::Openssh => {
                // Magic, cipher, key derivation, its options, number of keys: not encrypted.
                let head = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01";
                armor(
                    "OPENSSH PRIVATE KEY",
                    &lines(&filled(random, head, 399), 70),
                )
            }
            Self::Pgp => {
                // A secret key packet with its length in two bytes, version 4.
                let packet = filled(random, b"\x95\x03\xc5\x04", 968);
                let checksum = BASE64.encode(&crc24(&packet).to_be_bytes()[1..]);
                let body = format!("\n{}\n={checksum}", lines(&packet, 64));
                armor("PGP PRIVATE KEY BLOCK", &body)
            }
            Self::Putty => putty(random),
        };
        text.push_str(&block);
    }
}

fn armor(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
}

/// An Ed25519 key that is not encrypted, in version 2 or 3 of the format, which differ in the length of the MAC.
fn putty(random: &mut Random) -> String {
    let (version, mac) = [(2, 20), (3, 32)][random.usize(..2)];
    let kind = b"\0\0\0\x0bssh-ed25519\0\0\0\x20";
    let public = lines(&filled(random, kind, 51), 64);
    let private = lines(&filled(random, b"\0\0\0\x20", 36), 64);
    let mac = HEXLOWER.encode(&bytes(random, mac));
    format!(
        "PuTTY-User-Key-File-{version}: ssh-ed25519\nEncryption: none\nComment: eddsa-key-20250114\n\
         Public-Lines: 2\n{public}\nPrivate-Lines: 1\n{private}\nPrivate-MAC: {mac}"
    )
}

/// `head`, and random bytes up to `length` in all.
fn filled(random: &mut Random, head: &[u8], length: usize) -> Vec<u8> {
    [head, &bytes(random, length - head.len())].concat()
}

/// A DER sequence with this content.
fn sequence(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => [&[0x30, short], content].concat(),
        _ => [&[0x30, 0x82, (length >> 8) as u8, length as u8], content].concat(),
    }
}

/// Base64 in lines of `width`, without a newline after the last.
fn lines(bytes: &[u8], width: usize) -> String {
    let text = BASE64.encode(bytes);
    let lines: Vec<&str> = (0..text.len())
        .step_by(width)
        .map(|at| &text[at..text.len().min(at + width)])
        .collect();
    lines.join("\n")
}

/// The checksum of OpenPGP's armor (RFC 9580, section 6.1).
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xb7_04ce, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 16), |crc, _| {
            (crc << 1) ^ if crc & 0x80_0000 == 0 { 0 } else { 0x186_4cfb }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(name: &str, seed: u64) -> String {
        let mut text = String::new();
        Pem::from_name(name)
            .unwrap()
            .expand(&mut text, &mut Random::with_seed(seed));
        text
    }

    /// The lines between header and footer, which must have this label.
    fn body<'a>(block: &'a str, label: &str) -> Vec<&'a str> {
        let mut lines = block.lines();
        assert_eq!(
            lines.next(),
            Some(format!("-----BEGIN {label}-----").as_str())
        );
        assert_eq!(
            lines.next_back(),
            Some(format!("-----END {label}-----").as_str())
        );
        lines.collect()
    }

    fn decode(lines: &[&str], width: usize) -> Vec<u8> {
        let (last, whole) = lines.split_last().unwrap();
        assert!(whole.iter().all(|line| line.len() == width) && last.len() <= width);
        BASE64.decode(lines.concat().as_bytes()).unwrap()
    }

    #[test]
    fn der_blocks_hold_one_sequence() {
        for der in &DER {
            let block = block(der.name, 1);
            let bytes = decode(&body(&block, der.label), 64);
            let (length, content) = match bytes[1] {
                0x82 => (
                    usize::from(bytes[2]) << 8 | usize::from(bytes[3]),
                    &bytes[4..],
                ),
                short => (usize::from(short), &bytes[2..]),
            };
            assert_eq!((bytes[0], length), (0x30, content.len()), "{}", der.name);
            assert!(content.starts_with(der.head));
        }
    }

    #[test]
    fn openssh_blocks_have_the_magic() {
        let block = block("openssh", 1);
        let bytes = decode(&body(&block, "OPENSSH PRIVATE KEY"), 70);
        assert!(bytes.starts_with(b"openssh-key-v1\0"));
    }

    #[test]
    fn pgp_blocks_end_in_their_checksum() {
        let block = block("pgp", 1);
        let lines = body(&block, "PGP PRIVATE KEY BLOCK");
        let [blank, lines @ .., checksum] = &lines[..] else {
            panic!("at least two lines")
        };
        assert_eq!(*blank, "");
        let bytes = decode(lines, 64);
        assert_eq!(
            usize::from(bytes[1]) << 8 | usize::from(bytes[2]),
            bytes.len() - 3
        );
        let crc = crc24(&bytes).to_be_bytes();
        assert_eq!(*checksum, format!("={}", BASE64.encode(&crc[1..])));
        // The check value in the catalogue of CRCs.
        assert_eq!(crc24(b"123456789"), 0x21_cf02);
    }

    #[test]
    fn putty_files_count_their_lines() {
        let mut macs = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let block = block("putty", seed);
            let lines: Vec<&str> = block.lines().collect();
            assert!(
                lines[0].starts_with("PuTTY-User-Key-File-") && lines[0].ends_with(": ssh-ed25519")
            );
            assert_eq!(lines[3], "Public-Lines: 2");
            assert_eq!(decode(&lines[4..6], 64).len(), 51);
            assert_eq!(lines[6], "Private-Lines: 1");
            assert_eq!(decode(&lines[7..8], 64).len(), 36);
            let (version, mac) = (
                &lines[0][20..21],
                lines[8].strip_prefix("Private-MAC: ").unwrap(),
            );
            macs.insert((version.to_owned(), mac.len()));
        }
        assert_eq!(macs, [("2".to_owned(), 40), ("3".to_owned(), 64)].into());
    }

    #[test]
    fn no_block_ends_with_a_newline() {
        for name in DER
            .iter()
            .map(|der| der.name)
            .chain(["openssh", "pgp", "putty"])
        {
            assert!(!block(name, 1).ends_with('\n'), "{name}");
        }
        assert_eq!(Pem::from_name("none"), None);
    }
}
