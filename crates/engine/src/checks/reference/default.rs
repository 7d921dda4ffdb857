//! Defaults in references: `${DB_PASSWORD:-...}` refers to a variable, and may carry the password all the same.

use std::ops::Range;

use memchr::memmem;

use super::template::templates;
use super::{ENVIRONMENT, MAX_LEN, bare, judge, starts_with_ignore_case};

/// The default that a reference falls back to, as a range of `value`: `${VAR:-default}`, `${VAR:default}`,
/// `{{ env "VAR" | default "..." }}`, `os.getenv("VAR", "...")`, `process.env.VAR || "..."`. It is a candidate itself.
///
/// `None` where there is none, it is empty or it is a reference without a default. Linear in the length.
pub fn default_inside(value: &[u8]) -> Option<Range<usize>> {
    let default = default_of(value, MAX_NESTING)?;
    // `default` is a part of `value`: the distance of the addresses is its offset.
    let start = default.as_ptr().addr() - value.as_ptr().addr();
    Some(start..start + default.len())
}

/// How deep defaults may nest: `${A:-${B:-${C}}}` is as much as people write.
const MAX_NESTING: usize = 4;

/// The default of the first reference in `value` that has one; `levels` more may nest in it.
fn default_of(value: &[u8], levels: usize) -> Option<&[u8]> {
    let text = bare(value);
    let text = &text[..text.len().min(MAX_LEN)];
    let default = if ENVIRONMENT
        .iter()
        .any(|start| starts_with_ignore_case(text, start))
    {
        last_alternative(text)
    } else {
        templates(text).find_map(|(_, template)| match template.open {
            b"${" => expansion_default(template.inner),
            b"${{" => last_alternative(template.inner),
            b"<%" => filter_default(template.inner).or_else(|| last_alternative(template.inner)),
            _ => filter_default(template.inner),
        })
    };
    let default = default.map(bare).filter(|default| !default.is_empty())?;
    match judge(default) {
        None => Some(default),
        Some(_) if levels > 0 => default_of(default, levels - 1),
        Some(_) => None,
    }
}

/// What may stand before the first colon of `${...}` without being a variable: `${ssm:/path}`, `${input:id}`.
const NAMESPACES: [&[u8]; 19] = [
    b"aws",
    b"cf",
    b"command",
    b"config",
    b"env",
    b"file",
    b"input",
    b"opt",
    b"param",
    b"s3",
    b"secret",
    b"secrets",
    b"self",
    b"sls",
    b"sm",
    b"ssm",
    b"sys",
    b"vault",
    b"workspacefolder",
];

/// The default in `VAR:-default`, `VAR-default`, `VAR:=default`, `VAR=default` (shells, compose), `VAR:default`
/// (Spring) and `env:VAR, 'default'` (Serverless).
fn expansion_default(inner: &[u8]) -> Option<&[u8]> {
    let shell = inner
        .iter()
        .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'_')
        .count();
    if shell > 0 && matches!(inner.get(shell), Some(b'-' | b'=')) {
        return Some(&inner[shell + 1..]);
    }
    let end = inner
        .iter()
        .position(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'.' | b'-'))?;
    let (name, rest) = inner.split_at(end);
    match rest {
        _ if name.is_empty() => None,
        [b':', b'?' | b'+' | b':', ..] => None,
        [b':', b'-' | b'=', default @ ..] => Some(default),
        [b':', rest @ ..]
            if NAMESPACES
                .iter()
                .any(|space| name.eq_ignore_ascii_case(space)) =>
        {
            expansion_default(rest)
        }
        [b':' | b',', default @ ..] => Some(default),
        _ => None,
    }
}

/// The string after the word `default`: `env "VAR" | default "x"`, `default("x")`, `default "x" .Values.y`.
fn filter_default(inner: &[u8]) -> Option<&[u8]> {
    let rest = &inner[memmem::find(inner, b"default")? + b"default".len()..];
    let start = rest.iter().position(|b| !matches!(b, b' ' | b'(' | b'='))?;
    quoted(&rest[start..])
}

/// The last string of an expression that stands as an alternative or as a further argument: after `,`, `||`, `??`,
/// `or`, `default=`.
fn last_alternative(expression: &[u8]) -> Option<&[u8]> {
    let mut last = None;
    let mut at = 0;
    while at < expression.len() {
        let Some(string) = quoted(&expression[at..]) else {
            at += 1;
            continue;
        };
        let before = expression[..at].trim_ascii_end();
        let marks = [
            &b","[..],
            b"||",
            b"??",
            b"?:",
            b" or",
            b"default=",
            b"unwrap_or(",
            b"orElse(",
        ];
        if marks.iter().any(|mark| before.ends_with(mark)) {
            last = Some(string);
        }
        at += string.len() + 2;
    }
    last
}

/// The content of the string literal at the start of `text`.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let (&quote, rest) = text.split_first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    rest.iter()
        .position(|&b| b == quote)
        .map(|end| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_found_at_its_place() {
        for (value, default) in [
            ("${VAR:-s3cret}", "s3cret"),
            ("${VAR-s3cret}", "s3cret"),
            ("${VAR:=s3cret}", "s3cret"),
            ("${VAR:s3cret}", "s3cret"),
            ("${secret:-s3cret}", "s3cret"),
            ("${db.password:s3cret}", "s3cret"),
            ("\"${VAR:-'s3cret'}\"", "s3cret"),
            ("${env:VAR, 's3cret'}", "s3cret"),
            ("${env:VAR:-s3cret}", "s3cret"),
            ("${A:-${B:-s3cret}}", "s3cret"),
            ("${USER}:${PASS:-s3cret}", "s3cret"),
            ("postgres://app:${PASS:-s3cret}@db/app", "s3cret"),
            ("{{ env \"X\" | default \"s3cret\" }}", "s3cret"),
            ("{{ x | default('s3cret', true) }}", "s3cret"),
            ("{{ default \"s3cret\" .Values.x }}", "s3cret"),
            ("${{ secrets.X || 's3cret' }}", "s3cret"),
            ("<%= ENV.fetch('X', 's3cret') %>", "s3cret"),
            ("os.getenv(\"X\", \"s3cret\")", "s3cret"),
            ("os.environ.get('X') or 's3cret'", "s3cret"),
            ("process.env.X || 's3cret'", "s3cret"),
            ("process.env.X ?? \"s3cret\"", "s3cret"),
            ("config('KEY', default='s3cret')", "s3cret"),
            ("env('X', 's3cret')", "s3cret"),
        ] {
            let range = default_inside(value.as_bytes());
            assert_eq!(range.map(|range| &value[range]), Some(default), "{value}");
        }
    }

    #[test]
    fn no_default_is_made_up() {
        for value in [
            "",
            "${VAR}",
            "${VAR:-}",
            "${VAR:-\"\"}",
            "${VAR:?must be set}",
            "${VAR:+set}",
            "${AWS::Region}",
            "${ssm:/path/to/it}",
            "${self:custom.token}",
            "${input:id}",
            "${A:-$B}",
            "${A:-${B}}",
            "${my-var}",
            "{{ .Values.defaultPassword }}",
            "{{ lookup('env', 'X') }}",
            "os.environ['X']",
            "keyring.get_password('a', 'b')",
            "plain value",
        ] {
            assert_eq!(default_inside(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = "${A:-".repeat(80) + &"}".repeat(80);
        assert_eq!(default_inside(nested.as_bytes()), None);
        let deep = "${A:-".repeat(4) + "s3cret" + &"}".repeat(4);
        assert_eq!(default_inside(deep.as_bytes()), Some(20..26));
    }
}
