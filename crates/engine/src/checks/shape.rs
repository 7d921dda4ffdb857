//! What the form of a value alone tells: too regular to be random, a digest, an identifier, a public key.

use data_encoding::BASE64;

use crate::Reason;

/// Why the form of `value` speaks against a secret.
///
/// `Regular`, `PublicKey`, and `Digest` where the digest carries its label (`sha256:...`). A bare digest or UUID looks
/// like a key and can be one; whoever knows better asks [`is_digest`] and [`is_uuid`]. Linear in the length.
pub fn judge(value: &[u8]) -> Option<Reason> {
    if is_public_key(value) {
        Some(Reason::PublicKey)
    } else if is_labelled_digest(value) {
        Some(Reason::Digest)
    } else if is_regular(value) {
        Some(Reason::Regular)
    } else {
        None
    }
}

/// Whether `value` is as long as an MD5, SHA-1, SHA-256, SHA-384 or SHA-512 in hexadecimal, of one case.
pub fn is_digest(value: &[u8]) -> bool {
    matches!(value.len(), 32 | 40 | 64 | 96 | 128) && is_hex(value)
}

/// Whether `value` is a UUID in its usual form: 8-4-4-4-12 hexadecimal digits of either case.
pub fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Whether `value` begins with a day as ISO 8601 writes it and goes on as a time does: `2026-01-31T10:00:00Z`.
pub fn is_date(value: &[u8]) -> bool {
    value.len() >= 10
        && value.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            0..=9 => b.is_ascii_digit(),
            _ => b.is_ascii_digit() || b"TZ:.+- ".contains(b),
        })
}

/// The fewest letters and digits that fill a value.
const FILL: usize = 8;

/// How a value was filled up rather than drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filling {
    /// With one character that stands for nothing: `xxxx-xxxx`, `0000000000`.
    Mask,
    /// With one letter or digit, all of it.
    One,
    /// With few characters or units, mostly or all over: `abcabcabcabc`.
    Few,
}

