//! `user:password` in base64, as HTTP Basic and docker's `auth` have it.

use data_encoding::BASE64_NOPAD;

use super::{Opinion, placeholder, reference};
use crate::{Evidence, Reason};

/// Decodes the value and looks at both parts.
pub fn judge(value: &[u8]) -> Opinion {
    let padding = value.iter().rev().take_while(|&&b| b == b'=').count();
    let Ok(plain) = BASE64_NOPAD.decode(&value[..value.len() - padding]) else {
        return Opinion::Against(Reason::Malformed);
    };
    let Some(colon) = plain.iter().position(|&b| b == b':') else {
        return Opinion::Against(Reason::Malformed);
    };
    let (user, password) = (&plain[..colon], &plain[colon + 1..]);
    if std::str::from_utf8(&plain).is_err()
        || plain.iter().any(u8::is_ascii_control)
        || password.is_empty()
    {
        return Opinion::Against(Reason::Malformed);
    }
    if user == password {
        return Opinion::Doubt(Reason::Placeholder);
    }
    let plain_word = |part: &[u8]| part.len() < 12 && part.iter().all(u8::is_ascii_lowercase);
    if plain_word(user) && plain_word(password) {
        return Opinion::Doubt(Reason::Wordlike);
    }
    match reference::judge(password).or_else(|| placeholder::judge(password)) {
        Some(reason) => Opinion::Doubt(reason),
        None => Opinion::For(Evidence::Structure("decodes to a user and a password")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(plain: &str) -> Opinion {
        judge(BASE64_NOPAD.encode(plain.as_bytes()).as_bytes())
    }

    #[test]
    fn only_a_user_and_a_password_count() {
        assert!(matches!(of("svc-deploy:k3Vq8-zW1"), Opinion::For(_)));
        assert_eq!(of("no colon in here"), Opinion::Against(Reason::Malformed));
        assert_eq!(of("user:"), Opinion::Against(Reason::Malformed));
        assert_eq!(of("shop:sesame"), Opinion::Doubt(Reason::Wordlike));
        assert_eq!(of("admin:admin"), Opinion::Doubt(Reason::Placeholder));
        assert_eq!(judge(b"!!"), Opinion::Against(Reason::Malformed));
    }
}
