//! Checksums that issuers put into their tokens, so that a scanner can tell a token from a look-alike offline.
//!
//! A checksum that holds is as good as proof: by chance it does so about once in 2^32 (bech32 2^30, annotated Azure
//! keys 2^23, NATS and Stellar 2^16). One that fails proves little: most published tokens are made up, but a real one
//! with a typing error, or of a form not known here, looks the same. So a failure lowers the confidence of a finding
//! and never drops it.
//!
//! The algorithms are from the issuers' own publications and source code. Where tokens that others had published were
//! at hand, some of them verified: GitHub, npm, Atlassian, Cloudflare, Zuplo, Grafana, Confluent, age, Azure. Two of
//! Microsoft's formats are missing on purpose. CASK, which is to follow the annotated keys, had a CRC in its drafts and
//! has no checksum in its specification of April 2025. Entra client secrets (`8Q~`) have one in Microsoft's source,
//! under which no published secret verified, and which that source does not ask for when it looks for secrets.

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// How a token's checksum is made. CRC-32 is the one of zlib and Ethernet, everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Deserialize)]
pub enum Scheme {
    /// CRC-32 of what follows the prefix, as 6 base62 digits (GitHub, npm).
    #[serde(rename = "crc32-base62")]
    Crc32Base62,
    /// CRC-32 of all that comes before, as 8 upper-case hex digits (Atlassian, Bitbucket).
    #[serde(rename = "crc32-hex-upper")]
    Crc32HexUpper,
    /// CRC-32 of what follows the prefix, as 8 lower-case hex digits (Cloudflare; Zuplo puts a `_` before them).
    #[serde(rename = "crc32-hex-body")]
    Crc32HexBody,
    /// CRC-32 of all that comes before, as little-endian bytes in 8 lower-case hex digits after a `_` (Grafana).
    #[serde(rename = "crc32-hex-le")]
    Crc32HexLe,
    /// CRC-32 of what follows the prefix, as little-endian bytes in 6 base64 digits (Confluent).
    #[serde(rename = "crc32-base64-le")]
    Crc32Base64Le,
    /// CRC-32 of all that comes before, as 7 lower-case base36 digits (GitLab's routable tokens).
    #[serde(rename = "crc32-base36")]
    Crc32Base36,
    /// The 6 characters that end a bech32 text, BIP 173 (age, Nostr, Cardano).
    #[serde(rename = "bech32")]
    Bech32,
    /// Four bytes of a double SHA-256 inside a base58 number (Bitcoin's WIF and extended keys).
    #[serde(rename = "base58check")]
    Base58Check,
    /// CRC-16/XMODEM, little-endian, in the last two bytes of a base32 text (NATS).
    #[serde(rename = "nkey")]
    Nkey,
    /// The same as [`Scheme::Nkey`], by its other user's name (Stellar, SEP 23).
    #[serde(rename = "stellar")]
    Stellar,
    /// Marvin32 under a seed for each kind of key (Azure's identifiable and annotated keys).
    #[serde(rename = "azure-marvin")]
    AzureMarvin,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 11] = [
        Self::Crc32Base62,
        Self::Crc32HexUpper,
        Self::Crc32HexBody,
        Self::Crc32HexLe,
        Self::Crc32Base64Le,
        Self::Crc32Base36,
        Self::Bech32,
        Self::Base58Check,
        Self::Nkey,
        Self::Stellar,
        Self::AzureMarvin,
    ];

    /// The name in rule files, both as a check and as a piece of a sample template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crc32Base62 => "crc32-base62",
            Self::Crc32HexUpper => "crc32-hex-upper",
            Self::Crc32HexBody => "crc32-hex-body",
            Self::Crc32HexLe => "crc32-hex-le",
            Self::Crc32Base64Le => "crc32-base64-le",
            Self::Crc32Base36 => "crc32-base36",
            Self::Bech32 => "bech32",
            Self::Base58Check => "base58check",
            Self::Nkey => "nkey",
            Self::Stellar => "stellar",
            Self::AzureMarvin => "azure-marvin",
        }
    }

    /// Whether the checksum of `token` holds. `prefix` is the length of the token's fixed prefix.
    ///
    /// `None`: a token of this form carries none, as GitLab's tokens of 20 characters, or GitHub's that are JWTs.
    pub fn verify(self, token: &[u8], prefix: usize) -> Option<bool> {
        let token = std::str::from_utf8(token)
            .ok()
            .filter(|token| token.is_ascii())?;
        let width = match self {
            Self::Base58Check => return verify_base58check(token),
            Self::Nkey | Self::Stellar => return Some(verify_crc16(token)),
            Self::AzureMarvin => return azure::verify(token),
            Self::Crc32HexUpper | Self::Crc32HexBody | Self::Crc32HexLe => 8,
            Self::Crc32Base36 => 7,
            Self::Crc32Base62 | Self::Crc32Base64Le | Self::Bech32 => 6,
        };
        let (partial, checksum) = token.split_at_checked(token.len().checked_sub(width)?)?;
        Some(self.complete(partial, prefix)? == checksum)
    }

    /// The text that completes `partial`, so that the whole verifies: what sample templates end a token with.
    /// `prefix` is the length of the token's fixed prefix. What must stand between body and checksum belongs to
    /// `partial` (`glsa_<32>_`, `glpat-<27>.01.`); what follows the checksum comes with it (the `==` of Azure's keys).
    ///
    /// `None`: `partial` is not the beginning of such a token, or the issuer would draw it again.
    pub fn complete(self, partial: &str, prefix: usize) -> Option<String> {
        let body = partial.get(prefix..).filter(|body| !body.is_empty())?;
        match self {
            Self::Crc32Base62 if body.bytes().any(|b| !b.is_ascii_alphanumeric()) => None,
            Self::Crc32Base62 => Some(digits(crc32(body), BASE62, 6)),
            // In URLs the `=` before the checksum is escaped; the checksum is of the token as issued.
            Self::Crc32HexUpper => Some(format!("{:08X}", crc32(&partial.replace("%3D", "=")))),
            Self::Crc32HexBody => Some(format!(
                "{:08x}",
                crc32(body.strip_suffix('_').unwrap_or(body))
            )),
            Self::Crc32HexLe => Some(format!(
                "{:08x}",
                crc32(partial.strip_suffix('_')?).swap_bytes()
            )),
            Self::Crc32Base64Le => Some(BASE64_NOPAD.encode(&crc32(body).to_le_bytes())),
            Self::Crc32Base36 => complete_routable(partial, body),
            Self::Bech32 => complete_bech32(partial),
            Self::Base58Check => complete_base58check(partial),
            Self::Nkey | Self::Stellar => complete_crc16(partial),
            Self::AzureMarvin => azure::complete(partial),
        }
    }
}

