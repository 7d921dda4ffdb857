//! Values that their name is joined to by something else than an operator behind it:
//!
//! ```text
//! --db-password v    ENV DB_PASSWORD v    user, password = 'u', 'v'    - name: DB_PASSWORD\n  value: v
//! {"Key": "API_KEY", "Value": "v"}    <name>db.password</name>\n<value>v</value>    variable "api_key" { default = "v" }
//! ```

use super::assignment::{
    Cursor, LAST_LINE, NAME_SIDE, Operator, Reader, Value, is_name, name_around, open_quote,
    quoted_end,
};
use super::value::{MAX_NAME, ends_in_value_word};
use crate::Span;

/// How far behind a name the word stands that its value is called by.
const PAIR: usize = 200;
/// Most names left of the one in a list of names.
const TUPLE: usize = 3;
/// Most bytes between the start of a line and the names of a list.
const LIST: usize = 64;
/// Most bytes between the start of a line and a name that a command sets.
const COMMAND: usize = 24;
/// Most bytes before a name that hold what the field is called whose value it is.
const FIELD: usize = 24;
/// What is read before a keyword at most, in bytes: the name that it stands in, and what stands before that on its line.
pub(super) const BACK: usize = NAME_SIDE + LIST + 1;
const _: () = {
    assert!(COMMAND <= LIST && FIELD <= LIST);
    assert!(NAME_SIDE + PAIR < LAST_LINE);
};

/// A value that stands apart from its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Apart {
    pub(super) value: Value,
    /// Whether the word for a value and an operator stand before it: `value=v`.
    pub(super) has_operator: bool,
}

impl Reader<'_> {
    /// The value that belongs to the name around `keyword`, though no operator joins them. Told only where the context
    /// leaves no doubt of that.
    pub(super) fn value_apart(&mut self, keyword: Span) -> Option<Apart> {
        let name = name_around(self.text, keyword);
        if let Some((_, apart)) = self.apart.filter(|(read, _)| *read == name) {
            return apart;
        }
        let behind_blanks = self.argument(name).or_else(|| self.of_tuple(name));
        let apart = match behind_blanks {
            Some(value) => Some(Apart {
                value,
                has_operator: false,
            }),
            None => self.of_pair(name).map(|value| Apart {
                value,
                has_operator: true,
            }),
        };
        let apart = apart.filter(|apart| apart.value.span.start - name.start <= MAX_NAME);
        self.apart = Some((name, apart));
        apart
    }

    /// `--password v` and `ENV DB_PASSWORD v`. Without quotes it needs what no word of a sentence has.
    fn argument(&mut self, name: Span) -> Option<Value> {
        let text = self.text;
        if !matches!(text.get(name.end), Some(b' ' | b'\t'))
            || !(is_flag(text, name) || is_set(text, name))
        {
            return None;
        }
        let mut cursor = Cursor { text, at: name.end };
        cursor.blanks();
        let value = self.value_at(cursor)?;
        let bytes = &text[value.span.range()];
        let has = |wanted: fn(&u8) -> bool| bytes.iter().any(wanted);
        let drawn = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        (drawn && (value.quoted || bytes[0].is_ascii_alphanumeric())).then_some(value)
    }

    /// `user, password = 'u', 'v'`: the value at the place of the name.
    fn of_tuple(&mut self, name: Span) -> Option<Value> {
        let text = self.text;
        let before = before_on_line(text, name.start, LIST)?;
        let before = before.trim_ascii_start();
        let listed = |b: &u8| is_name(*b) || matches!(b, b',' | b' ');
        let place = before.iter().filter(|b| **b == b',').count();
        if !(1..=TUPLE).contains(&place)
            || !before.trim_ascii_end().ends_with(b",")
            || !before.iter().all(listed)
        {
            return None;
        }
        let mut cursor = Cursor { text, at: name.end };
        cursor.blanks();
        if cursor.skip(2, |b| b == b'=') != 1 {
            return None;
        }
        for _ in 0..place {
            cursor.blanks();
            let quote = open_quote(&mut cursor)?;
            cursor.at = quoted_end(text, cursor.at, quote)? + 1;
            if cursor.at - name.start > MAX_NAME || cursor.skip(1, |b| b == b',') != 1 {
                return None;
            }
        }
        cursor.blanks();
        self.value_at(cursor).filter(|value| value.quoted)
    }

    /// A name and its value as two fields of a record.
    fn of_pair(&mut self, name: Span) -> Option<Value> {
        let text = self.text;
        let block = text[..name.start].ends_with(b"variable \"");
        if !block && !is_name_field(text, name) {
            return None;
        }
        let window = &text[name.end..text.len().min(name.end + PAIR)];
        let operator = window
            .iter()
            .enumerate()
            .find(|&(at, b)| matches!(b, b':' | b'=' | b'>') && ends_in_value_word(&window[..at]));
        let (at, _) = operator?;
        let between = &window[..at];
        let joined = if block {
            between.starts_with(b"\" {") && !between.contains(&b'}')
        } else {
            is_field_border(between)
        };
        if !joined {
            return None;
        }
        let mut cursor = Cursor {
            text,
            at: name.end + at + 1,
        };
        cursor.blanks();
        self.value_at(cursor)
    }

    /// The value that begins at the cursor, with or without quotes.
    fn value_at(&mut self, mut cursor: Cursor<'_>) -> Option<Value> {
        let quote = open_quote(&mut cursor);
        let start = cursor.at;
        let end = match quote {
            Some(quote) => quoted_end(self.text, start, quote)?,
            None => self.bare_end(start)?,
        };
        (start < end).then_some(Value {
            operator: Operator::Equals,
            span: Span::new(start, end),
            quoted: quote.is_some(),
        })
    }
}

