//! Values that say where the secret is, or that are the secret encrypted, instead of the secret in plain text.
//!
//! [`judge`] tells the addresses of secret stores and the expressions that fetch a value (here), templates
//! (`template.rs`) and ciphertext (`ciphertext.rs`). A reference may carry a secret as its default: [`default_inside`].

use memchr::memmem;

use super::words;
use crate::Reason;

mod ciphertext;
mod default;
mod template;

pub use default::default_inside;

/// Why `value` is no plain secret: `Reference` for templates, look-ups and the addresses of secret stores, `Encrypted`
/// for ciphertext that only its key opens. White space and one pair of quotes around the value do not matter.
///
/// Linear in the length.
pub fn judge(value: &[u8]) -> Option<Reason> {
    let value = bare(value);
    if ciphertext::is_encrypted(value) {
        Some(Reason::Encrypted)
    } else if is_address(value) || is_lookup(value) || template::is_templated(value) {
        Some(Reason::Reference)
    } else {
        None
    }
}

/// References are short: look-ups, and templates with text around them, are looked for up to this length, in bytes.
const MAX_LEN: usize = 512;

/// `value` without white space and one pair of quotes around it.
fn bare(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value {
        [open @ (b'"' | b'\'' | b'`'), inner @ .., close] if open == close => match open {
            b'`' => value, // a command of the shell
            _ => inner.trim_ascii(),
        },
        _ => value,
    }
}

