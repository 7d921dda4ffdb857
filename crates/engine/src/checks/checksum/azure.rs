//! Microsoft's keys, by <https://github.com/microsoft/security-utilities>. Two forms carry a checksum:
//!
//! * identifiable keys: base64 of random bytes, a signature of four characters, four bytes Marvin32;
//! * annotated keys: 52 characters, `JQQJ9`, 23 of metadata that end in the provider's signature, then Marvin32 in
//!   base62, cut to 4 characters (84 in all) or whole (88 with `==`).

use super::{BASE62, BASE64_NOPAD, BASE64URL_NOPAD, decode_partial, digits};

/// Service Bus, Event Hubs and Relay have a seed for each right that a key gives.
const MESSAGING: &str = "Send0000 Listen00 Manage00 System00 Unknown0";

/// Signature and seeds of the identifiable keys. That API Management has a seed of IoT Hub is no slip of ours.
const IDENTIFIABLE: [(&str, &str); 15] = [
    ("+ABa", "AbAcct00"),
    ("+ACR", "ACRDflt0"),
    ("+AEh", MESSAGING),
    ("+AMC", "Classic0"),
    ("+ARm", MESSAGING),
    ("+ASb", MESSAGING),
    ("+ASt", "Default0"),
    ("+SQL", "UsrPwd00"),
    (
        "ACDb",
        "MastRW00 MastRO00 SystRW00 SystRO00 SysAll00 Resour00 Encryp00",
    ),
    ("AIoT", "IoTHub00 DpsKey00 Device00"),
    ("APIM", "Tenant00 IoTHub00 Gatewy00 GitKey00"),
    ("AZEG", "SendRecv"),
    ("AzCa", "Access00"),
    ("AzFu", "Functi00 Master00 System00"),
    ("AzSe", "PAdmin00 Query000"),
];

pub(super) fn verify(token: &str) -> Option<bool> {
    let token = token.trim_end_matches('=');
    [4, 6].into_iter().find_map(|width| {
        let (partial, checksum) = token.split_at_checked(token.len().checked_sub(width)?)?;
        let (least, checksums) = checksums(partial)?;
        (width >= least).then(|| checksums.iter().any(|whole| whole.starts_with(checksum)))
    })
}

pub(super) fn complete(partial: &str) -> Option<String> {
    let (width, checksums) = checksums(partial)?;
    let checksum = checksums.first()?.get(..width)?;
    let length = partial.len() + width;
    Some(checksum.to_owned() + &"=".repeat(length.next_multiple_of(4) - length))
}

/// The checksums that `partial` may go on with, the usual one first, and how much of one must stand at least.
fn checksums(partial: &str) -> Option<(usize, Vec<String>)> {
    if partial.len() == 80 && partial.get(52..57) == Some("JQQJ9") {
        Some((4, annotated(partial)?))
    } else {
        Some((6, identifiable(partial)?))
    }
}

fn annotated(partial: &str) -> Option<Vec<String>> {
    let bytes = BASE64_NOPAD.decode(partial.as_bytes()).ok()?;
    let checksum = marvin32(&bytes, "Default0").to_le_bytes();
    // Base62 of the four bytes as a big-endian number, each zero byte in front a `0` more, and filled up on the
    // right. Then the text must be base64 of four bytes, which clears the low bits of its last character.
    let zeros = checksum
        .iter()
        .take(3)
        .take_while(|&&byte| byte == 0)
        .count();
    let number = "0".repeat(zeros) + &digits(u32::from_be_bytes(checksum), BASE62, 1);
    let bytes = decode_partial(&BASE64_NOPAD, &format!("{number:0<6}"))?;
    // The first keys of this form had the plain base64.
    Some(vec![
        BASE64_NOPAD.encode(&bytes[..4]),
        BASE64_NOPAD.encode(&checksum),
    ])
}

fn identifiable(partial: &str) -> Option<Vec<String>> {
    let signature = partial.get(partial.len().checked_sub(4)?..)?;
    let (_, seeds) = IDENTIFIABLE.iter().find(|(known, _)| *known == signature)?;
    let encoding = if matches!(signature, "AzFu" | "AzSe") {
        BASE64URL_NOPAD
    } else {
        BASE64_NOPAD
    };
    let bytes = decode_partial(&encoding, partial)?;
    let mut checksums = Vec::new();
    for seed in seeds.split(' ') {
        let mut key = bytes.clone();
        key.extend(marvin32(&bytes, seed).to_le_bytes());
        checksums.push(encoding.encode(&key).split_off(partial.len()));
    }
    match signature {
        // Search draws again until a key is alphanumeric.
        "AzSe" => checksums.retain(|text| text.bytes().all(|b| b.is_ascii_alphanumeric())),
        // Redis replaces what is not.
        "AzCa" => checksums.insert(0, checksums[0].replace('+', "P").replace('/', "F")),
        _ => {}
    }
    Some(checksums)
}

/// Marvin, the keyed hash of .NET's strings, folded to 32 bits. The message is closed by 0x80, filled up with
/// zeros to whole little-endian words, and followed by a word of zeros. The seed is the name of the kind of key,
/// eight characters read as a big-endian number.
pub(super) fn marvin32(data: &[u8], seed: &str) -> u32 {
    let seed = seed
        .bytes()
        .fold(0u64, |seed, b| (seed << 8) | u64::from(b));
    let (mut low, mut high) = (seed as u32, (seed >> 32) as u32);
    let (words, rest) = data.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    for word in words.iter().chain([&last, &[0; 4]]) {
        low = low.wrapping_add(u32::from_le_bytes(*word));
        high ^= low;
        low = low.rotate_left(20).wrapping_add(high);
        high = high.rotate_left(9) ^ low;
        low = low.rotate_left(27).wrapping_add(high);
        high = high.rotate_left(19);
    }
    high ^ low
}
