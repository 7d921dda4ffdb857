use super::*;

fn hex(len: usize) -> String {
    "0a3f9c71e8d24b56".chars().cycle().take(len).collect()
}

#[test]
fn what_a_hand_types_is_regular() {
    for value in [
        "aaa",
        "aaaaaaaa",
        "0101010101",
        "xyxyxyxyxy",
        "abcabcabc",
        "k3Vq8zW1k3Vq8zW1",
        "12345678",
        "1234567890",
        "9876543210",
        "abcdefghijklmnop",
        "ABCDEFGH12345678",
        "AbCdEfGhIjKl",
        "a1b2c3d4e5f6",
        "qwertyuiop",
        "QWERTZuiop",
        "poiuytrewq",
        "asdfghjkl;",
        "1qaz2wsx3edc",
        "!@#$%^&*",
        "1234-5678-9012-3456",
        "01234567-89ab-cdef-0123-456789abcdef",
        "xyz12345",
        "abc123def456ghi789jkl012",
    ] {
        assert_eq!(judge(value.as_bytes()), Some(Reason::Regular), "{value}");
    }
}

#[test]
fn filled_values_are_told_whatever_stands_between() {
    let x = |n: usize| "x".repeat(n);
    for value in [
        x(8),
        format!("{}-{}.{}", x(8), x(18), x(9)),
        format!("_{}_{}-X", x(6), x(22)),
        format!("{}_PUT_IT_HERE_{}", "X".repeat(20), "X".repeat(12)),
        "0".repeat(33) + "TUVWXYZ",
        "123".repeat(6),
        "aaaaaaaaaa1111111111bbbbbbbbbb2222222222".to_owned(),
        "TEST".repeat(12) + "EXAM",
    ] {
        assert!(filling(value.as_bytes()).is_some(), "{value}");
    }
    for value in [
        hex(128),
        hex(32),
        "k3Vq8zW1xT9bLm2R".to_owned(),
        "xxxx".to_owned(),
        "0123456789".repeat(8),
    ] {
        assert_eq!(filling(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn what_a_value_is_filled_with_is_told() {
    for (value, expected) in [
        ("x".repeat(20), Filling::Mask),
        (format!("{}AB12", "0".repeat(20)), Filling::Mask),
        ("Q".repeat(40), Filling::One),
        (format!("{}-", "a".repeat(20)), Filling::One),
        ("abc".repeat(8), Filling::Few),
        (format!("{}NR", "a".repeat(20)), Filling::Few),
    ] {
        assert_eq!(filling(value.as_bytes()), Some(expected), "{value}");
    }
}

#[test]
fn dates_are_told_by_their_form() {
    for value in [
        "2026-01-31",
        "2016-11-06T15:32:17.000000",
        "2026-01-31 10:00:00+02:00",
    ] {
        assert!(is_date(value.as_bytes()), "{value}");
    }
    for value in ["2026-1-31", "2026-01-3x", "20260131", "2026-01-31-secret"] {
        assert!(!is_date(value.as_bytes()), "{value}");
    }
}

#[test]
fn random_values_are_not_regular() {
    for value in [
        ["k3Vq8zW1", "xT9bLm2R"].concat(),
        ["7f3e", "91c4"].concat(),
        "1234".to_owned() + "k3Vq8zW1",
    ] {
        assert_eq!(judge(value.as_bytes()), None, "{value}");
    }
    for value in ["", "a", "ab", "hunter2", "password12345"] {
        assert_eq!(judge(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn runs_are_counted_once() {
    assert_eq!(patterned(b"..1234.."), 4);
    assert_eq!(patterned(b"abcd9999dcba"), 12);
    assert_eq!(patterned(b"abc"), 0);
    assert_eq!(patterned(b"7890123"), 7);
    assert_eq!(patterned(b"a1b2"), 0);
    assert_eq!(patterned(b""), 0);
}

#[test]
fn the_short_cut_misses_no_run() {
    for (a, b) in (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).map(move |b| (a, b))) {
        let runs = RUNS
            .iter()
            .filter(|run| run.lag == 1)
            .any(|run| (run.continues)(a, b));
        assert_eq!(is_related(a, b), runs, "{a} {b}");
    }
}

#[test]
fn digests_are_told_by_length_and_case() {
    for len in [32, 40, 64, 96, 128] {
        assert!(is_digest(hex(len).as_bytes()), "{len}");
        assert!(is_digest(hex(len).to_uppercase().as_bytes()), "{len}");
        assert!(!is_digest(hex(len - 1).as_bytes()), "{len}");
    }
    assert!(!is_digest(("A".to_owned() + &hex(31)).as_bytes()));
    assert!(!is_digest(("g".to_owned() + &hex(31)).as_bytes()));
}

#[test]
fn a_labelled_digest_is_no_secret() {
    let sri =
        |len: usize| BASE64.encode(&(0..len).map(|i| (i * 37 + 11) as u8).collect::<Vec<_>>());
    for value in [
        format!("sha256:{}", hex(64)),
        format!("SHA1={}", hex(40)),
        format!("sha512-{}", sri(64)),
        format!("sha384-{}", sri(48)),
        format!("md5:{}", hex(32)),
    ] {
        assert_eq!(judge(value.as_bytes()), Some(Reason::Digest), "{value}");
    }
    assert_eq!(judge(format!("sha256:{}", &hex(64)[3..]).as_bytes()), None);
    assert_eq!(judge(format!("token:{}", &hex(64)[3..]).as_bytes()), None);
}

#[test]
fn uuids_are_told_by_their_form() {
    let digits = hex(32);
    let uuid = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ]
    .join("-");
    assert!(is_uuid(uuid.as_bytes()));
    assert!(is_uuid(uuid.to_uppercase().as_bytes()));
    assert!(!is_uuid(uuid.replace('-', "_").as_bytes()));
    assert!(!is_uuid(&uuid.as_bytes()[1..]));
    assert!(!is_uuid(uuid.replace('f', "g").as_bytes()));
}

/// A DER element around `content`.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len() as u16;
    let header = match len {
        ..=0x7f => vec![tag, len as u8],
        0x80..=0xff => vec![tag, 0x81, len as u8],
        _ => [[tag, 0x82], len.to_be_bytes()].concat(),
    };
    [header, content.to_vec()].concat()
}

fn random(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * i * 37 + i * 11 + 5) as u8).collect()
}

#[test]
fn public_keys_are_told_in_every_armour() {
    let rsa = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let ed25519 = [0x06, 3, 0x2b, 0x65, 0x70];
    let spki = der(0x30, &[der(0x30, &rsa), der(0x03, &random(271))].concat());
    let short = der(
        0x30,
        &[der(0x30, &ed25519), der(0x03, &random(33))].concat(),
    );
    let pkcs1 = der(
        0x30,
        &[der(0x02, &random(257)), der(0x02, &[1, 0, 1])].concat(),
    );
    let certificate = der(
        0x30,
        &der(
            0x30,
            &[der(0xa0, &der(0x02, &[2])), der(0x02, &random(400))].concat(),
        ),
    );
    for key in [spki, short, pkcs1, certificate] {
        assert_eq!(
            judge(BASE64.encode(&key).as_bytes()),
            Some(Reason::PublicKey)
        );
    }
    let blob = |name: &str| {
        [
            &(name.len() as u32).to_be_bytes(),
            name.as_bytes(),
            &random(60),
        ]
        .concat()
    };
    for name in [
        "ssh-rsa",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "sk-ssh-ed25519@openssh.com",
    ] {
        let key = BASE64.encode(&blob(name));
        assert_eq!(judge(key.as_bytes()), Some(Reason::PublicKey), "{name}");
        assert_eq!(
            judge(format!("{name} {key} me@host").as_bytes()),
            Some(Reason::PublicKey),
            "{name}"
        );
    }
    let recipient = "age1".to_owned() + &"qzp3ry9x8gf2tvdw0s".repeat(4)[..58];
    for text in [
        "-----BEGIN PUBLIC KEY-----\nMII",
        "-----BEGIN CERTIFICATE-----",
        "---- BEGIN SSH2 PUBLIC KEY ----",
        &recipient,
    ] {
        assert_eq!(judge(text.as_bytes()), Some(Reason::PublicKey), "{text}");
    }
}

#[test]
fn private_keys_are_not_public() {
    let rsa = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let pbes2 = [
        0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d, 5, 0,
    ];
    let pkcs1 = der(0x30, &[der(0x02, &[0]), der(0x02, &random(257))].concat());
    let pkcs8 = der(
        0x30,
        &[der(0x02, &[0]), der(0x30, &rsa), der(0x04, &random(300))].concat(),
    );
    let encrypted = der(0x30, &[der(0x30, &pbes2), der(0x04, &random(300))].concat());
    let sec1 = der(0x30, &[der(0x02, &[1]), der(0x04, &random(32))].concat());
    for key in [pkcs1, pkcs8, encrypted, sec1] {
        assert_eq!(judge(BASE64.encode(&key).as_bytes()), None);
    }
    let openssh = BASE64.encode(&[&b"openssh-key-v1\0"[..], &random(60)].concat());
    for text in [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "ssh-key-password",
        &openssh,
    ] {
        assert_eq!(judge(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn any_bytes_are_judged() {
    let all: Vec<u8> = (0..=255).collect();
    for end in 0..=256 {
        let _ = judge(&all[..end]);
        let _ = judge(&all[256 - end..]);
    }
    for start in [
        &b"MIIB"[..],
        b"AAAA",
        b"-----BEGIN ",
        b"sha256:",
        b"age1",
        b"MA==",
        b"MIL/",
    ] {
        let _ = judge(start);
        let _ = judge(&[start, &all].concat());
        assert_ne!(
            judge(&[start, &[b'A'; 100_000]].concat()),
            Some(Reason::PublicKey)
        );
    }
}
