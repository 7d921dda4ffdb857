//! Values that vendors and standards publish as examples or as the fixed keys of their emulators.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// Whether `value` is a published example: by its ending (`...EXAMPLE`, `...EXAMPLEKEY`, as AWS marks its own), by its
/// SHA-256, or, as a JSON Web Token, by the claims that such tokens begin with.
///
/// Their text stands nowhere here: other scanners would report this file.
pub(super) fn is_documented(value: &[u8]) -> bool {
    is_published(value) || has_known_claims(value)
}

/// Whether all of it is published.
pub(super) fn is_published(value: &[u8]) -> bool {
    is_marked(value) || is_known(value)
}

/// `EXAMPLE` glued to the end of a key. Between separators it is a word like others.
fn is_marked(value: &[u8]) -> bool {
    let rest = value.strip_suffix(b"KEY").unwrap_or(value);
    rest.strip_suffix(b"EXAMPLE")
        .and_then(<[u8]>::last)
        .is_some_and(u8::is_ascii_alphanumeric)
}

/// Published values: length in bytes, and the first eight bytes of the SHA-256. Where the format has a prefix, of what
/// follows it.
const KNOWN: [(usize, u64); 57] = [
    // Microsoft: the account key of Azurite, the key of the Cosmos DB emulator.
    (88, 0x0011_cc25_eb43_2071),
    (88, 0xaa65_4743_9583_c3a2),
    // Google: the secret of the reCAPTCHA test keys.
    (40, 0xf5e9_5c99_5463_5b65),
    // Stripe: the test keys of its API reference.
    (24, 0x153a_1825_8645_1358),
    (24, 0x74e1_1884_b07b_1d51),
    // OAuth 2.0, RFC 6749: access token, refresh token, client secret, and two Basic credentials; RFC 6750.
    (22, 0x6c96_130f_130a_b0d6),
    (22, 0x00cf_4c78_1dc3_7003),
    (22, 0xe997_4c50_7d2a_8021),
    (28, 0xca74_59e2_b267_76de),
    (44, 0x584b_27d6_4ebc_1b33),
    (15, 0xb8e1_4854_5b13_c78b),
    // Basic authentication: RFC 7617 and MDN. WebSocket: RFC 6455.
    (28, 0xcf4d_418e_d3de_92d7),
    (24, 0xad62_d48d_8b06_9026),
    (24, 0x15ce_f4b6_29cc_2d07),
    // One-time passwords: RFC 4226, and the example of the Key URI format.
    (32, 0x549c_9390_539e_fcfa),
    (16, 0x8be5_d113_c087_1ce1),
    // Ethereum: the first three accounts of Hardhat and Anvil.
    (64, 0xbc1a_5096_6c9e_6486),
    (64, 0x8335_c553_3482_1eef),
    (64, 0xb26a_b652_9d20_ebeb),
    // The documentation of Slack (signing secret), Discord and Telegram (bot tokens).
    (32, 0x6adb_fd17_8516_c8ef),
    (59, 0x02f7_ce3c_263f_85c0),
    (41, 0x731f_a294_d036_e54f),
    (44, 0x0b5d_d075_ccdd_03c4),
    // Kubernetes: the bootstrap token. MinIO: access key and secret key of its public play server.
    (23, 0x3002_888f_967a_7086),
    (20, 0x1bbb_9293_c38a_cc5e),
    (40, 0xdf45_2eef_23e8_cf2c),
    // GitHub: access token and refresh token. Mailgun: API key.
    (36, 0x7e49_8f91_828a_193c),
    (76, 0x8c02_9ad8_efa1_2979),
    (32, 0xa452_6cb8_cdbf_802f),
    // Google: the Firebase keys that its own SDKs, samples and tests are published with, by repository of `firebase`.
    // firebase-android-sdk:
    (35, 0x00d8_0426_e5f9_a1e0),
    (35, 0x64db_43ad_5a6c_69f5),
    (35, 0xf127_6545_83e7_e2d1),
    (35, 0x0243_0553_aacd_4244),
    (35, 0xcf34_1b9c_95e8_4cb7),
    (35, 0x0770_3eb4_0e2f_1d68),
    (35, 0x6530_c104_f485_b41e),
    (35, 0xe4ce_6086_34a7_f4d0),
    (35, 0x8733_fe09_5912_7882),
    (35, 0x991f_7455_fc2a_95cb),
    (35, 0x79e0_0338_8528_bfd9),
    (35, 0xe979_ef1b_a07d_da84),
    (35, 0x3361_33f6_82fe_aa0e),
    // firebase-ios-sdk:
    (35, 0x6e52_0764_777b_e933),
    (35, 0x6f8a_5bd7_77aa_ffcd),
    // quickstart-android:
    (35, 0xd818_0f37_de33_d3d1),
    // firebase-js-sdk:
    (35, 0xe769_601e_287c_7f56),
    (35, 0x1726_f875_4866_522b),
    (35, 0xca89_bc19_960e_b240),
    (35, 0xd31b_8da8_9ec9_7b9f),
    // flutterfire:
    (35, 0xb350_3939_91b4_8c35),
    (35, 0x9c19_fdc3_9f65_5a99),
    (35, 0x53e9_c4bb_72ed_3348),
    (35, 0x7ea2_73e9_6cc0_7e28),
    // googlemaps/js-samples:
    (35, 0x439c_b063_2c43_5956),
    (35, 0x5678_26e5_b9bb_46e5),
    // NuGet: the passwords of the reference of NuGet.config.
    (11, 0xdba7_2c00_f41f_4e4c),
    (14, 0xa070_2bc9_1d69_9f60),
];

