//! `name operator value`, in whatever language or format.
//!
//! The rules for contextual credentials say what a value looks like; this says what is assigned to what. It is no
//! parser of any language: it reads forward from a keyword in a name and accepts the shapes in which settings are
//! written:
//!
//! ```text
//! API_KEY=v        apiKey: 'v'         "api_key": "v"        os.environ["API_KEY"] = "v"      api_key := `v`
//! <apiKey>v<       key="apiKey" value="v"    'apiKey' => 'v'    set("api_key", "v")   let api_key: &str = "v"
//! Authorization: Bearer v    | api key | v |    apiKey=\"v\" (inside a JSON string)    api_key: >-\n  v
//! ```
//!
//! One keyword gives at most one assignment, in a bounded number of steps.

use super::apart::Apart;
use crate::Span;

/// A value and the name that it is assigned to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The identifier that the keyword stands in.
    pub name: Span,
    /// What joins them.
    pub operator: Operator,
    /// The value, without quotes; not empty.
    pub value: Span,
    /// Whether quotes stand around the value.
    pub quoted: bool,
}

/// What joins name and value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `=`, `:=`, `::=`, `+=`, `=>` ...
    Equals,
    /// `:`
    Colon,
    /// `==`, `!=` ...
    Compare,
    /// `>`: the end of an opening XML tag, or `->`.
    Close,
    /// `,` or `(` before a quoted value: an argument.
    Argument,
    /// `|`: a cell of a table.
    Cell,
    /// Nothing: the value only stands near the name, as in `acme token v` or `--acme-token v`.
    Beside,
}

/// How far the operator may stand behind the keyword.
const NAME_REACH: usize = 48;
/// Most bytes of an identifier on either side of a keyword.
pub(super) const NAME_SIDE: usize = 64;
/// Most quotes and brackets that close behind a name.
const CLOSERS: usize = 6;
/// The longest name of a second attribute.
const ATTRIBUTE: usize = 24;
/// The longest operator.
const OPERATOR: usize = 4;
/// Most marks of a block scalar.
const BLOCK_MARKS: usize = 2;
/// The longest line break.
const BREAK: usize = 2;
/// Most blanks between operator and value.
pub(super) const GAP: usize = 64;
/// The longest value, in bytes.
pub(super) const MAX_VALUE: usize = crate::rule::MAX_MATCH;
/// How far behind the start of a keyword the operator of its value is looked for from the value.
pub(super) const REACH: usize = NAME_REACH + 8 + 24 + 48 + 2 * GAP + 40 + 16;
/// How far behind the end of a keyword the last line begins at most that is read of its assignment: a value stands in one
/// line, and this is what stands before the line break that is farthest.
pub(super) const LAST_LINE: usize =
    NAME_REACH + CLOSERS + GAP + ATTRIBUTE + OPERATOR + GAP + (1 + BLOCK_MARKS + GAP) + BREAK;

/// Reads what is assigned in one text. What was read last is kept: several keywords stand in one name, and values can
/// hold names with values of their own, so that without it a text could be made that is read again and again.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    pub(super) text: &'t [u8],
    /// Where the name ended for which this was read.
    last: Option<(usize, Option<Value>)>,
    /// The name for which a value that stands apart was read, and that value.
    pub(super) apart: Option<(Span, Option<Apart>)>,
    /// Bytes none of which ends a bare value.
    plain: Span,
}