const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn crc32(text: &str) -> u32 {
    crc32fast::hash(text.as_bytes())
}

/// `value` in the digits of `alphabet`, most significant first, filled up with zeros to `width`.
fn digits(value: impl Into<u64>, alphabet: &[u8], width: usize) -> String {
    let (mut value, base) = (value.into(), alphabet.len() as u64);
    let mut reversed = Vec::new();
    while value > 0 || reversed.len() < width {
        reversed.push(char::from(alphabet[(value % base) as usize]));
        value /= base;
    }
    reversed.into_iter().rev().collect()
}

/// Decodes a text that ends anywhere, the last byte filled up with zero bits.
fn decode_partial(encoding: &Encoding, partial: &str) -> Option<Vec<u8>> {
    // Eight characters are whole bytes in base32 and in base64, and `A` is zero in both.
    let filled = format!(
        "{partial:A<width$}",
        width = partial.len().next_multiple_of(8)
    );
    let mut bytes = encoding.decode(filled.as_bytes()).ok()?;
    bytes.truncate((partial.len() * encoding.bit_width()).div_ceil(8));
    Some(bytes)
}

/// A GitLab routable token is `prefix payload "." [version "."] length checksum`: the version came in April 2025, the
/// length is the payload's in two base36 digits. A partial that lacks the length gets it too.
fn complete_routable(partial: &str, body: &str) -> Option<String> {
    let (_, length) = partial.rsplit_once('.')?;
    match length.len() {
        0 => {
            let payload = body.split('.').next().unwrap_or(body);
            let length = digits(payload.len() as u64, BASE36, 2);
            let checksum = digits(crc32(&format!("{partial}{length}")), BASE36, 7);
            Some(length + &checksum)
        }
        2 => Some(digits(crc32(partial), BASE36, 7)),
        _ => None,
    }
}

fn complete_bech32(partial: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let lower = partial.to_ascii_lowercase();
    let upper = partial.to_ascii_uppercase();
    if partial != lower && partial != upper {
        return None;
    }
    // The part before the last `1` says what the data is, and is hashed high bits first, then low bits.
    let (human, data) = lower
        .rsplit_once('1')
        .filter(|(human, _)| !human.is_empty())?;
    let mut values: Vec<u32> = human.bytes().map(|b| u32::from(b >> 5)).collect();
    values.push(0);
    values.extend(human.bytes().map(|b| u32::from(b & 31)));
    for b in data.bytes() {
        values.push(ALPHABET.iter().position(|&c| c == b)? as u32);
    }
    values.extend([0; 6]);
    let mut checksum = 1u32;
    for value in values {
        let top = checksum >> 25;
        checksum = ((checksum & 0x01ff_ffff) << 5) ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            checksum ^= if (top >> bit) & 1 == 1 { *generator } else { 0 };
        }
    }
    let text = digits(checksum ^ 1, ALPHABET, 6);
    Some(if partial == upper {
        text.to_ascii_uppercase()
    } else {
        text
    })
}