fn starts_with_ignore_case(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Schemes of secret stores and other places, as in `op://vault/item`. Lower case.
const SCHEMES: [&[u8]; 46] = [
    b"1password",
    b"akeyless",
    b"akv",
    b"aws-sm",
    b"aws-ssm",
    b"awssecrets",
    b"awssecretsmanager",
    b"awssm",
    b"awsssm",
    b"azkv",
    b"azurekeyvault",
    b"azurekv",
    b"berglas",
    b"bitwarden",
    b"bw",
    b"chamber",
    b"conjur",
    b"doppler",
    b"env",
    b"file",
    b"gcp-secretmanager",
    b"gcp-sm",
    b"gcpsecretmanager",
    b"gcpsm",
    b"gsm",
    b"hashivault",
    b"hcvault",
    b"infisical",
    b"k8s",
    b"keepass",
    b"keeper",
    b"keychain",
    b"keyring",
    b"keyvault",
    b"lpass",
    b"onepassword",
    b"op",
    b"pass",
    b"passbolt",
    b"secret",
    b"secretref",
    b"secrets",
    b"secretsmanager",
    b"sm",
    b"ssm",
    b"vault",
];

/// The schemes that also stand before a plain `:`, as in `vault:secret/data/app#key`. Not `pass`: for OpenSSL, what
/// follows `pass:` is the password.
const SHORT_SCHEMES: [&[u8]; 11] = [
    b"env",
    b"file",
    b"gcp-secretmanager",
    b"k8s",
    b"keychain",
    b"keyring",
    b"secretref",
    b"secretsmanager",
    b"sm",
    b"ssm",
    b"vault",
];

/// How other addresses of secrets begin, and what must follow somewhere.
const ADDRESSES: [(&[u8], &[u8]); 17] = [
    (b"arn:aws", b":"),
    (b"projects/", b"/secrets/"),
    (b"https://", b".vault.azure.net/"),
    (b"https://", b"secretmanager.googleapis.com/"),
    (b"/run/secrets/", b""),
    (b"/var/run/secrets/", b""),
    (b"ref+", b"://"),
    (b"@Microsoft.KeyVault(", b""),
    (b"@Microsoft.AppConfiguration(", b""),
    (b"!secret ", b""),
    (b"!env ", b""),
    (b"!Ref ", b""),
    (b"!Sub ", b""),
    (b"!GetAtt ", b""),
    (b"!ImportValue ", b""),
    (b"!Join ", b""),
    (b"!reference ", b""),
];

/// Whether `value` is the address of a secret in a store.
fn is_address(value: &[u8]) -> bool {
    if let Some(colon) = value.iter().take(20).position(|&b| b == b':') {
        let is = |scheme: &&[u8]| value[..colon].eq_ignore_ascii_case(scheme);
        let (rest, schemes) = match value[colon + 1..].strip_prefix(b"//") {
            Some(rest) => (rest, &SCHEMES[..]),
            None => (&value[colon + 1..], &SHORT_SCHEMES[..]),
        };
        if rest.first().is_some_and(u8::is_ascii_graphic) && schemes.iter().any(is) {
            return true;
        }
    }
    ADDRESSES.iter().any(|(start, inside)| {
        starts_with_ignore_case(value, start)
            && memmem::find(&value[start.len()..], inside).is_some()
    })
}

/// How expressions begin that ask the environment or the settings for one value, in lower case. What they name as a
/// second argument is the default.
const ENVIRONMENT: [&[u8]; 27] = [
    b"$_env[",
    b"$_server[",
    b"bun.env",
    b"config(",
    b"config.get",
    b"deno.env",
    b"env!(",
    b"env(",
    b"env.fetch(",
    b"env.get(",
    b"env.str(",
    b"env::var",
    b"env[",
    b"environ.get(",
    b"environ[",
    b"environment.getenvironmentvariable(",
    b"getenv(",
    b"import.meta.env",
    b"option_env!(",
    b"os.environ",
    b"os.getenv(",
    b"process.env",
    b"std::env::",
    b"sys.getenv(",
    b"system.get_env(",
    b"system.getenv",
    b"system.getproperty(",
];

/// How other expressions begin that fetch a value from elsewhere, in lower case.
const ELSEWHERE: [&[u8]; 35] = [
    b"$env:",
    b".values.",
    b"app.config",
    b"config[",
    b"configmapkeyref",
    b"configuration[",
    b"credentials(",
    b"current_app.config",
    b"data.",
    b"env.",
    b"fetch_secret",
    b"fn::",
    b"get_secret",
    b"getpass",
    b"getsecret",
    b"inputs.",
    b"keyring.get_password(",
    b"local.",
    b"lookup(",
    b"module.",
    b"parameters.",
    b"rails.application.",
    b"random_password.",
    b"random_string.",
    b"secretkeyref",
    b"secretref",
    b"secrets.",
    b"self.",
    b"sensitive(",
    b"settings.",
    b"this.",
    b"valuefrom",
    b"var.",
    b"vars.",
    b"viper.get",
];

/// Whether `value` is an expression that fetches the secret.
fn is_lookup(value: &[u8]) -> bool {
    let begins = |start: &&&[u8]| starts_with_ignore_case(value, start);
    let Some(start) = ENVIRONMENT.iter().chain(&ELSEWHERE).find(begins) else {
        return false;
    };
    let rest = &value[start.len()..];
    // Behind a dot a name must follow: `var.db_password`, not `data.` and 30 random characters.
    value.len() <= MAX_LEN
        && (!start.ends_with(b".")
            || rest
                .first()
                .is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_')
                && (rest.len() < 16 || words::likeness(rest) > 0.4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(expected: Option<Reason>, values: &[&str]) {
        for value in values {
            assert_eq!(judge(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn addresses_are_references() {
        all(
            Some(Reason::Reference),
            &[
                "op://vault/item/field",
                "OP://vault/item/field",
                "bw://item",
                "vault:secret/data/app#key",
                "vault:values/app#key",
                "vault://secret/app",
                "ref+vault://secret/app#/key",
                "ref+awssecrets://app/db",
                "awssm://app/db",
                "gcp-secretmanager:projects/1/secrets/x",
                "sm://project/name",
                "projects/p/secrets/s/versions/latest",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf",
                "arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/db",
                "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/n)",
                "https://x.vault.azure.net/secrets/n",
                "keyring:service",
                "infisical://app/key",
                "doppler://app/key",
                "/run/secrets/db_password",
                "file:/etc/app/token",
                "!secret wifi_password",
                "!Ref DbPassword",
                "env:DB_PASS",
            ],
        );
    }

    #[test]
    fn lookups_are_references() {
        all(
            Some(Reason::Reference),
            &[
                "os.environ[\"X\"]",
                "os.getenv('X')",
                "os.environ.get('X', 'y')",
                "process.env.API_KEY",
                "import.meta.env.VITE_KEY",
                "Deno.env.get('X')",
                "System.getenv(\"X\")",
                "ENV[\"X\"]",
                "ENV.fetch('X')",
                "std::env::var(\"X\")",
                "env!(\"X\")",
                "Environment.GetEnvironmentVariable(\"X\")",
                "viper.GetString(\"db.pass\")",
                "settings.SECRET_KEY",
                "var.db_password",
                "local.token",
                "data.aws_secretsmanager_secret_version.db.secret_string",
                "module.db.password",
                "random_password.db.result",
                "sensitive(var.x)",
                ".Values.db.password",
                "secretKeyRef",
                "secrets.DEPLOY_KEY",
                "this.config.password",
            ],
        );
    }

    #[test]
    fn values_are_no_references() {
        let random = ["k3Vq8zW1", "xT9bLm2R", "y7QdaB3x", "9ZpQ1vT0"].concat();
        let values = [
            random.clone(),
            format!("data.{random}"),
            format!("{random}${{X}}"),
            format!("postgres://app:{random}@${{HOST}}/db"),
            format!("{{{random}}}"),
            format!("__{random}__"),
            format!("vault{random}"),
            format!("pass:{random}"),
        ];
        for value in &values {
            assert_eq!(judge(value.as_bytes()), None, "{value}");
        }
        all(
            None,
            &[
                "",
                "$",
                "${",
                "${}",
                "{{}}",
                "%%",
                "pa$$word",
                "abc$def",
                "$ecret123",
                "100%",
                "v1:2",
                "a{b}c",
                "::",
            ],
        );
    }

    #[test]
    fn any_bytes_are_judged() {
        let all: Vec<u8> = (0..=255).collect();
        for end in 0..=256 {
            let _ = judge(&all[..end]);
            let _ = default_inside(&all[end..]);
        }
    }
}
