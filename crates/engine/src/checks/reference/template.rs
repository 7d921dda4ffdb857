//! Templates: marks that something else is put in later.

use super::{MAX_LEN, starts_with_ignore_case, words};

/// Whether `value` consists of templates, with text around them at the most that is no secret itself.
pub(super) fn is_templated(value: &[u8]) -> bool {
    let value = without_scheme(value);
    if is_whole_mark(value) {
        return true;
    }
    if value.len() > MAX_LEN {
        return false;
    }
    let mut literal = 0;
    for (at, template) in templates(value) {
        if is_candidate(&value[literal..at]) {
            return false;
        }
        literal = at + template.len;
    }
    literal > 0 && !is_candidate(&value[literal..])
}

/// Whether text beside a template could be a secret.
fn is_candidate(literal: &[u8]) -> bool {
    literal.len() >= 8 && literal.iter().any(u8::is_ascii_digit) && words::likeness(literal) < 0.5
}

/// `value` without the name of an authentication scheme before it.
fn without_scheme(value: &[u8]) -> &[u8] {
    let schemes = [&b"bearer "[..], b"basic ", b"token "];
    let scheme = schemes
        .iter()
        .find(|scheme| starts_with_ignore_case(value, scheme));
    value[scheme.map_or(0, |scheme| scheme.len())..].trim_ascii_start()
}

/// Marks around a name that are too weak to be looked for inside a text: `pa$$word` is a password.
const MARKS: [(&[u8], &[u8]); 9] = [
    (b"%%", b"%%"),
    (b"%", b"%"),
    (b"__", b"__"),
    (b"@@", b"@@"),
    (b"@", b"@"),
    (b"##", b"##"),
    (b"{", b"}"),
    (b"%(", b")s"),
    (b"[[", b"]]"),
];

/// Whether `value` as a whole is a name in marks (`%VAR%`, `__TOKEN__`), a variable (`$VAR`), a bind parameter
/// (`:password`), a conversion (`%s`) or a command in backticks.
fn is_whole_mark(value: &[u8]) -> bool {
    let in_marks = |&(open, close): &(&[u8], &[u8])| {
        value
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(is_name)
    };
    match value {
        [b'`', inner @ .., b'`'] => !inner.is_empty() && !inner.contains(&b'`'),
        [b'%', b's' | b'd' | b'v' | b'q' | b'r' | b'@'] | b"{}" | b"$@" => true,
        [b'$', rest @ ..] => is_variable(rest),
        [b':', rest @ ..] => {
            rest.len() >= 3 && rest.iter().all(|b| b.is_ascii_lowercase() || *b == b'_')
        }
        _ => MARKS.iter().any(in_marks),
    }
}

/// Letters first, then letters, digits and what joins names; short.
fn is_name(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.first()
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && text.len() <= 64
        && text
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'))
        && (text.len() < 16 || words::likeness(text) > 0.4)
}

/// What follows the `$` of a variable of a shell, PHP or Perl: `DB_PASS`, `password`, `this->token`, `config['x']`. A
/// lower-case name with a digit is taken for a password.
fn is_variable(name: &[u8]) -> bool {
    let len = name
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count();
    let (name, rest) = name.split_at(len);
    let upper = !name.iter().any(u8::is_ascii_lowercase);
    let starts = name
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let plain = rest.is_empty() && (upper || !name.iter().any(u8::is_ascii_digit));
    starts
        && (plain || rest.starts_with(b"->") || rest.starts_with(b"[") || rest.starts_with(b"::"))
}

/// A template in brackets at the start of a text.
pub(super) struct Template<'a> {
    /// Its length with the brackets, in bytes.
    pub(super) len: usize,
    /// What opens it.
    pub(super) open: &'static [u8],
    /// What the brackets hold.
    pub(super) inner: &'a [u8],
}