/// The bytes of a base58 number; each `1` that it begins with is a zero byte. `None` for other text, and for more than
/// anything in use is long (an extended key has 111 characters), because the work grows with the square of the length.
fn decode_base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > 128 {
        return None;
    }
    let mut reversed: Vec<u8> = Vec::new();
    for b in text.bytes() {
        let mut carry = BASE58.iter().position(|&c| c == b)?;
        for byte in &mut reversed {
            carry += usize::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            reversed.push(carry as u8);
        }
    }
    reversed.extend(text.bytes().take_while(|&b| b == BASE58[0]).map(|_| 0));
    reversed.reverse();
    Some(reversed)
}

fn base58_checksum(payload: &[u8]) -> u32 {
    let hash = Sha256::digest(Sha256::digest(payload));
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

fn verify_base58check(token: &str) -> Option<bool> {
    let bytes = decode_base58(token)?;
    let (payload, checksum) = bytes.split_last_chunk::<4>()?;
    Some(base58_checksum(payload) == u32::from_be_bytes(*checksum))
}

/// The checksum is the low 32 bits of the number, so it reaches into digits that already stand. Six more digits leave
/// room for it: 58^6 is more than 8 * 2^32, so the numbers that begin with `partial` hold at least 7 whole blocks of
/// 2^32, each with one number whose checksum is right. This finds the one in the first whole block.
fn complete_base58check(partial: &str) -> Option<String> {
    let least = decode_base58(&format!("{partial}111111"))?;
    let (payload, low) = least.split_last_chunk::<4>()?;
    let mut payload = payload.to_vec();
    for byte in payload.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    let above =
        (1 << 32) - u64::from(u32::from_be_bytes(*low)) + u64::from(base58_checksum(&payload));
    // It fails only where the number of bytes changes: partials of nothing but `1`, or all bits set.
    Some(digits(above, BASE58, 6))
        .filter(|text| verify_base58check(&format!("{partial}{text}")) == Some(true))
}

/// CRC-16/XMODEM: polynomial 0x1021, nothing reflected, starts at 0.
fn crc16(data: &[u8]) -> u16 {
    data.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            (crc << 1) ^ if crc >> 15 == 1 { 0x1021 } else { 0 }
        })
    })
}

fn verify_crc16(token: &str) -> bool {
    let bytes = BASE32_NOPAD.decode(token.as_bytes()).unwrap_or_default();
    bytes
        .split_last_chunk()
        .is_some_and(|(data, checksum)| crc16(data) == u16::from_le_bytes(*checksum))
}

fn complete_crc16(partial: &str) -> Option<String> {
    let mut bytes = decode_partial(&BASE32_NOPAD, partial)?;
    bytes.extend(crc16(&bytes).to_le_bytes());
    Some(BASE32_NOPAD.encode(&bytes).split_off(partial.len()))
}