/// A value that is assigned to something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Value {
    pub(super) operator: Operator,
    pub(super) span: Span,
    pub(super) quoted: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            last: None,
            apart: None,
            plain: Span::new(0, 0),
        }
    }

    /// The value that is assigned to the name in which a keyword ends at `keyword_end`, if one is.
    pub(super) fn value_after(&mut self, keyword_end: usize) -> Option<Value> {
        let mut cursor = Cursor {
            text: self.text,
            at: keyword_end,
        };
        cursor.skip(NAME_REACH, |b| {
            is_name(b) || matches!(b, b' ' | b'\t' | b'/')
        });
        let name_end = cursor.at;
        if let Some((_, value)) = self.last.filter(|(end, _)| *end == name_end) {
            return value;
        }
        let value = self.read(cursor);
        self.last = Some((name_end, value));
        value
    }

    /// Reads on behind a name.
    fn read(&mut self, mut cursor: Cursor<'t>) -> Option<Value> {
        let closed = cursor.skip(CLOSERS, |b| {
            matches!(b, b'"' | b'\'' | b'`' | b'\\' | b')' | b']' | b'}' | b'*')
        }) > 0;
        if closed {
            // `key="x" value="v"`: the value is in a second attribute.
            cursor.blanks();
            let word = cursor.skip(ATTRIBUTE, |b| {
                b.is_ascii_alphabetic() || matches!(b, b' ' | b'\t')
            });
            // Words before anything else are another thing: `...access-token)" https://example.com`.
            if word > 0 && cursor.peek() != Some(b'=') {
                return None;
            }
        }
        let mut operator = operator(&mut cursor, closed)?;
        cursor.blanks();
        let block = matches!(operator, Operator::Colon) && block_scalar(&mut cursor);
        let broken = !block && cursor.line_break();
        if operator == Operator::Colon && !broken && !block {
            annotation(&mut cursor);
        }
        if !broken {
            wrapper(&mut cursor);
        }

        let mut quote = open_quote(&mut cursor);
        // `'API_KEY', '"v"'`: a string of the program that is written, not one more argument.
        if operator == Operator::Argument
            && let Some(inner) = quote.and_then(|outer| inner_quote(&mut cursor, outer))
        {
            quote = Some(inner);
            operator = Operator::Equals;
        }
        // The text of an element may stand on a line of its own.
        let stands_apart = broken && operator != Operator::Close;
        if quote.is_none() && (stands_apart || operator == Operator::Argument) {
            return None;
        }
        scheme(&mut cursor);
        let start = cursor.at;
        let end = match quote {
            Some(quote) => quoted_end(self.text, start, quote)?,
            None => self.bare_end(start)?,
        };
        (start < end).then_some(Value {
            operator,
            span: Span::new(start, end),
            quoted: quote.is_some(),
        })
    }

    /// Where a bare value ends: at a blank or at punctuation that closes something. A value that is called or indexed
    /// is code.
    pub(super) fn bare_end(&mut self, start: usize) -> Option<usize> {
        let text = self.text;
        let limit = text.len().min(start + MAX_VALUE);
        let end = self.plain_end(start, limit);
        let rest = &text[end..limit];
        if text[start..end].ends_with(b"$") && rest.starts_with(b"{")
            || text[start..limit].starts_with(b"{{")
        {
            // `${VAR:-default}` and `{{ template }}` are whole values; the reference check reads them.
            let closed = memchr::memchr2(b'}', b'\n', rest)?;
            let braces = rest[closed..].iter().take_while(|&&b| b == b'}').count();
            return Some(end + closed + braces);
        }
        match rest.first() {
            Some(b'(' | b'[') => None,
            _ => Some(start + parameter_end(&text[start..end])),
        }
    }

    /// The first byte from `start` on, but before `limit`, that ends a bare value.
    fn plain_end(&mut self, start: usize, limit: usize) -> usize {
        let ends = |b: u8| b.is_ascii_whitespace() || b"\"'`,;<>()[]{}|\\".contains(&b);
        let known = self.plain.start <= start && start <= self.plain.end;
        let from = if known { self.plain.end } else { start };
        let more = self.text.get(from..limit).unwrap_or_default();
        let end = from + more.iter().take_while(|&&b| !ends(b)).count();
        self.plain = Span::new(start, end);
        end.min(limit)
    }
}

/// Where the first parameter of a query or a form ends: `v` of `v&name=w`. A value with `&` in it is none.
fn parameter_end(value: &[u8]) -> usize {
    let near = &value[..value.len().min(512)];
    let next = memchr::memchr_iter(b'&', near).find(|&at| {
        let name = near[at + 1..].iter().take(64);
        let name = name.take_while(|&&b| is_name(b)).count();
        name > 0 && near.get(at + 1 + name) == Some(&b'=')
    });
    next.unwrap_or(value.len())
}

