//! Secrets that are encrypted where they stand.

/// How ciphertext looks: its start, its end, its least length in bytes.
const ENCRYPTED: [(&[u8], &[u8], usize); 21] = [
    // SOPS and hiera-eyaml, Jasypt, Spring Cloud Config, WebLogic.
    (b"ENC[", b"]", 8),
    (b"ENC(", b")", 8),
    (b"{cipher}", b"", 16),
    (b"{AES}", b"", 16),
    (b"{AES256}", b"", 16),
    // ansible-vault, as a file and as a YAML tag; the tag of other tools; dotenvx.
    (b"$ANSIBLE_VAULT;", b"", 0),
    (b"!vault", b"", 0),
    (b"!encrypted", b"", 0),
    (b"encrypted:", b"", 40),
    // age, OpenPGP, git-crypt.
    (b"-----BEGIN AGE ENCRYPTED FILE", b"", 0),
    (b"age-encryption.org/v1", b"", 0),
    (b"-----BEGIN PGP MESSAGE", b"", 0),
    (b"\0GITCRYPT\0", b"", 0),
    // In base64: `Salted__` of openssl enc, `{"iv":` of Laravel, the first bytes of AWS KMS and Google Cloud KMS.
    (b"U2FsdGVkX1", b"", 32),
    (b"eyJpdiI6", b"", 64),
    (b"AQICAH", b"", 100),
    (b"CiQA", b"", 100),
    // Windows DPAPI: in hexadecimal, as PowerShell prints it, and in base64.
    (b"01000000d08c9ddf0115d1118c7a00c04fc297eb", b"", 100),
    (b"AQAAANCMnd8BFdERjHoAwE", b"", 100),
    // Jenkins; Maven: base64 in braces.
    (b"{AQAAABAAAA", b"}", 32),
    (b"{", b"=}", 24),
];

/// Whether `value` is ciphertext of a tool that keeps encrypted secrets in files. Ciphertext of no known form looks
/// random, and is a secret for all that can be told.
pub(super) fn is_encrypted(value: &[u8]) -> bool {
    if ENCRYPTED.iter().any(|&(start, end, least)| {
        value.len() >= least && value.starts_with(start) && value.ends_with(end)
    }) {
        return true;
    }
    match value {
        // The transit engine of HashiCorp Vault: vault:v1:...
        [
            b'v',
            b'a',
            b'u',
            b'l',
            b't',
            b':',
            b'v',
            b'0'..=b'9',
            rest @ ..,
        ] => rest.iter().find(|b| !b.is_ascii_digit()) == Some(&b':'),
        // Pulumi: v1:nonce:ciphertext, the nonce of 12 bytes in base64.
        [b'v', b'1', b':', rest @ ..] => {
            rest.get(16) == Some(&b':')
                && rest[..16]
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        }
        // SealedSecret: 02 00, the length of the session key, in base64; then 512 bytes of it and the data.
        [b'A', b'g', b'A'..=b'D', ..] => value.len() >= 700,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_is_encrypted() {
        let long = "Zm9vYmFy".repeat(100);
        let values = [
            "ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]".to_owned(),
            "ENC[PKCS7,MIIBeQ]".into(),
            "ENC(8fz3Vn1Q)".into(),
            "$ANSIBLE_VAULT;1.1;AES256".into(),
            "!vault |".into(),
            "encrypted:".to_owned() + &long,
            "vault:v1:".to_owned() + &long,
            "vault:v12:".to_owned() + &long,
            "v1:".to_owned() + &long[..16] + ":" + &long,
            "{cipher}".to_owned() + &long,
            "{AQAAABAAAA".to_owned() + &long[..40] + "}",
            "{".to_owned() + &long[..40] + "=}",
            "U2FsdGVkX1".to_owned() + &long,
            "AgB".to_owned() + &long,
            "-----BEGIN AGE ENCRYPTED FILE-----".into(),
        ];
        for value in &values {
            assert!(is_encrypted(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_only_starts_alike_is_not() {
        for value in [
            "",
            "v1:2",
            "vault:v",
            "vault:values/x",
            "{abc}",
            "AgA",
            "ENC[",
            "encrypted:x",
            "{=}",
        ] {
            assert!(!is_encrypted(value.as_bytes()), "{value}");
        }
    }
}