mod azure;

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Forms of tokens: scheme, fixed prefix, alphabet and length of the body, what stands before the checksum; then
    /// the checksum where the body is its alphabet from the first character on, over and over. The checksums were
    /// computed by another implementation (zlib, binascii, hashlib and big integers of Python).
    const FORMS: &str = "
        crc32-base62     ghp_    base62    30  -                             4PMbyp
        crc32-hex-upper  ATBB    base62    24  -                             A386D7E9
        crc32-hex-body   cfut_   base62    40  -                             2cb8a58b
        crc32-hex-body   zpka_   hex       32  _                             7759b50e
        crc32-hex-le     glsa_   base62    32  _                             85298802
        crc32-base64-le  cflt    base64    54  -                             qlWQLQ
        crc32-base36     glpat-  base64url 27  .01.                          0r16t8j6r
        crc32-base36     glpat-  base64url 27  .                             0r13wmd7a
        crc32-base36     glpat-  base64url 27  .0r                           13wmd7a
        bech32           nsec1   bech32    52  -                             fcehnh
        base58check      5K      base58    43  -                             98v3iQ
        base58check      L1      base58    44  -                             AxwfXy
        base58check      xprv9   base58   100  -                             DLRCLe
        nkey             SU      base32    52  -                             HWMU
        stellar          S       base32    51  -                             BRKP
        azure-marvin     -       base64    76  +ASt                          7j/KlA==
        azure-marvin     -       base64    33  +AEh                          CNhtS4=
        azure-marvin     -       base64    42  +ACR                          BCtz+v
        azure-marvin     -       base64url 44  AzFu                          evY1IQ==
        azure-marvin     -       base62    42  AzSe                          B2v3r3
        azure-marvin     -       base62    52  JQQJ99BDACAAAAAAAAAAAAAAAZDO  Qzcd
    ";

    struct Form {
        scheme: Scheme,
        prefix: &'static str,
        alphabet: &'static [u8],
        length: usize,
        infix: &'static str,
        known: &'static str,
    }

    fn forms() -> Vec<Form> {
        let lines = FORMS.lines().filter(|line| !line.trim().is_empty());
        let form = |line: &'static str| {
            let column: Vec<_> = line
                .split_whitespace()
                .map(|c| if c == "-" { "" } else { c })
                .collect();
            let alphabet: &[u8] = match column[2] {
                "hex" => b"0123456789abcdef",
                "base32" => BASE32,
                "bech32" => b"qpzry9x8gf2tvdw0s3jn54khce6mua7l",
                "base58" => BASE58,
                "base62" => BASE62,
                "base64" => BASE64,
                _ => BASE64URL,
            };
            Form {
                scheme: Scheme::ALL
                    .into_iter()
                    .find(|s| s.as_str() == column[0])
                    .unwrap(),
                prefix: column[1],
                alphabet,
                length: column[3].parse().unwrap(),
                infix: column[4],
                known: column[5],
            }
        };
        lines.map(form).collect()
    }

    impl Form {
        fn partial(&self, index: impl FnMut(usize) -> usize) -> String {
            let pick = |index| char::from(self.alphabet[index % self.alphabet.len()]);
            let body: String = (0..self.length).map(index).map(pick).collect();
            format!("{}{body}{}", self.prefix, self.infix)
        }
    }

    /// Knuth's linear congruential generator, its high bits.
    fn random(state: &mut u64) -> usize {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize
    }

    #[test]
    fn names_are_those_of_rule_files() {
        for scheme in Scheme::ALL {
            let name: StrDeserializer<'_, Error> = scheme.as_str().into_deserializer();
            assert_eq!(Scheme::deserialize(name), Ok(scheme));
        }
    }

    #[test]
    fn checksums_agree_with_another_implementation() {
        for form in forms() {
            let checksum = form
                .scheme
                .complete(&form.partial(|at| at), form.prefix.len());
            assert_eq!(
                checksum.as_deref(),
                Some(form.known),
                "{:?} {}",
                form.scheme,
                form.prefix
            );
        }
    }

    #[test]
    fn what_completes_a_token_verifies() {
        let mut state = 1;
        for form in forms() {
            for _ in 0..200 {
                let partial = form.partial(|_| random(&mut state));
                let Some(checksum) = form.scheme.complete(&partial, form.prefix.len()) else {
                    assert_eq!(form.infix, "AzSe", "only Azure Search draws again");
                    continue;
                };
                assert_eq!(checksum.len(), form.known.len());
                let token = partial + &checksum;
                assert_eq!(
                    form.scheme.verify(token.as_bytes(), form.prefix.len()),
                    Some(true),
                    "{:?}",
                    form.scheme
                );
            }
        }
    }

    #[test]
    fn one_other_character_fails() {
        for form in forms() {
            let checksum = form.known.trim_end_matches('=');
            let token = form.partial(|at| at) + checksum;
            let body = form.prefix.len()..form.prefix.len() + form.length;
            for at in body.chain(token.len() - checksum.len()..token.len()) {
                let mut token = token.clone().into_bytes();
                let index = form.alphabet.iter().position(|&c| c == token[at]);
                token[at] = form.alphabet[index.map_or(0, |i| (i + 1) % form.alphabet.len())];
                let verdict = form.scheme.verify(&token, form.prefix.len());
                assert_eq!(verdict, Some(false), "{:?} at {at}", form.scheme);
            }
        }
    }

    #[test]
    fn published_check_values() {
        assert_eq!(crc32("123456789"), 0xcbf4_3926);
        assert_eq!(crc16(b"123456789"), 0x31c3);
        // The shortest text among the examples of BIP 173, in both cases and in none.
        assert_eq!(Scheme::Bech32.complete("A1", 0).as_deref(), Some("2UEL5L"));
        assert_eq!(Scheme::Bech32.complete("a1", 0).as_deref(), Some("2uel5l"));
        assert_eq!(Scheme::Bech32.complete("Aa1", 0), None);
        // The Bitcoin address whose hash is all zeros.
        let address = "1".repeat(21) + "4oLvT2";
        assert_eq!(
            Scheme::Base58Check.verify(address.as_bytes(), 0),
            Some(true)
        );
    }

    #[test]
    fn marvin_agrees_with_another_implementation() {
        let hashes = [
            0xcfd9_b134,
            0xd9ca_0b9c,
            0x014c_52cc,
            0xecd1_3335,
            0x436d_6467,
            0x9112_9062,
        ];
        for (length, hash) in hashes.into_iter().enumerate() {
            assert_eq!(
                azure::marvin32(&[0, 1, 2, 3, 4][..length], "Default0"),
                hash,
                "{length} bytes"
            );
        }
    }

    #[test]
    fn forms_without_a_checksum_are_not_judged() {
        let no = |scheme: Scheme, token: &str, prefix| {
            assert_eq!(scheme.verify(token.as_bytes(), prefix), None, "{token}");
        };
        no(
            Scheme::Crc32Base36,
            &("glpat-".to_owned() + &"x7".repeat(10)),
            6,
        );
        no(
            Scheme::Crc32Base62,
            &("ghs_".to_owned() + &"x7".repeat(20) + "_" + &"x7".repeat(20)),
            4,
        );
        no(Scheme::Crc32Base62, "ghp_x7x7x7", 4);
        no(Scheme::Crc32Base62, "ghp_é7x7x7x7", 4);
        no(Scheme::Crc32Base62, "", 4);
        no(Scheme::Base58Check, &"5".repeat(129), 0);
        no(Scheme::AzureMarvin, &("x7".repeat(43) + "=="), 0);
    }

    #[test]
    fn an_escaped_equals_sign_counts_as_one() {
        let partial = "ATATT3x".to_owned() + &"x7".repeat(80) + "=";
        let checksum = Scheme::Crc32HexUpper.complete(&partial, 7).unwrap();
        let escaped = partial.replace('=', "%3D") + &checksum;
        assert_eq!(
            Scheme::Crc32HexUpper.verify(escaped.as_bytes(), 7),
            Some(true)
        );
    }

    #[test]
    fn upper_case_bech32_ends_in_upper_case() {
        let partial = format!(
            "AGE-SECRET-KEY-1{}",
            "qpzry9x8".repeat(6).to_ascii_uppercase()
        );
        let checksum = Scheme::Bech32.complete(&partial, 16).unwrap();
        assert_eq!(checksum, checksum.to_ascii_uppercase());
        assert_eq!(
            Scheme::Bech32.verify((partial + &checksum).as_bytes(), 16),
            Some(true)
        );
    }

    #[test]
    fn every_seed_of_a_signature_is_accepted() {
        for seed in ["Functi00", "Master00", "System00"] {
            let partial = "x7".repeat(22) + "AzFu";
            let mut key = BASE64URL_NOPAD.decode(partial.as_bytes()).unwrap();
            key.extend(azure::marvin32(&key, seed).to_le_bytes());
            let token = BASE64URL_NOPAD.encode(&key);
            assert_eq!(Scheme::AzureMarvin.verify(token.as_bytes(), 0), Some(true));
        }
    }

    #[test]
    fn annotated_keys_hold_in_all_their_spellings() {
        let partial = "x7".repeat(26) + "JQQJ99BDACAAAAAAAAAAAAAAAZDO";
        let bytes = BASE64_NOPAD.decode(partial.as_bytes()).unwrap();
        let plain = BASE64_NOPAD.encode(&azure::marvin32(&bytes, "Default0").to_le_bytes());
        for checksum in [plain[..4].to_owned(), plain + "=="] {
            let token = format!("{partial}{checksum}");
            assert_eq!(
                Scheme::AzureMarvin.verify(token.as_bytes(), 0),
                Some(true),
                "{} characters",
                token.len()
            );
        }
    }

    #[test]
    fn redis_keys_are_alphanumeric() {
        // The other implementation says `BAx/RY=`.
        let partial = BASE62[..33]
            .iter()
            .map(|&c| char::from(c))
            .collect::<String>()
            + "AzCa";
        assert_eq!(
            Scheme::AzureMarvin.complete(&partial, 0).as_deref(),
            Some("BAxFRY=")
        );
        for checksum in ["BAxFRY=", "BAx/RY="] {
            let token = format!("{partial}{checksum}");
            assert_eq!(Scheme::AzureMarvin.verify(token.as_bytes(), 0), Some(true));
        }
    }
}
