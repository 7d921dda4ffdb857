//! Templates that expand to texts with random secrets in them, so that no file of the repository holds a token.
//!
//! A template is text with pieces in braces; `{{` and `}}` are literal braces. The same seed gives the same text.
//!
//! | piece | expands to |
//! |---|---|
//! | `{hex:32}` `{HEX:32}` | hex digits of one case |
//! | `{digits:10}` `{lower:8}` `{upper:8}` `{letters:8}` | ASCII digits and letters |
//! | `{lower-digits:24}` `{upper-digits:16}` `{base62:30}` | both |
//! | `{base32:16}` `{base58:44}` `{base64:40}` `{base64url:43}` | as RFC 4648, without padding; base58 is Bitcoin's |
//! | `{class:A-Za-z0-9._~:20}` | characters of a regex class: ranges, `\d`, `\w`, escaped punctuation |
//! | `{password:12}` | mixed letters, digits and some of ``!@#%^*-_`` (in URLs only what stands there unescaped) |
//! | `{word}` | a lower-case name of 4 to 8 letters |
//! | `{choice:a\|b\|c}` | one of the texts |
//! | `{uuid}` `{UUID}` | a random UUID (version 4) |
//! | `{basic}` | base64 of `word:password` |
//! | `{jwt}` | a JWT with random subject, time and signature |
//! | `{pem:rsa}` | a key block; also `dsa`, `ec`, `pkcs8`, `pkcs8-encrypted`, `openssh`, `pgp`, `putty` |
//! | `{crc32-base62}` and the other [`Scheme`] names | the checksum that completes the token before it |
//!
//! A length may be a range with both ends included: `{hex:32..40}`.
//!
//! A checksum's token begins at the last of the rule's prefixes that stands in literal text or a choice (one spelt by
//! random characters does not count), or else after the last character outside `A-Za-z0-9_+/.-`.
//!
//! In fixtures, `[[rule-id:` and `]]` around a part mark what that rule must find; rule ids have a `-`, which keeps
//! apart `[[x:y]]` of other meaning.
//!
//! ```
//! use keysieve_rules::sample::{Random, Template};
//!
//! let template = Template::parse("token = '[[acme-token:acme_{hex:32}]]'")?;
//! let marked = template.expand_marked(&mut Random::with_seed(1), |_| vec!["acme_".to_owned()]);
//! assert_eq!(marked.marks[0].rule, "acme-token");
//! assert_eq!(marked.marks[0].span, 9..46);
//! # Ok::<(), keysieve_rules::sample::TemplateError>(())
//! ```

mod pem;
mod piece;

use std::fmt;
use std::ops::Range;

/// Where templates draw from: the same seed, the same text. Not for secrets that shall stay secret.
pub use fastrand::Rng as Random;
use keysieve_engine::checks::checksum::Scheme;

use piece::Piece;

/// How often a text is drawn anew because a checksum could not complete it. Of Azure's search keys, which must be
/// alphanumeric, one draw in six fails; of all else none does.
const DRAWS: u32 = 64;

/// A parsed template.
#[derive(Clone, PartialEq, Debug)]
pub struct Template {
    items: Vec<Item>,
}

#[derive(Clone, PartialEq, Debug)]
enum Item {
    Text(String),
    Piece(Piece),
    Checksum(Scheme),
    Open(String),
    Close,
}

/// An expanded template with the places of its marks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Marked {
    /// The text, without the marks.
    pub text: String,
    /// The marks, in the order of the text.
    pub marks: Vec<Mark>,
}