fn is_known(value: &[u8]) -> bool {
    let body = value.strip_prefix(b"0x").unwrap_or(value);
    let after_prefix = body
        .rsplit(|b| matches!(b, b'_' | b'-'))
        .next()
        .unwrap_or(body);
    is_hashed(body) || after_prefix.len() < body.len() && is_hashed(after_prefix)
}

fn is_hashed(value: &[u8]) -> bool {
    if KNOWN.iter().all(|&(len, _)| len != value.len()) {
        return false;
    }
    let digest = Sha256::digest(value);
    let head = digest
        .iter()
        .take(8)
        .fold(0, |head, &byte| head << 8 | u64::from(byte));
    KNOWN.contains(&(value.len(), head))
}

/// How the claims of published JSON Web Tokens begin: jwt.io, the local keys of Supabase, RFC 7519.
const CLAIMS: [&[u8]; 3] = [
    br#"{"sub":"1234567890","name":"John Doe""#,
    br#"{"iss":"supabase-demo""#,
    b"{\"iss\":\"joe\",\r\n",
];
/// How many characters of the claims are decoded: enough for the longest of [`CLAIMS`].
const CLAIMS_HEAD: usize = 52;

fn has_known_claims(value: &[u8]) -> bool {
    if !value.starts_with(b"eyJ") {
        return false;
    }
    let claims = value.split(|&b| b == b'.').nth(1).unwrap_or_default();
    let head = &claims[..claims.len().min(CLAIMS_HEAD) / 4 * 4];
    BASE64URL_NOPAD
        .decode(head)
        .is_ok_and(|json| CLAIMS.iter().any(|start| json.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE32, BASE64};

    use super::*;

    #[test]
    fn keys_that_end_in_example_are_documented() {
        let id = ["AKIA", "IOSFODNN7", "EXAMPLE"].concat();
        let secret = ["wJalrXUtnFEMI", "/K7MDENG/", "bPxRfiCY", "EXAMPLEKEY"].concat();
        for value in [&id, &id[4..], &secret] {
            assert!(is_documented(value.as_bytes()), "{value}");
        }
        for value in [
            "EXAMPLE",
            "MY_EXAMPLE",
            "EXAMPLEKEY",
            &id.replace("EXAMPLE", "EXAMPLF"),
            &id.to_lowercase(),
        ] {
            assert!(!is_documented(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn published_values_are_known_by_their_digest() {
        for value in [
            BASE64.encode(b"Aladdin:open sesame"),
            BASE64.encode(b"aladdin:opensesame"),
            BASE64.encode(b"the sample nonce"),
            BASE64.encode(["s6BhdRkqt3", ":gX1fBat3bV"].concat().as_bytes()),
            BASE32.encode(b"12345678901234567890"),
            BASE32.encode(b"Hello!\xde\xad\xbe\xef"),
            ["gho_16C7e42F292c", "6912E7710c83", "8347Ae178B4a"].concat(),
            [
                "0xac0974bec39a17e36ba4a6b4d238ff94",
                "4bacb478cbed5efcae784d7bf4f2ff80",
            ]
            .concat(),
            ["mF_9.", "B5f-4.", "1JqM"].concat(),
        ] {
            assert!(is_documented(value.as_bytes()), "{value}");
            let (head, last) = value.split_at(value.len() - 1);
            let other = if last == "A" { "B" } else { "A" };
            assert!(
                !is_documented(format!("{head}{other}").as_bytes()),
                "{value}"
            );
        }
    }

    #[test]
    fn published_tokens_are_known_by_their_claims() {
        let token = |claims: &str| {
            let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
            format!(
                "{}.{}.c2lnbmF0dXJl",
                encode(r#"{"alg":"HS256"}"#),
                encode(claims)
            )
            .into_bytes()
        };
        assert!(is_documented(&token(
            r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#
        )));
        assert!(is_documented(&token(
            r#"{"iss":"supabase-demo","role":"anon"}"#
        )));
        assert!(is_documented(&token(
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380}"
        )));
        assert!(!is_documented(&token(
            r#"{"sub":"1234567890","name":"Jane Roe","iat":1516239022}"#
        )));
        assert!(!is_documented(b"eyJ"));
        assert!(!is_documented(b"eyJ.eyJ.eyJ"));
    }

    #[test]
    fn no_row_stands_twice() {
        for (i, row) in KNOWN.iter().enumerate() {
            assert!(!KNOWN[..i].contains(row), "{row:x?}");
        }
    }
}
