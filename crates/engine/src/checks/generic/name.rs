//! What the name says that a value is assigned to.

/// The parts of names that hold something about a secret, not the secret. They count as the last part, and anywhere
/// behind the word for the secret: `password_expires_at`, `tokenTypeHint`.
const ABOUT: [&str; 71] = [
    "action",
    "algorithm",
    "arn",
    "builder",
    "callback",
    "class",
    "count",
    "decoder",
    "description",
    "dir",
    "encoder",
    "endpoint",
    "error",
    "errors",
    "event",
    "expiration",
    "expired",
    "expires",
    "expiry",
    "expression",
    "field",
    "file",
    "filename",
    "format",
    "generator",
    "handler",
    "hash",
    "header",
    "help",
    "hint",
    "host",
    "id",
    "ids",
    "input",
    "interval",
    "issuer",
    "label",
    "len",
    "length",
    "message",
    "mgr",
    "name",
    "names",
    "page",
    "param",
    "parser",
    "path",
    "pattern",
    "placeholder",
    "policy",
    "prefix",
    "prompt",
    "provider",
    "ref",
    "regex",
    "rotation",
    "rule",
    "rules",
    "schedule",
    "selector",
    "size",
    "stamp",
    "strategy",
    "suffix",
    "timeout",
    "ttl",
    "type",
    "types",
    "uri",
    "url",
    "version",
];

/// Words for the secret itself: what stands behind the last of them in a name is about it.
const SECRETS: [&str; 17] = [
    "auth",
    "bearer",
    "credential",
    "credentials",
    "key",
    "keys",
    "pass",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
];

/// Words in the names of tokens that open nothing: they mark a page, a form or a place.
const PUBLIC: [&str; 10] = [
    "authenticity",
    "cancellation",
    "continuation",
    "csrf",
    "marker",
    "next",
    "page",
    "pagination",
    "requestverification",
    "xsrf",
];

/// Words in the names of digests and of what everyone may see.
const DIGEST: [&str; 10] = [
    "sha",
    "md5",
    "hash",
    "digest",
    "checksum",
    "commit",
    "rev",
    "etag",
    "fingerprint",
    "public",
];

/// Parts of the names of values that are made to be refused, or for show.
const FALSE: [&str; 12] = [
    "bad",
    "bogus",
    "dummy",
    "expired",
    "fake",
    "incorrect",
    "invalid",
    "malformed",
    "mock",
    "non",
    "not",
    "wrong",
];

/// Whether the name says that the value is no true one: `wrongPassword`, `invalid_token`.
pub(super) fn is_false(name: &[u8]) -> bool {
    parts(name).any(|part| {
        FALSE
            .iter()
            .any(|word| part.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Whether the name is that of something about a secret.
pub(super) fn is_about_something_else(name: &[u8]) -> bool {
    let among = |list: &[&str], part: &[u8]| {
        list.iter()
            .any(|word| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    parts(name)
        .rev()
        .take_while(|part| !among(&SECRETS, part))
        .any(|part| among(&ABOUT, part))
}

/// Whether it is that of a token which opens nothing.
pub(super) fn is_public_token(name: &[u8]) -> bool {
    has_any(name, &PUBLIC)
}

/// Whether it speaks of a digest.
pub(super) fn is_digest(name: &[u8]) -> bool {
    has_any(name, &DIGEST)
}

fn has_any(name: &[u8], words: &[&str]) -> bool {
    let name: Vec<u8> = name
        .iter()
        .filter(|b| !matches!(b, b'_' | b'-'))
        .map(u8::to_ascii_lowercase)
        .collect();
    words
        .iter()
        .any(|word| memchr::memmem::find(&name, word.as_bytes()).is_some())
}

/// The parts of `snake_case`, `kebab-case`, `dotted.name` and `camelCase`.
pub(in crate::checks) fn parts(name: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let humps: Vec<&[u8]> = name
        .split(|b| !b.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .flat_map(|part| part.chunk_by(|a, b| !(a.is_ascii_lowercase() && b.is_ascii_uppercase())))
        .collect();
    humps.into_iter()
}

/// Whether the last part of a name is the word for the secret, or that with a number or another word glued to it.
pub(super) fn ends_in_secret(name: &[u8]) -> bool {
    parts(name).next_back().is_some_and(|part| {
        let part = part.to_ascii_lowercase();
        SECRETS
            .iter()
            .any(|word| memchr::memmem::find(&part, word.as_bytes()).is_some())
    })
}

/// Whether `word`, in lower case, is the last part of a name.
pub(super) fn ends_in(name: &[u8], word: &[u8]) -> bool {
    parts(name)
        .next_back()
        .is_some_and(|part| part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_parts() {
        let cut = |name: &'static str| -> Vec<&str> {
            parts(name.as_bytes())
                .map(|part| std::str::from_utf8(part).expect("ASCII"))
                .collect()
        };
        assert_eq!(cut("MY_API_KEY"), ["MY", "API", "KEY"]);
        assert_eq!(cut("clientSecretKey"), ["client", "Secret", "Key"]);
        assert_eq!(cut("spring.mail.password"), ["spring", "mail", "password"]);
        assert_eq!(cut("$x-auth-token"), ["x", "auth", "token"]);
        assert_eq!(cut("--"), [""; 0]);
    }

    #[test]
    fn what_is_about_a_secret_is_told_from_it() {
        for name in [
            "secretName",
            "token_id",
            "password_expires_at",
            "tokenTypeHint",
            "api_key_header",
            "PasswordFieldLabel",
            "passwordHash",
            "master_password_rotation_schedule_expression",
        ] {
            assert!(is_about_something_else(name.as_bytes()), "{name}");
        }
        for name in [
            "password",
            "id_token",
            "DB_HOST_PASSWORD",
            "url_signing_secret",
            "apiKey2",
            "file.encryption.key",
            "type_token",
        ] {
            assert!(!is_about_something_else(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_of_values_to_be_refused_are_told() {
        for name in ["wrongPassword", "INVALID_TOKEN", "nonExistentKey"] {
            assert!(is_false(name.as_bytes()), "{name}");
        }
        for name in ["password", "notify_token", "badgeToken", "mocking.key"] {
            assert!(!is_false(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn tokens_of_forms_and_pages_are_public() {
        for name in ["authenticity_token", "nextPageToken", "X-CSRF-Token"] {
            assert!(is_public_token(name.as_bytes()), "{name}");
        }
        assert!(!is_public_token(b"access_token"));
    }
}