/// The identifier around `keyword`, at most [`NAME_SIDE`] bytes to either side.
pub(super) fn name_around(text: &[u8], keyword: Span) -> Span {
    let left = text[..keyword.start]
        .iter()
        .rev()
        .take(NAME_SIDE)
        .take_while(|&&b| is_name(b))
        .count();
    let right = text[keyword.end..]
        .iter()
        .take(NAME_SIDE)
        .take_while(|&&b| is_name(b))
        .count();
    Span::new(keyword.start - left, keyword.end + right)
}

pub(super) fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$')
}

pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// Moves over at most `most` bytes that `wanted` accepts; how many.
    pub(super) fn skip(&mut self, most: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let n = self
            .rest()
            .iter()
            .take(most)
            .take_while(|&&b| wanted(b))
            .count();
        self.at += n;
        n
    }

    pub(super) fn blanks(&mut self) {
        self.skip(GAP, |b| matches!(b, b' ' | b'\t'));
    }

    /// Moves over one line break and the indentation after it.
    fn line_break(&mut self) -> bool {
        let n = match self.rest() {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [b'\\', b'\n', ..] => 2,
            _ => return false,
        };
        self.at += n;
        self.blanks();
        true
    }
}

fn operator(cursor: &mut Cursor<'_>, closed: bool) -> Option<Operator> {
    let (operator, len) = match cursor.rest() {
        [b':', b':', b'=', ..] => (Operator::Equals, 3),
        [b':', b':', b':', b'=', ..] => (Operator::Equals, 4),
        [b':', b':', ..] => return None,
        [b':', b'=', ..] => (Operator::Equals, 2),
        [b':', ..] => (Operator::Colon, 1),
        [b'=', b'=', b'=', ..] => (Operator::Compare, 3),
        [b'=', b'=', ..] => (Operator::Compare, 2),
        [b'=', b'>' | b'~', ..] => (Operator::Equals, 2),
        [b'=', ..] => (Operator::Equals, 1),
        [b'!', b'=', b'=', ..] => (Operator::Compare, 3),
        [b'!', b'=', ..] => (Operator::Compare, 2),
        [b'?' | b'+' | b'|', b'=', ..] => (Operator::Equals, 2),
        [b'?', b'?', b'=', ..] | [b'|', b'|', b'=', ..] => (Operator::Equals, 3),
        [b'>', ..] => (Operator::Close, 1),
        [b'|', ..] => (Operator::Cell, 1),
        [b',', ..] if closed => (Operator::Argument, 1),
        [b'(', ..] if !closed => (Operator::Argument, 1),
        _ => return None,
    };
    cursor.at += len;
    Some(operator)
}

/// YAML's `|` and `>` with their marks, and the line break after them.
fn block_scalar(cursor: &mut Cursor<'_>) -> bool {
    let start = cursor.at;
    if cursor.skip(1, |b| matches!(b, b'|' | b'>')) == 1 {
        cursor.skip(BLOCK_MARKS, |b| matches!(b, b'-' | b'+' | b'1'..=b'9'));
        cursor.blanks();
        if cursor.line_break() {
            return true;
        }
    }
    cursor.at = start;
    false
}

/// A type between the colon and `=`: `name: &str = "v"`.
fn annotation(cursor: &mut Cursor<'_>) {
    let start = cursor.at;
    let kind = |b: u8| b.is_ascii_alphanumeric() || b"_<>[]&'.?|, :".contains(&b);
    if cursor
        .peek()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'&' || b == b'[')
        && cursor.skip(48, kind) > 1
        && cursor.text[cursor.at - 1] == b' '
        && cursor.rest().starts_with(b"=")
        && !cursor.rest().starts_with(b"==")
    {
        cursor.at += 1;
        cursor.blanks();
    } else {
        cursor.at = start;
    }
}

