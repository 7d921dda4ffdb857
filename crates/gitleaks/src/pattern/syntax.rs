//! Go's regular expressions in the dialect of the `regex` crates.
//!
//! Both come from RE2, and most of the grammar is shared. What is written here differently than it is read there:
//!
//! | Go | meaning there | written as |
//! | --- | --- | --- |
//! | `\s`, `\S` | `\t \n \f \r` and space, and no vertical tab | the class spelled out |
//! | `\d \w \b` and their opposites | ASCII | ASCII classes, `(?-u:\b)` |
//! | `\Q...\E` | literal text | escaped characters |
//! | `\07`, `\123` | octal | `\x{...}` |
//! | `\<`, `\_` and the like | the character itself | escaped, or the bare character |
//! | `{` that begins no repetition | itself | `\{` |
//! | `[`, `&&`, `--`, `~~` in a class | themselves | escaped |
//! | `\b{`... | nothing special | `(?-u:\b)` and the repetition |

/// What is wrong with a pattern, for the person who wrote it.
pub(super) type Error = String;

/// The longest repetition that Go's parser takes.
const MOST_REPEATS: u32 = 1000;

/// `pattern`, as Go reads it, in the dialect of `regex-syntax` with Unicode on.
pub(super) fn translate(pattern: &str) -> Result<String, Error> {
    let mut t = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
    };
    while let Some(c) = t.next() {
        match c {
            '\\' => t.escape(Place::Outside)?,
            '[' => t.class()?,
            '{' => t.brace()?,
            '(' if t.rest.starts_with('?') => t.group()?,
            // Plain to Go, but not to a reader that could be told to ignore spaces.
            c => t.out.push(c),
        }
    }
    Ok(t.out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Class,
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, text: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else {
            return false;
        };
        self.rest = rest;
        true
    }

    /// After `\`.
    fn escape(&mut self, place: Place) -> Result<(), Error> {
        let Some(c) = self.next() else {
            return Err("trailing backslash".into());
        };
        let class = place == Place::Class;
        match c {
            's' if class => self.out.push_str(r"\t\n\x0C\r\x20"),
            's' => self.out.push_str(r"[\t\n\x0C\r\x20]"),
            'S' => self.out.push_str(r"[^\t\n\x0C\r\x20]"),
            'd' if class => self.out.push_str("0-9"),
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' if class => self.out.push_str("0-9A-Za-z_"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            'b' if !class => self.out.push_str(r"(?-u:\b)"),
            'B' if !class => self.out.push_str(r"(?-u:\B)"),
            'A' | 'z' if !class => {
                self.out.push('\\');
                self.out.push(c);
            }
            'Q' if !class => {
                let end = self.rest.find(r"\E").unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest.strip_prefix(r"\E").unwrap_or(rest);
                self.out.push_str(&regex_syntax::escape(text));
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'x' | 'p' | 'P' => self.code(c)?,
            '0'..='7' => self.octal(c)?,
            c if c.is_ascii_punctuation() || c == ' ' => self.literal(c),
            c => return Err(format!("invalid escape sequence: `\\{c}`")),
        }
        Ok(())
    }

    /// After `\x`, `\p` or `\P`.
    fn code(&mut self, kind: char) -> Result<(), Error> {
        self.out.push('\\');
        self.out.push(kind);
        if self.rest.starts_with('{') {
            let Some(end) = self.rest.find('}') else {
                return Err(format!("`\\{kind}{{` without `}}`"));
            };
            self.out.push_str(&self.rest[..=end]);
            self.rest = &self.rest[end + 1..];
            return Ok(());
        }
        for _ in 0..if kind == 'x' { 2 } else { 1 } {
            let Some(c) = self.next() else {
                return Err(format!("`\\{kind}` is cut off"));
            };
            self.out.push(c);
        }
        Ok(())
    }

    /// After a backslash and a digit: up to three octal digits, two of them at least unless the first is 0.
    fn octal(&mut self, first: char) -> Result<(), Error> {
        let mut value = first.to_digit(8).expect("an octal digit");
        let mut digits = 1;
        while digits < 3 {
            let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.next();
            value = value * 8 + digit;
            digits += 1;
        }
        if first != '0' && digits == 1 {
            return Err(format!("invalid escape sequence: `\\{first}`"));
        }
        self.out.push_str(&format!(r"\x{{{value:X}}}"));
        Ok(())
    }

    /// A character that means itself.
    fn literal(&mut self, c: char) {
        if c == ' ' {
            self.out.push_str(r"\x20");
        } else {
            self.out.push_str(&format!(r"\x{{{:X}}}", u32::from(c)));
        }
    }

    /// After `(`, which `?` follows: Go's flags are `imsU`, and its groups have two ways to be named.
    fn group(&mut self) -> Result<(), Error> {
        self.out.push('(');
        for name in ["?P<", "?<"] {
            if self.skip(name) {
                self.out.push_str("?P<");
                return Ok(());
            }
        }
        self.skip("?");
        self.out.push('?');
        while let Some(c) = self.next() {
            self.out.push(c);
            match c {
                'i' | 'm' | 's' | 'U' | '-' => {}
                ':' | ')' => return Ok(()),
                c => return Err(format!("invalid or unsupported group: `(?{c}`")),
            }
        }
        Err("missing closing `)`".into())
    }

    /// After `{`: a repetition if it looks like one, and otherwise itself.
    fn brace(&mut self) -> Result<(), Error> {
        let Some(bounds) = self.rest.split_once('}').map(|(bounds, _)| bounds) else {
            self.out.push_str(r"\{");
            return Ok(());
        };
        let (least, most) = bounds.split_once(',').unwrap_or((bounds, bounds));
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !number(least) || !(number(most) || most.is_empty()) {
            self.out.push_str(r"\{");
            return Ok(());
        }
        for bound in [least, most] {
            if !bound.is_empty() && bound.parse::<u32>().is_ok_and(|n| n <= MOST_REPEATS) {
                continue;
            }
            if !bound.is_empty() {
                return Err(format!("invalid repeat count: `{{{bounds}}}`"));
            }
        }
        self.out.push('{');
        let length = bounds.len() + 1;
        self.out.push_str(&self.rest[..length]);
        self.rest = &self.rest[length..];
        Ok(())
    }

    /// After `[`.
    fn class(&mut self) -> Result<(), Error> {
        self.out.push('[');
        if self.skip("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest.find(":]")
                && is_posix(&self.rest[2..end])
            {
                self.out.push_str(&self.rest[..end + 2]);
                self.rest = &self.rest[end + 2..];
                first = false;
                continue;
            }
            match self.next() {
                None => return Err("missing closing `]`".into()),
                Some(']') if !first => break,
                Some('\\') => self.escape(Place::Class)?,
                // Bounds of a range, or itself at either end.
                Some('-') if !first && !self.rest.starts_with(']') => self.out.push('-'),
                Some(c @ ('[' | ']' | '&' | '~' | '-' | '^' | ' ')) => self.literal(c),
                Some(c) => self.out.push(c),
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }
}

/// Whether `[:name:]` is one of the classes of both dialects.
fn is_posix(name: &str) -> bool {
    matches!(
        name.strip_prefix('^').unwrap_or(name),
        "alnum"
            | "alpha"
            | "ascii"
            | "blank"
            | "cntrl"
            | "digit"
            | "graph"
            | "lower"
            | "print"
            | "punct"
            | "space"
            | "upper"
            | "word"
            | "xdigit"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn matches(pattern: &str, text: &str) -> bool {
        let translated = translate(pattern).expect("a pattern that Go takes");
        regex_automata::meta::Regex::new(&translated)
            .unwrap_or_else(|e| panic!("{translated}: {e}"))
            .is_match(text)
    }

    #[test]
    fn spaces_have_no_vertical_tab() {
        assert!(matches(r"^\s$", "\x0C"));
        assert!(!matches(r"^\s$", "\x0B"));
        assert!(matches(r"^[\S]$", "\x0B"));
        assert!(matches(r"^[^\S\n]$", " "));
        assert!(!matches(r"^[^\S\n]$", "\n"));
    }

    #[test]
    fn words_are_ascii() {
        assert!(!matches(r"^\w$", "é"));
        assert!(matches(r"^[\W]$", "é"));
        assert!(matches(r"é\bx", "éx"));
        assert!(!matches(r"^\d$", "٣"));
    }

    #[test]
    fn what_go_takes_for_itself() {
        assert!(matches(r"^a{,2}$", "a{,2}"));
        assert!(matches(r"^{$", "{"));
        assert!(matches(r"^[a[&&]]$", "&]"));
        assert!(matches(r"^[]a]$", "]"));
        assert!(matches(r"^\<\>\_\-$", "<>_-"));
        assert!(matches(r"^\Qa.b{2}\E$", "a.b{2}"));
        assert!(matches(r"^\101\x42\x{43}$", "ABC"));
        assert!(matches(r"^[a-]$", "-"));
        assert!(matches(r"^[\w.-]{3}$", "a-."));
        assert!(matches(r"^[[:alpha:]-]{2}$", "a-"));
        assert!(matches(r"(?P<x>a)(?<y>b)", "ab"));
    }

    #[test]
    fn what_go_refuses() {
        for pattern in [r"a{1001}", r"(?x)a", r"\y", r"[a", r"a\", r"(?=a)"] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