/// A part of the text that a rule must find.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The rule's id.
    pub rule: String,
    /// The part, in bytes of [`Marked::text`].
    pub span: Range<usize>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// The first piece, brace or mark that is none.
    pub fn parse(template: &str) -> Result<Self, TemplateError> {
        let mut items = Vec::new();
        let mut text = String::new();
        let mut mark = None;
        let mut at = 0;
        while let Some(next) = template[at..].chars().next() {
            let rest = &template[at..];
            let error = |part: &str, kind| TemplateError {
                part: part.to_owned(),
                position: at,
                kind,
            };
            let (item, length) = if rest.starts_with("{{") || rest.starts_with("}}") {
                text.push(next);
                at += 2;
                continue;
            } else if next == '{' {
                let end = piece_end(rest).ok_or_else(|| error("{", TemplateErrorKind::Brace))?;
                let body = &rest[1..end];
                let item = match Scheme::ALL.into_iter().find(|s| s.as_str() == body) {
                    Some(scheme) => Item::Checksum(scheme),
                    None => {
                        Item::Piece(Piece::parse(body).map_err(|kind| error(&rest[..=end], kind))?)
                    }
                };
                (item, end + 1)
            } else if next == '}' {
                return Err(error("}", TemplateErrorKind::Brace));
            } else if let Some(rule) = mark_start(rest) {
                let open = &rest[..rule.len() + 3];
                if mark.replace((open, at)).is_some() {
                    return Err(error(open, TemplateErrorKind::Mark));
                }
                (Item::Open(rule.to_owned()), open.len())
            } else if rest.starts_with("]]") && mark.take().is_some() {
                (Item::Close, 2)
            } else {
                text.push(next);
                at += next.len_utf8();
                continue;
            };
            if !text.is_empty() {
                items.push(Item::Text(std::mem::take(&mut text)));
            }
            items.push(item);
            at += length;
        }
        if let Some((open, position)) = mark {
            return Err(TemplateError {
                part: open.to_owned(),
                position,
                kind: TemplateErrorKind::Mark,
            });
        }
        if !text.is_empty() {
            items.push(Item::Text(text));
        }
        Ok(Self { items })
    }

    /// A text of the template; `prefixes` are those of the rule it belongs to. Where a checksum cannot complete the
    /// text before it, nothing stands in its place, and the rule will not verify it.
    pub fn expand(&self, random: &mut Random, prefixes: &[String]) -> String {
        self.expand_marked(random, |_| prefixes.to_vec()).text
    }

    /// A text of the template, and what its marks enclose. `prefixes` gives those of a rule by its id, and is asked
    /// with `None` for a checksum outside marks.
    pub fn expand_marked(
        &self,
        random: &mut Random,
        prefixes: impl Fn(Option<&str>) -> Vec<String>,
    ) -> Marked {
        let mut draws = 0;
        loop {
            let (marked, complete) = self.draw(random, &prefixes);
            draws += 1;
            if complete || draws == DRAWS {
                return marked;
            }
        }
    }

    /// One text, and whether all its checksums could be made.
    fn draw(
        &self,
        random: &mut Random,
        prefixes: impl Fn(Option<&str>) -> Vec<String>,
    ) -> (Marked, bool) {
        let mut complete = true;
        let mut marked = Marked::default();
        let mut open: Option<(&str, usize)> = None;
        let mut literals = Vec::new();
        for item in &self.items {
            let text = &mut marked.text;
            let start = text.len();
            match item {
                Item::Text(literal) => {
                    text.push_str(literal);
                    literals.push(start..text.len());
                }
                Item::Piece(piece) => {
                    piece.expand(text, random);
                    if let Piece::Choice(_) = piece {
                        literals.push(start..text.len());
                    }
                }
                Item::Checksum(scheme) => {
                    let prefixes = prefixes(open.map(|(rule, _)| rule));
                    let (token, prefix) = token_start(text, &literals, &prefixes);
                    match scheme.complete(&text[token..], prefix) {
                        Some(checksum) => text.push_str(&checksum),
                        None => complete = false,
                    }
                }
                Item::Open(rule) => open = Some((rule, start)),
                Item::Close => {
                    let (rule, from) = open.take().expect("the parser closes open marks only");
                    let rule = rule.to_owned();
                    marked.marks.push(Mark {
                        rule,
                        span: from..start,
                    });
                }
            }
        }
        (marked, complete)
    }
}