/// What opens and closes templates that stand out in any text.
const BRACKETS: [(&[u8], &[u8]); 10] = [
    (b"${{", b"}}"),
    (b"${", b"}"),
    (b"$(", b")"),
    (b"$[", b"]"),
    (b"{{", b"}}"),
    (b"{%", b"%}"),
    (b"<%", b"%>"),
    (b"#{", b"}"),
    (b"%{", b"}"),
    (b"((", b"))"),
];

/// The template at the start of `text`, with other templates inside it.
fn bracketed(text: &[u8]) -> Option<Template<'_>> {
    if !matches!(text.first()?, b'$' | b'{' | b'<' | b'#' | b'%' | b'(') {
        return None;
    }
    let &(open, close) = BRACKETS.iter().find(|(open, _)| text.starts_with(open))?;
    let text = &text[..text.len().min(MAX_LEN)];
    let inside = &text[open.len()..];
    let mut depth = 0;
    let mut at = 0;
    while at < inside.len() {
        let rest = &inside[at..];
        if depth == 0 && rest.starts_with(close) {
            let inner = &inside[..at];
            let len = open.len() + at + close.len();
            return (!inner.trim_ascii().is_empty()).then_some(Template { len, open, inner });
        }
        // Only single closing brackets nest in practice: ${A:-${B}}, $(echo $(id)).
        if close.len() == 1 {
            match rest[0] {
                b if b == open[1] => depth += 1,
                b if b == close[0] => depth -= 1,
                _ => {}
            }
        }
        at += 1;
    }
    None
}

/// How many brackets may stand open before a text is no template: keeps the search linear.
const MAX_UNCLOSED: usize = 8;

/// The templates in `text`, each with its offset, one after the other.
pub(super) fn templates(text: &[u8]) -> impl Iterator<Item = (usize, Template<'_>)> {
    let (mut at, mut unclosed) = (0, 0);
    std::iter::from_fn(move || {
        while at < text.len() && unclosed < MAX_UNCLOSED {
            let start = at;
            if let Some(template) = bracketed(&text[start..]) {
                at += template.len;
                return Some((start, template));
            }
            unclosed += usize::from(
                BRACKETS
                    .iter()
                    .any(|(open, _)| text[start..].starts_with(open)),
            );
            at += 1;
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::*;
    use crate::Reason;

    #[test]
    fn templates_are_references() {
        for value in [
            "${VAR}",
            "\"${VAR}\"",
            " ${db.password} ",
            "${VAR:-fallback}",
            "${A:-${B:-c}}",
            "${env:X}",
            "${input:api-key}",
            "${{ secrets.DEPLOY_KEY }}",
            "{{ x }}",
            "{{ lookup('env', 'X') }}",
            "{{resolve:secretsmanager:prod/db:SecretString:password}}",
            "{% raw %}",
            "<%= ENV['X'] %>",
            "#{password}",
            "$(cat /etc/token)",
            "$(Pipeline.Var)",
            "$[variables.x]",
            "((concourse-secret))",
            "`pass show db`",
            "$DB_PASS",
            "$password",
            "$this->token",
            "$config['x']",
            "$env:VAR",
            "%VAR%",
            "%(password)s",
            "%{hiera('x')}",
            "%s",
            "__TOKEN__",
            "@@DB_PASS@@",
            "@PASSWORD@",
            "{password}",
            ":password",
            "Bearer ${TOKEN}",
            "Bearer $TOKEN",
            "https://user:${PASSWORD}@db.internal:5432/app",
            "${A}-${B}",
        ] {
            assert_eq!(judge(value.as_bytes()), Some(Reason::Reference), "{value}");
        }
    }

    #[test]
    fn open_brackets_end() {
        for (open, close) in BRACKETS {
            for text in [
                open.repeat(5000),
                [open.repeat(300), close.repeat(300)].concat(),
                [open, close].concat(),
            ] {
                assert!(templates(&text).count() <= 1);
                let _ = is_templated(&text);
            }
        }
    }
}