/// What stands left of `at` on its line; `None` if that is more than `most` bytes.
fn before_on_line(text: &[u8], at: usize, most: usize) -> Option<&[u8]> {
    let from = at.saturating_sub(most + 1);
    match memchr::memrchr(b'\n', &text[from..at]) {
        Some(line) => Some(&text[from + line + 1..at]),
        None => (from == 0).then(|| &text[..at]),
    }
}

/// Whether the name is an option of a command line: `--db-password`, `-Password`.
fn is_flag(text: &[u8], name: Span) -> bool {
    let alone = name.start == 0 || matches!(text[name.start - 1], b' ' | b'\t' | b'\n');
    let letters = &text[name.range()];
    let letters = letters
        .strip_prefix(b"-")
        .map(|n| n.strip_prefix(b"-").unwrap_or(n));
    alone && letters.is_some_and(|n| n.first().is_some_and(u8::is_ascii_alphabetic))
}

/// Commands that set a variable.
const SETTERS: [&[u8]; 7] = [
    b"env",
    b"setenv",
    b"setx",
    b"set -x",
    b"set -gx",
    b"set -ux",
    b"config set",
];

/// Whether the line only sets the variable `name`.
fn is_set(text: &[u8], name: Span) -> bool {
    let Some(before) = before_on_line(text, name.start, COMMAND) else {
        return false;
    };
    let command = before.trim_ascii();
    before.len() > command.len()
        && !text[name.range()].iter().any(u8::is_ascii_lowercase)
        && SETTERS
            .iter()
            .any(|setter| setter.eq_ignore_ascii_case(command))
}

/// Whether `name` is the value of a field that is called `name` or `key`.
fn is_name_field(text: &[u8], name: Span) -> bool {
    let before = &text[name.start.saturating_sub(FIELD)..name.start];
    let before = trim_marks(before);
    let Some((b':' | b'=' | b'>', field)) = before.split_last() else {
        return false;
    };
    let field = trim_marks(field);
    [&b"name"[..], b"key"].iter().any(|word| {
        field.len() >= word.len() && {
            let (rest, last) = field.split_at(field.len() - word.len());
            last.eq_ignore_ascii_case(word) && !rest.last().is_some_and(u8::is_ascii_alphanumeric)
        }
    })
}