/// Whether a value is filled up rather than drawn: one letter or digit makes up 60 % of it (`xxxx-xxxx-xxxxxxx`), one to
/// three are repeated to the end, or a handful are strung out over its length. No generator makes that.
pub fn filling(value: &[u8]) -> Option<Filling> {
    let drawn: Vec<u8> = value
        .iter()
        .filter(|b| b.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    if drawn.len() < FILL {
        return None;
    }
    let mut counts = [0usize; 256];
    for &b in &drawn {
        counts[usize::from(b)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let distinct = counts.iter().filter(|&&n| n > 0).count();
    let is_most = |b: u8| counts[usize::from(b)] == most;
    if most * 5 >= drawn.len() * 3 && (is_most(b'x') || is_most(b'0')) {
        Some(Filling::Mask)
    } else if distinct == 1 {
        Some(Filling::One)
    } else if most * 5 >= drawn.len() * 3
        || (2..=3).any(|unit| drawn[unit..] == drawn[..drawn.len() - unit])
        || distinct <= 8 && distinct * 8 <= drawn.len()
    {
        Some(Filling::Few)
    } else {
        None
    }
}

fn is_hex(value: &[u8]) -> bool {
    value.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        || value.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

/// Labels of digests, with their length in bytes.
const DIGESTS: [(&[u8], usize); 6] = [
    (b"md5", 16),
    (b"sha1", 20),
    (b"sha224", 28),
    (b"sha256", 32),
    (b"sha384", 48),
    (b"sha512", 64),
];

/// `sha256:` and hexadecimal, as images and lockfiles have it, or `sha512-` and base64, as web pages have it.
fn is_labelled_digest(value: &[u8]) -> bool {
    let Some(at) = value
        .iter()
        .take(7)
        .position(|b| matches!(b, b':' | b'-' | b'='))
    else {
        return false;
    };
    let (label, digest) = (&value[..at], &value[at + 1..]);
    DIGESTS.iter().any(|&(name, len)| {
        label.eq_ignore_ascii_case(name)
            && (digest.len() == 2 * len && is_hex(digest)
                || digest.len() == len.div_ceil(3) * 4
                    && BASE64.decode_len(digest.len()).is_ok()
                    && is_base64(digest))
    })
}

fn is_base64(text: &[u8]) -> bool {
    text.iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

/// The longest unit whose repetition counts, in bytes: a digest written twice is longer, and no longer regular.
const MAX_UNIT: usize = 16;

/// Whether a person, not a generator, made `value` by holding keys down or counting: one or two different characters,
/// a short unit repeated, or runs that make up 60 % of it.
fn is_regular(value: &[u8]) -> bool {
    if value.len() < 3 {
        return false;
    }
    let first = value[0];
    let second = value.iter().copied().find(|&b| b != first).unwrap_or(first);
    value.iter().all(|&b| b == first || b == second)
        || (2..=MAX_UNIT.min(value.len() / 2))
            .any(|unit| value[unit..] == value[..value.len() - unit])
        || patterned(value) * 5 >= value.len() * 3
        || value.len() >= 9 && short_runs(value) * 5 >= value.len() * 4
}

/// How many bytes of `value` lie in runs: `aaaa`, `abcd`, `9876`, `qwerty`, `1qaz`, `a1b2c3`.
///
/// Four characters in a row, or three pairs, make a run. Of random values of 40 characters, one in 100 (base62) or one
/// in 40 (hexadecimal) has a run by chance: what counts is its share of the length.
pub(super) fn patterned(value: &[u8]) -> usize {
    let mut covered = 0;
    let mut rest = value;
    while let [first, ..] = rest {
        // Most places are told by one look at the neighbour and one at the next but one.
        let may_run = rest.get(1).is_some_and(|next| is_related(*first, *next))
            || rest.get(2).is_some_and(|next| counts_up(*first, *next));
        let run = if may_run {
            RUNS.iter().map(|run| run.len(rest)).max().unwrap_or(0)
        } else {
            0
        };
        covered += run;
        rest = &rest[run.max(1)..];
    }
    covered
}

/// How many bytes of `value` lie in counts of three or more: `abc123def456`.
fn short_runs(value: &[u8]) -> usize {
    let mut rest = value;
    let mut covered = 0;
    while !rest.is_empty() {
        let pairs = rest.iter().zip(&rest[1..]);
        let run = 1 + pairs.take_while(|&(&a, &b)| counts_up(a, b)).count();
        covered += if run >= 3 { run } else { 0 };
        rest = &rest[run..];
    }
    covered
}

/// A relation between characters that, kept up, makes a run.
struct Run {
    /// How far apart the related characters are.
    lag: usize,
    /// The shortest run that counts, in characters.
    least: usize,
    /// Whether the second character continues the first.
    continues: fn(u8, u8) -> bool,
}

const RUNS: [Run; 6] = [
    Run {
        lag: 1,
        least: 4,
        continues: |a, b| a == b,
    },
    Run {
        lag: 1,
        least: 4,
        continues: counts_up,
    },
    Run {
        lag: 1,
        least: 4,
        continues: |a, b| counts_up(b, a),
    },
    Run {
        lag: 1,
        least: 4,
        continues: is_next_key,
    },
    Run {
        lag: 1,
        least: 4,
        continues: |a, b| is_next_key(b, a),
    },
    Run {
        lag: 2,
        least: 6,
        continues: counts_up,
    },
];

impl Run {
    /// The length of the run at the start of `text`; 0 where there is none.
    fn len(&self, text: &[u8]) -> usize {
        let pairs = text.iter().zip(text.iter().skip(self.lag));
        let len = self.lag + pairs.take_while(|&(&a, &b)| (self.continues)(a, b)).count();
        if len >= self.least && len <= text.len() {
            len
        } else {
            0
        }
    }
}

/// `a` to `b`, `7` to `8`, `9` to `0`; letters of either case.
const fn counts_up(a: u8, b: u8) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    match a {
        b'0'..=b'8' | b'a'..=b'y' => b == a + 1,
        b'9' => b == b'0',
        _ => false,
    }
}

/// Rows and columns of keyboards (QWERTY, QWERTZ, AZERTY). The row of digits counts up already.
const ROWS: [&[u8]; 13] = [
    b"qwertyuiop",
    b"qwertzuiop",
    b"azertyuiop",
    b"asdfghjkl",
    b"zxcvbnm",
    b"1qaz",
    b"2wsx",
    b"3edc",
    b"4rfv",
    b"5tgb",
    b"6yhn",
    b"7ujm",
    b"!@#$%^&*()",
];

/// For each ASCII character, the keys that follow it in a row: bit `n` stands for character `n`.
static NEXT_KEYS: [u128; 128] = {
    let mut next = [0; 128];
    let mut row = 0;
    while row < ROWS.len() {
        let mut key = 1;
        while key < ROWS[row].len() {
            next[ROWS[row][key - 1] as usize] |= 1 << ROWS[row][key];
            key += 1;
        }
        row += 1;
    }
    next
};

fn is_next_key(a: u8, b: u8) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    a.is_ascii() && b.is_ascii() && NEXT_KEYS[usize::from(a)] >> b & 1 == 1
}

/// For each ASCII character, those that continue a run of neighbours with it, in either direction.
static RELATED: [u128; 128] = {
    let mut related = [0; 128];
    let mut a = 0;
    while a < 128_u8 {
        let mut b = 0;
        while b < 128_u8 {
            let (low_a, low_b) = (
                a.to_ascii_lowercase() as usize,
                b.to_ascii_lowercase() as usize,
            );
            let keys = NEXT_KEYS[low_a] >> low_b | NEXT_KEYS[low_b] >> low_a;
            if a == b || counts_up(a, b) || counts_up(b, a) || keys & 1 == 1 {
                related[a as usize] |= 1 << b;
            }
            b += 1;
        }
        a += 1;
    }
    related
};

fn is_related(a: u8, b: u8) -> bool {
    a == b || a.is_ascii() && b.is_ascii() && RELATED[usize::from(a)] >> b & 1 == 1
}

/// Whether `value` starts as a public key, a certificate or a signature request does, in any of the usual armours.
fn is_public_key(value: &[u8]) -> bool {
    if let Some(rest) = value
        .strip_prefix(b"-----BEGIN ")
        .or_else(|| value.strip_prefix(b"---- BEGIN "))
    {
        let end = rest.iter().take(64).position(|&b| b == b'-').unwrap_or(0);
        let has = |word: &[u8]| rest[..end].windows(word.len()).any(|w| w == word);
        return [&b"PUBLIC"[..], b"CERTIFICATE", b"PARAMETERS", b"X509 CRL"]
            .iter()
            .any(|word| has(word));
    }
    // The names that OpenSSH gives its key types, before the base64.
    let openssh = [
        &b"ssh-"[..],
        b"ecdsa-sha2-nistp",
        b"sk-ssh-ed25519@",
        b"sk-ecdsa-sha2-nistp",
    ];
    if openssh.iter().any(|name| value.starts_with(name)) {
        return value.windows(5).take(48).any(|w| w == b" AAAA");
    }
    // The recipients of age: Bech32 with 32 bytes in it. The identity has `AGE-SECRET-KEY-1` instead.
    if let Some(data) = value.strip_prefix(b"age1") {
        return data.len() == 58 && data.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'));
    }
    match value.first() {
        Some(b'A') => is_openssh_blob(&decoded_head(value)),
        Some(b'M') => is_public_der(&decoded_head(value), value.len()),
        _ => false,
    }
}

/// How many characters of base64 the forms below are told from.
const HEAD: usize = 64;

/// The bytes that the first [`HEAD`] characters of base64 stand for; none where they are something else.
fn decoded_head(value: &[u8]) -> Vec<u8> {
    let head = &value[..value.len().min(HEAD) / 4 * 4];
    BASE64.decode(head).unwrap_or_default()
}

/// A public key in the SSH wire format (RFC 4253, section 6.6): its length in four bytes, then the name of its type.
fn is_openssh_blob(blob: &[u8]) -> bool {
    let Some((length, name)) = blob.split_first_chunk::<4>() else {
        return false;
    };
    (7..=64).contains(&u32::from_be_bytes(*length))
        && [&b"ssh-"[..], b"ecdsa-sha2-", b"sk-"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// A SubjectPublicKeyInfo, certificate, certificate request (RFC 5280, RFC 2986) or PKCS #1 RSA public key in DER.
/// Private keys differ early: they have a small version number (PKCS #1, #8, #12, SEC 1) or, encrypted, an OCTET STRING
/// there.
fn is_public_der(der: &[u8], base64_len: usize) -> bool {
    const SEQUENCE: u8 = 0x30;
    let Some((SEQUENCE, len, content)) = tlv(der) else {
        return false;
    };
    // Four characters stand for three bytes; line ends make a long value longer.
    if base64_len * 3 / 4 < len || len < 128 && base64_len * 3 / 4 > len + 4 {
        return false;
    }
    match tlv(content) {
        // The modulus of RSA-1024 has 129 bytes.
        Some((0x02, len, _)) => len > 100,
        Some((SEQUENCE, len, inner)) => match inner.first() {
            // The algorithm; then a BIT STRING.
            Some(0x06) => inner.get(len) == Some(&0x03),
            // What is signed, by its version or by its serial number.
            Some(0xa0 | 0x02) => true,
            _ => false,
        },
        _ => false,
    }
}

/// Tag, length and the start of the content of a DER element.
fn tlv(der: &[u8]) -> Option<(u8, usize, &[u8])> {
    match *der {
        [tag, len @ ..=0x7f, ref content @ ..] => Some((tag, usize::from(len), content)),
        [tag, 0x81, len, ref content @ ..] => Some((tag, usize::from(len), content)),
        [tag, 0x82, high, low, ref content @ ..] => {
            Some((tag, usize::from(u16::from_be_bytes([high, low])), content))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