/// Where the piece that `rest` begins with ends: at the first `}` without a backslash before it.
fn piece_end(rest: &str) -> Option<usize> {
    rest.match_indices('}')
        .map(|(at, _)| at)
        .find(|&at| !rest[..at].ends_with('\\'))
}

/// The rule id of the mark that `rest` begins with.
fn mark_start(rest: &str) -> Option<&str> {
    let (rule, _) = rest.strip_prefix("[[")?.split_once(':')?;
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (rule.contains('-') && rule.chars().all(word)).then_some(rule)
}

/// Where the token that ends `text` begins, and the length of its prefix.
fn token_start(text: &str, literals: &[Range<usize>], prefixes: &[String]) -> (usize, usize) {
    let found = |prefix: &String| {
        let mut places = text.rmatch_indices(prefix.as_str()).map(|(at, _)| at);
        let at = places.find(|at| literals.iter().any(|literal| literal.contains(at)))?;
        Some((at, prefix.len()))
    };
    prefixes.iter().filter_map(found).max().unwrap_or_else(|| {
        let outside = |c: char| !c.is_ascii_alphanumeric() && !"_+/.-".contains(c);
        let start = text.rfind(outside).map_or(0, |at| {
            at + text[at..].chars().next().map_or(0, char::len_utf8)
        });
        (start, 0)
    })
}

/// What is wrong with a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateError {
    /// The piece, brace or mark, as written.
    pub part: String,
    /// Where it begins, in bytes from the start of the template.
    pub position: usize,
    /// Why it is refused.
    pub kind: TemplateErrorKind,
}

/// Why a part of a template is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// A brace that opens or closes nothing.
    Brace,
    /// A piece of no known name, or one with an argument that it does not take.
    Piece,
    /// A length that is missing, no number, empty or beyond the limit.
    Length,
    /// A class that is empty, negated, or not plain ASCII.
    Class,
    /// A mark inside another, or not closed.
    Mark,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            part,
            position,
            kind,
        } = self;
        write!(f, "`{part}` at byte {position}: ")?;
        match kind {
            TemplateErrorKind::Brace => {
                f.write_str("this brace has no other half; a literal one is written twice")
            }
            TemplateErrorKind::Piece => f.write_str("there is no such piece"),
            TemplateErrorKind::Length => write!(
                f,
                "the length must be a number or a range such as `32..40`, from 1 to {}",
                piece::MAX_LENGTH
            ),
            TemplateErrorKind::Class => {
                f.write_str("the class must hold ASCII characters and ranges such as `a-z`")
            }
            TemplateErrorKind::Mark => {
                f.write_str("a mark must be closed by `]]` before another begins")
            }
        }
    }
}