/// `text` without blanks, quotes and escapes at its end.
fn trim_marks(text: &[u8]) -> &[u8] {
    let marks = text.iter().rev();
    let marks = marks.take_while(|b| b" \t\"'\\".contains(b)).count();
    &text[..text.len() - marks]
}

/// Whether nothing but the border of two fields stands in `between`, which ends with the name of the second:
/// `", "value"`, `\n  value`, `</name>\n  <value`.
fn is_field_border(between: &[u8]) -> bool {
    let lines = between.iter().filter(|b| **b == b'\n').count();
    let between = trim_marks(between);
    let word = between
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    let between = &between[..between.len() - word];
    match between.strip_prefix(b"</") {
        Some(rest) => {
            let tag = rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric())
                .count();
            let rest = rest[tag..]
                .strip_prefix(b">")
                .and_then(|r| r.strip_suffix(b"<"));
            rest.is_some_and(|r| r.iter().all(u8::is_ascii_whitespace))
        }
        None => {
            lines <= 1
                && between.iter().any(|b| matches!(b, b',' | b'\n' | b' '))
                && between.iter().all(|b| b" \t\r\n\"'\\,".contains(b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "v4lue";

    fn apart(text: &str) -> Option<(&str, bool)> {
        let at = text.to_ascii_lowercase().find("pass").expect("the keyword");
        let apart = Reader::new(text.as_bytes()).value_apart(Span::new(at, at + 4))?;
        let value = apart.value;
        Some((&text[value.span.range()], value.quoted))
    }

    #[test]
    fn values_are_read_where_the_context_joins_them_to_a_name() {
        for (text, quoted) in [
            ("tool --password v4lue db", false),
            ("tool --db-password 'v4lue'", true),
            ("tool -Password \"v4lue\"", true),
            ("ENV DB_PASS v4lue", false),
            ("x\n  setx DB_PASS \"v4lue\"", true),
            ("user, password = 'u', 'v4lue'", true),
            ("a, b, password = \"u\", \"x\", \"v4lue\"", true),
            ("- name: DB_PASS\n  value: v4lue", false),
            ("- name: DB_PASS\r\n  value: \"v4lue\"", true),
            ("{\"name\": \"DB_PASS\", \"value\": \"v4lue\"}", true),
            (
                "{\\\"Key\\\": \\\"DB_PASS\\\", \\\"Value\\\": \\\"v4lue\\\"}",
                true,
            ),
            ("<name>db.pass</name>\n  <value>v4lue</value>", false),
            ("<key>pass</key><string>v4lue</string>", false),
            (
                "variable \"db_pass\" {\n  type = string\n  default = \"v4lue\"\n}",
                true,
            ),
        ] {
            assert_eq!(apart(text), Some((VALUE, quoted)), "{text}");
        }
    }

    #[test]
    fn what_the_context_does_not_join_is_not_read() {
        for text in [
            "use --password instead",
            "--password 123456",
            "--password $PASS9",
            "a-password v4lue",
            "password v4lue",
            "ENV db_pass v4lue",
            "see ENV DB_PASS v4lue",
            "password = 'u', 'v4lue'",
            "f(user, password = 'u', 'v4lue')",
            "user, password = 'u'",
            "user, password == 'u', 'v4lue'",
            "- name: DB_PASS\n\n  value: v4lue",
            "- name: DB_PASS\n- name: X\n  value: v4lue",
            "- host: DB_PASS\n  value: v4lue",
            "<name>db.pass</name><x/><value>v4lue</value>",
            "variable \"db_pass\" {\n}\nx { default = \"v4lue\" }",
            "variable \"db_pass\" {\n  default = \"\"\n}",
        ] {
            assert_eq!(apart(text), None, "{text}");
        }
    }
}