/// Calls that only carry a literal: `String::from("v")`, `Some("v")`, `new SecretString("v")`.
const CARRIERS: [&[u8]; 12] = [
    b"from",
    b"some",
    b"string",
    b"str",
    b"bytes",
    b"new",
    b"secret",
    b"secretstring",
    b"securestring",
    b"text",
    b"literal",
    b"quote",
];

fn wrapper(cursor: &mut Cursor<'_>) {
    let start = cursor.at;
    let n = cursor.skip(40, |b| b.is_ascii_alphanumeric() || b"_:.!&* ".contains(&b));
    let word = cursor.text[start..start + n]
        .rsplit(|b| !b.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    let carries = cursor.rest().starts_with(b"(")
        && CARRIERS
            .iter()
            .any(|carrier| carrier.eq_ignore_ascii_case(word))
        && matches!(
            cursor.text.get(cursor.at + 1),
            Some(b'"' | b'\'' | b'`' | b'b' | b'\\')
        );
    cursor.at = if carries { cursor.at + 1 } else { start };
}

#[derive(Clone, Copy)]
pub(super) struct Quote {
    byte: u8,
    /// Backslashes before it: the value stands inside a string of another language.
    escapes: usize,
}

pub(super) fn open_quote(cursor: &mut Cursor<'_>) -> Option<Quote> {
    let start = cursor.at;
    cursor.skip(2, |b| b"bBrRfFuUL@$&".contains(&b));
    let escapes = cursor.skip(8, |b| b == b'\\');
    match cursor.peek() {
        Some(byte @ (b'"' | b'\'' | b'`')) => {
            let run = cursor.skip(3, |b| b == byte);
            if run == 2 {
                cursor.at -= 1; // an empty string: its end is found at once
            }
            Some(Quote { byte, escapes })
        }
        _ => {
            cursor.at = start;
            None
        }
    }
}

/// A quote at the start of a quoted text; not the one that ends an empty text.
fn inner_quote(cursor: &mut Cursor<'_>, outer: Quote) -> Option<Quote> {
    let start = cursor.at;
    let inner = matches!(cursor.peek(), Some(b'"' | b'\'' | b'`' | b'\\'))
        .then(|| open_quote(cursor))
        .flatten()
        .filter(|inner| inner.byte != outer.byte || inner.escapes > outer.escapes);
    if inner.is_none() {
        cursor.at = start;
    }
    inner
}

/// The schemes of `Authorization` and its kin.
pub(super) const SCHEMES: [&[u8]; 7] = [
    b"bearer ", b"basic ", b"token ", b"apikey ", b"bot ", b"key ", b"digest ",
];

fn scheme(cursor: &mut Cursor<'_>) {
    let rest = cursor.rest();
    let found = SCHEMES
        .iter()
        .find(|s| rest.len() > s.len() && rest[..s.len()].eq_ignore_ascii_case(s));
    if let Some(scheme) = found {
        cursor.at += scheme.len();
        cursor.blanks();
    }
}

/// Where the quoted value ends: at its quote with as many backslashes before it, on the same line.
pub(super) fn quoted_end(text: &[u8], start: usize, quote: Quote) -> Option<usize> {
    let body = &text[start..text.len().min(start + MAX_VALUE)];
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'\n' => return None,
            b'\\' => {
                let slashes = body[at..].iter().take_while(|&&b| b == b'\\').count();
                if quote.escapes > 0
                    && slashes <= quote.escapes
                    && body.get(at + slashes) == Some(&quote.byte)
                {
                    return Some(start + at);
                }
                at += slashes + usize::from(slashes % 2 == 1 || quote.escapes > 0);
            }
            b if b == quote.byte => return Some(start + at),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(&str, &str)> {
        let at = text.to_ascii_lowercase().find("api").expect("the keyword");
        let value = Reader::new(text.as_bytes()).value_after(at + 3)?;
        let name = name_around(text.as_bytes(), Span::new(at, at + 3));
        Some((&text[name.range()], &text[value.span.range()]))
    }

    #[test]
    fn settings_are_read_in_every_dress() {
        for (text, name) in [
            ("MY_API_KEY=val-1", "MY_API_KEY"),
            ("export API_KEY='val-1'", "API_KEY"),
            ("apiKey: val-1\n", "apiKey"),
            ("\"api_key\": \"val-1\",", "api_key"),
            ("{\\\"api_key\\\": \\\"val-1\\\"}", "api_key"),
            ("os.environ[\"API_KEY\"] = \"val-1\"", "API_KEY"),
            ("'apiKey' => 'val-1'", "apiKey"),
            ("api_key := `val-1`", "api_key"),
            ("<apiKey>val-1</apiKey>", "apiKey"),
            ("<apiKey>\n    val-1\n</apiKey>", "apiKey"),
            ("API_KEY ::= \"val-1\"", "API_KEY"),
            ("API_KEY :::= val-1", "API_KEY"),
            ("<add key=\"apiKey\" value=\"val-1\" />", "apiKey"),
            ("set(\"api_key\", \"val-1\")", "api_key"),
            ("setApiKey(\"val-1\")", "setApiKey"),
            ("let api_key: &str = \"val-1\";", "api_key"),
            ("api_key: Optional[str] = \"val-1\"", "api_key"),
            ("let api_key = String::from(\"val-1\");", "api_key"),
            ("apikey: Bearer val-1", "apikey"),
            ("\"apikey\": \"Bearer val-1\"", "apikey"),
            ("| api key | val-1 |", "api"),
            ("API_KEY ?= val-1", "API_KEY"),
            ("if api_key == \"val-1\" {", "api_key"),
            ("api_key = b\"val-1\"", "api_key"),
            ("api_key: >-\n    val-1\n", "api_key"),
            ("api_key =\n    \"val-1\"", "api_key"),
            ("--api-key=val-1", "--api-key"),
            ("?api_key=val-1&state=2", "api_key"),
            ("API_KEY=\"\"\"val-1\"\"\"", "API_KEY"),
            ("field('API_KEY', '\"val-1\"')", "API_KEY"),
            ("field(\"API_KEY\", \"\\\"val-1\\\"\")", "API_KEY"),
        ] {
            assert_eq!(read(text), Some((name, "val-1")), "{text}");
        }
    }

    #[test]
    fn what_assigns_nothing_is_not_read() {
        for text in [
            "the api is good",
            "api::key",
            "api_key = get_key()",
            "api_key = keys[0]",
            "api_key:\n  nested: x",
            "set(api_key, other)",
            "api_key = \"\"",
            "set(\"api_key\", \"\", \"x\")",
            "set(\\\"api_key\\\", \\\"\\\", \\\"x\\\")",
            "api_key = \"no end\n\"",
            "\"$(print-api-key)\" https://example.com/v1",
            "api",
            "api=",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_template_is_a_whole_value() {
        assert_eq!(
            read("API_KEY=${KEY:-val 1} x"),
            Some(("API_KEY", "${KEY:-val 1}"))
        );
        assert_eq!(
            read("API_KEY: {{ .Values.key }}"),
            Some(("API_KEY", "{{ .Values.key }}"))
        );
    }

    #[test]
    fn any_bytes_are_read_without_a_panic_and_the_same_when_read_before() {
        let mut seed = 7u64;
        for _ in 0..20_000 {
            let text: Vec<u8> = (0..40)
                .map(|_| {
                    seed = seed
                        .wrapping_mul(6364136223846793005)
                        .wrapping_add(1442695040888963407);
                    b"api=:\"'\\ \n({[<>|$},x1\xff"[(seed >> 33) as usize % 22]
                })
                .collect();
            let mut reader = Reader::new(&text);
            for at in 1..text.len() {
                let kept = reader.value_after(at);
                assert_eq!(kept, Reader::new(&text).value_after(at), "{text:?} at {at}");
                assert!(kept.is_none_or(|v| v.span.end <= text.len() && !v.span.is_empty()));
            }
        }
    }
}