impl std::error::Error for TemplateError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(template: &str, seed: u64) -> String {
        Template::parse(template)
            .unwrap()
            .expand(&mut Random::with_seed(seed), &[])
    }

    #[test]
    fn text_stands_as_written() {
        for text in [
            "",
            "a: 'b' # ü\n",
            "[[ -z $x ]]",
            "[[table]]",
            "[[:alpha:]]",
            "[[[1], [2]]]",
        ] {
            assert_eq!(expand(text, 1), text);
        }
        assert_eq!(expand(r#"{{"a": {{"b": 1}}}}"#, 1), r#"{"a": {"b": 1}}"#);
        let around = expand("{{{hex:2}}}", 1);
        assert!(around.len() == 4 && around.starts_with('{') && around.ends_with('}'));
    }

    #[test]
    fn the_seed_decides() {
        let template = "{hex:16} {password:9} {word} {uuid} {choice:a|b} {jwt} {basic}\n{pem:rsa}\n{pem:putty}";
        for seed in 0..20 {
            assert_eq!(expand(template, seed), expand(template, seed));
            assert_ne!(expand(template, seed), expand(template, seed + 1));
        }
    }

    #[test]
    fn errors_name_part_and_place() {
        use TemplateErrorKind::{Brace, Class, Length, Mark, Piece};
        for (template, part, position, kind) in [
            ("a{hex:3", "{", 1, Brace),
            ("ü}", "}", 2, Brace),
            ("{hex:3}}", "}", 7, Brace),
            ("{}", "{}", 0, Piece),
            ("{hexx:3}", "{hexx:3}", 0, Piece),
            ("{word:3}", "{word:3}", 0, Piece),
            ("{pem:x}", "{pem:x}", 0, Piece),
            ("{crc32-base62:6}", "{crc32-base62:6}", 0, Piece),
            ("a {hex}", "{hex}", 2, Length),
            ("{hex:0}", "{hex:0}", 0, Length),
            ("{hex:4..2}", "{hex:4..2}", 0, Length),
            ("{hex:+}", "{hex:+}", 0, Length),
            ("{hex:65537}", "{hex:65537}", 0, Length),
            ("{password}", "{password}", 0, Length),
            ("{class:a-z}", "{class:a-z}", 0, Length),
            ("{class::4}", "{class::4}", 0, Class),
            ("{class:^a:4}", "{class:^a:4}", 0, Class),
            ("{class:z-a:4}", "{class:z-a:4}", 0, Class),
            ("{class:a-\\d:4}", "{class:a-\\d:4}", 0, Class),
            ("{class:ü:4}", "{class:ü:4}", 0, Class),
            ("{class:\\s:4}", "{class:\\s:4}", 0, Class),
            ("{class:[a]:4}", "{class:[a]:4}", 0, Class),
            ("x[[a-b:c", "[[a-b:", 1, Mark),
            ("[[a-b:c[[d-e:f]]", "[[d-e:", 7, Mark),
        ] {
            let error = Template::parse(template).unwrap_err();
            let part = part.to_owned();
            assert_eq!(
                error,
                TemplateError {
                    part,
                    position,
                    kind
                },
                "{template}"
            );
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("`{}` at byte {position}: ", error.part))
            );
        }
    }

    #[test]
    fn marks_give_rule_and_span() {
        let template =
            Template::parse("a=[[x-one:{hex:8}]], b=[[[x-two:ü{word}]]] {{[[x-one:]]").unwrap();
        let marked = template.expand_marked(&mut Random::with_seed(7), |_| Vec::new());
        let parts: Vec<(&str, &str)> = marked
            .marks
            .iter()
            .map(|m| (m.rule.as_str(), &marked.text[m.span.clone()]))
            .collect();
        let [one, two, empty] = parts[..] else {
            panic!("three marks, not {parts:?}")
        };
        assert_eq!((one.0, one.1.len()), ("x-one", 8));
        assert!(two.0 == "x-two" && two.1.starts_with('ü'));
        assert_eq!(empty, ("x-one", ""));
        assert_eq!(marked.text, format!("a={}, b=[{}] {{", one.1, two.1));
    }

    #[test]
    fn a_mark_has_the_prefixes_of_its_rule() {
        let template = Template::parse(
            "[[x-one:one_{base62:30}{crc32-base62}]] [[x-two:two__{base62:30}{crc32-base62}]]",
        );
        let prefixes = |rule: Option<&str>| {
            vec![
                if rule == Some("x-one") {
                    "one_"
                } else {
                    "two__"
                }
                .to_owned(),
            ]
        };
        let marked = template
            .unwrap()
            .expand_marked(&mut Random::with_seed(1), prefixes);
        for (mark, prefix) in marked.marks.iter().zip([4, 5]) {
            let token = &marked.text[mark.span.clone()];
            assert_eq!(
                Scheme::Crc32Base62.verify(token.as_bytes(), prefix),
                Some(true)
            );
        }
    }

    #[test]
    fn every_scheme_completes_its_token() {
        for (template, prefix, scheme, length) in [
            (
                "ghp_{base62:30}{crc32-base62}",
                "ghp_",
                Scheme::Crc32Base62,
                40,
            ),
            (
                "ATATT3xFfGF0{base64url:171}={crc32-hex-upper}",
                "ATATT3xFfGF0",
                Scheme::Crc32HexUpper,
                192,
            ),
            (
                "cfut_{base62:40}{crc32-hex-body}",
                "cfut_",
                Scheme::Crc32HexBody,
                53,
            ),
            (
                "glsa_{base62:32}_{crc32-hex-le}",
                "glsa_",
                Scheme::Crc32HexLe,
                46,
            ),
            (
                "cflt{base64:54}{crc32-base64-le}",
                "cflt",
                Scheme::Crc32Base64Le,
                64,
            ),
            (
                "glpat-{base64url:27}.01.{crc32-base36}",
                "glpat-",
                Scheme::Crc32Base36,
                46,
            ),
            (
                "nsec1{class:02-9ac-hj-np-z:52}{bech32}",
                "nsec1",
                Scheme::Bech32,
                63,
            ),
            (
                "5{choice:H|J|K}{base58:43}{base58check}",
                "",
                Scheme::Base58Check,
                51,
            ),
            ("S{choice:U|A|O}{base32:52}{nkey}", "", Scheme::Nkey, 58),
            ("S{base32:51}{stellar}", "", Scheme::Stellar, 56),
            ("{base64:76}+ASt{azure-marvin}", "", Scheme::AzureMarvin, 88),
            ("{base62:42}AzSe{azure-marvin}", "", Scheme::AzureMarvin, 52),
        ] {
            let prefixes = if prefix.is_empty() {
                Vec::new()
            } else {
                vec![prefix.to_owned()]
            };
            for (before, after) in [
                ("", ""),
                ("KEY=", "\n"),
                ("\"key\": \"", "\""),
                ("x: ", " y"),
            ] {
                let parsed = Template::parse(&format!("{before}{template}{after}")).unwrap();
                for seed in 0..50 {
                    let text = parsed.expand(&mut Random::with_seed(seed), &prefixes);
                    let token = text
                        .strip_prefix(before)
                        .unwrap()
                        .strip_suffix(after)
                        .unwrap();
                    assert_eq!(token.len(), length, "{template}");
                    assert_eq!(
                        scheme.verify(token.as_bytes(), prefix.len()),
                        Some(true),
                        "{template}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_last_literal_prefix_begins_the_token() {
        let prefixes = ["npm".to_owned(), "npm_".to_owned()];
        // The second class spells the prefix, which does not begin another token; a choice does.
        for prefix in ["npm_", "{choice:npm|npm}_"] {
            let template = format!(
                "npm_token=npm_x {prefix}{{class:n:1}}{{class:p:1}}{{base62:28}}{{crc32-base62}}"
            );
            let text = Template::parse(&template)
                .unwrap()
                .expand(&mut Random::with_seed(3), &prefixes);
            let token = text.split(' ').next_back().unwrap();
            assert_eq!(Scheme::Crc32Base62.verify(token.as_bytes(), 4), Some(true));
        }
        let (literal, random) = ("npm_".to_owned(), "npm_");
        let text = literal + random;
        assert_eq!(
            token_start(&text, std::slice::from_ref(&(0..4)), &prefixes),
            (0, 4)
        );
        assert_eq!(token_start(&text, &[0..4, 4..8], &prefixes), (4, 4));
    }

    #[test]
    fn what_no_checksum_completes_stays_without() {
        assert_eq!(expand("key: glpat-x{crc32-base36}!", 1), "key: glpat-x!");
        assert_eq!(expand("{crc32-base62}", 1), "");
    }
}
