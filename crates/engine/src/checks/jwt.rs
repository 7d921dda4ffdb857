//! JSON Web Tokens: three parts of base64url, the first two of them JSON objects.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::Opinion;
use crate::{Evidence, Reason};

/// Decodes header and claims.
pub fn judge(value: &[u8]) -> Opinion {
    let mut parts = value.split(|&b| b == b'.');
    let header = parts.next().and_then(object);
    let claims = parts.next();
    match (header, claims) {
        (Some(header), _) if header.get("alg").is_none() => Opinion::Against(Reason::Malformed),
        // An encrypted token (JWE) has an `enc` and no readable claims.
        (Some(header), _) if header.get("enc").is_some() => Opinion::Doubt(Reason::Encrypted),
        (Some(_), Some(claims)) if object(claims).is_some() => {
            Opinion::For(Evidence::Structure("its header and claims decode to JSON"))
        }
        (Some(_), Some(_)) => Opinion::Doubt(Reason::Malformed),
        _ => Opinion::Against(Reason::Malformed),
    }
}

fn object(part: &[u8]) -> Option<serde_json::Map<String, Value>> {
    let padding = part.iter().rev().take_while(|&&b| b == b'=').count();
    let bytes = BASE64URL_NOPAD.decode(&part[..part.len() - padding]).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> Vec<u8> {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.c2lnbmF0dXJl", encode(header), encode(claims)).into_bytes()
    }

    #[test]
    fn only_what_decodes_is_a_token() {
        let good = token(r#"{"alg":"HS256"}"#, r#"{"sub":"1"}"#);
        assert!(matches!(judge(&good), Opinion::For(_)));
        assert_eq!(
            judge(&token(r#"{"kid":"1"}"#, "{}")),
            Opinion::Against(Reason::Malformed)
        );
        assert_eq!(
            judge(&token(r#"{"alg":"HS256"}"#, "claims")),
            Opinion::Doubt(Reason::Malformed)
        );
        assert_eq!(
            judge(&token(r#"{"alg":"dir","enc":"A256GCM"}"#, "{}")),
            Opinion::Doubt(Reason::Encrypted)
        );
        assert_eq!(
            judge(b"eyJhbGciOi.x.y"),
            Opinion::Against(Reason::Malformed)
        );
        assert_eq!(judge(b""), Opinion::Against(Reason::Malformed));
    }
}
