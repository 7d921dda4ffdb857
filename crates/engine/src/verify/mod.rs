//! From a literal that stands in the text to a match of a rule, or nothing.
//!
//! Every search is bounded: a token is matched at its place, a pattern around a keyword in the window that the rule
//! compiler proved, an assigned value as a whole. Nothing here judges whether the match is a secret.

use crate::Span;
use crate::checks::reference::default_inside;
use crate::prefilter::MIN_RUN;
use crate::rule::{Boundary, Role, Rule, Shape, Tier, Vain};

mod apart;
mod assignment;
mod beside;
mod boundary;
mod brute;
mod value;

use apart::Apart;
use assignment::Reader;

pub use assignment::{Assignment, Operator};
pub(crate) use beside::{BACK as GLUED, glued_names};
pub use boundary::{is_token_end, is_token_start};
pub use brute::brute;
pub(crate) use value::{SIGHT, is_plausible, line_before, names_before, operator_before};

/// A text that has the form of a rule's credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Match {
    /// All that the pattern matched; for an assigned value, from its name on.
    pub whole: Span,
    /// The value.
    pub secret: Span,
    /// What it is assigned to, for an assigned value.
    pub assignment: Option<Assignment>,
}

/// How far right of a literal the text may decide that nothing is found there, in bytes: see [`Verifier::is_settled`].
pub(crate) const NEAR_RIGHT: usize = 768;
/// How far left of it.
pub(crate) const NEAR_LEFT: usize = 256;
/// What a decision takes beside the longest match and the bytes before a keyword: the ends of a token and of an escape.
const EDGE: usize = 32;
const _: () = {
    assert!(boundary::BACK <= EDGE && apart::BACK <= NEAR_LEFT && beside::BACK <= NEAR_LEFT);
    // Of an assignment whose keyword has some length, and its value some more.
    assert!(assignment::LAST_LINE + 128 <= NEAR_RIGHT);
    assert!(assignment::NAME_SIDE + NAME_GAP + TYPED <= assignment::LAST_LINE);
};

/// How far a rule has come in a text.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cursor {
    /// No match of the rule begins before: one was found that ends here, or each place was tried.
    from: usize,
    /// The part of it that is due to matches.
    taken: usize,
    /// Name and value that were looked at last and are no match, or a match that was turned away.
    tried: Option<(usize, usize)>,
    vain: Vain,
}

impl Cursor {
    /// Goes on behind a match.
    pub(crate) fn pass(&mut self, end: usize) {
        self.from = end;
        self.taken = end;
    }
}

/// Looks for matches in one text.
#[derive(Debug)]
pub struct Verifier<'t> {
    text: &'t [u8],
    beside: bool,
    reader: Reader<'t>,
    settled: bool,
    /// A line end, and from where on it is the first.
    line_end: Option<Span>,
}

impl<'t> Verifier<'t> {
    /// Of this text.
    pub fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            beside: true,
            reader: Reader::new(text),
            settled: false,
            line_end: None,
        }
    }

    /// With or without values that no operator joins to a name, which are of low confidence.
    #[must_use]
    pub fn beside(self, beside: bool) -> Self {
        Self { beside, ..self }
    }

    /// Looks for a match of `rule` whose literal, written `literal` in the rule, stands at `at`. Hits must come in the
    /// order of their places: `cursor` keeps what need not be tried again.
    pub fn verify(
        &mut self,
        rule: &Rule,
        role: Role,
        literal: &[u8],
        at: usize,
        cursor: &mut Cursor,
    ) -> Option<Match> {
        self.settled = false;
        let found = self.text.get(at..at + literal.len())?;
        self.settled = at >= cursor.taken;
        match role {
            Role::Prefix if found != literal => {
                self.settled = true;
                None
            }
            Role::Prefix if at < cursor.from => None,
            Role::Prefix => {
                self.settled &= rule.max_len + EDGE <= NEAR_RIGHT;
                cursor.from = at + 1;
                pattern(rule, self.text, at, &mut cursor.vain)
            }
            Role::Inside => self.around(rule, Span::new(at, at + literal.len()), cursor),
            Role::Name if at < cursor.from => None,
            Role::Name => {
                let tried = cursor.tried;
                let found = self.assigned(rule, Span::new(at, at + literal.len()), cursor);
                self.settled &= cursor.tried == tried && self.line_ends_near(at, literal.len());
                found
            }
        }
    }

    /// Whether the text from `NEAR_LEFT` bytes before the literal to `NEAR_RIGHT` behind its start is all that the last
    /// `None` was due to: neither text that is farther away, nor what was found before, nor the name of the content. Then
    /// nothing is found at this literal in any other text with the same bytes around it.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether all that can be read of an assignment whose keyword, of `len` bytes, is at `at` lies before a line end (or
    /// that of the text) that is near: the last line of it begins before [`assignment::LAST_LINE`].
    fn line_ends_near(&mut self, at: usize, len: usize) -> bool {
        let (from, upto) = (at + len + assignment::LAST_LINE, at + NEAR_RIGHT);
        if upto >= self.text.len() {
            return true;
        }
        if from >= upto {
            return false;
        }
        let known = self
            .line_end
            .filter(|known| (known.start..=known.end).contains(&from));
        self.line_end = known.or_else(|| {
            let end = memchr::memchr(b'\n', &self.text[from..upto])?;
            Some(Span::new(from, from + end))
        });
        self.line_end.is_some_and(|line| line.end < upto)
    }

    /// Tries every place from which a match can reach `keyword`, each once.
    fn around(&mut self, rule: &Rule, keyword: Span, cursor: &mut Cursor) -> Option<Match> {
        let Shape::Around { least, most, lead } = rule.shape else {
            return None;
        };
        let first = keyword.start.saturating_sub(most);
        self.settled =
            cursor.taken <= first && most + EDGE <= NEAR_LEFT && rule.max_len + EDGE <= NEAR_RIGHT;
        let first = first.max(cursor.from);
        let before = self.text.get(first..keyword.start).unwrap_or_default();
        let led = before
            .iter()
            .rev()
            .take_while(|&&b| lead.contains(b))
            .count();
        let first = first.max(keyword.start - led);
        let last = keyword.start.checked_sub(least)?;
        if first < last && !rule.goes_on_at(self.text, keyword.start, &mut cursor.vain) {
            cursor.from = cursor.from.max(last + 1);
            return None;
        }
        for start in first..=last {
            if !rule.head.contains(self.text[start]) {
                continue;
            }
            let Some(found) = pattern(rule, self.text, start, &mut cursor.vain) else {
                continue;
            };
            cursor.taken = start + 1;
            self.settled = false;
            // A match that ends before the keyword does is another candidate's.
            if found.whole.end >= keyword.end {
                cursor.from = start + 1;
                return Some(found);
            }
        }
        cursor.from = cursor.from.max(last + 1);
        None
    }

    /// The value that is assigned to the name which `keyword` stands in; or else, of a vendor, the one that stands beside
    /// the name.
    fn assigned(&mut self, rule: &Rule, keyword: Span, cursor: &mut Cursor) -> Option<Match> {
        if !is_part_start(self.text, keyword.start) {
            return None;
        }
        let ends = is_part_end(self.text, keyword.end);
        if rule.is_generic() {
            return ends.then(|| self.joined(rule, keyword, cursor)).flatten();
        }
        // The start of a longer word is the vendor only where it is long enough to be told by it.
        let beside = self.beside && (ends || keyword.len() >= beside::DISTINCT);
        self.joined(rule, keyword, cursor).or_else(|| {
            beside
                .then(|| self.value_beside(rule, keyword, cursor))
                .flatten()
        })
    }

    /// The value that an operator joins to a name.
    fn joined(&mut self, rule: &Rule, keyword: Span, cursor: &mut Cursor) -> Option<Match> {
        let text = self.text;
        let apart = self.reader.value_apart(keyword);
        let found = match apart {
            Some(apart) => apart.value,
            None => self.reader.value_after(keyword.end)?,
        };
        let mut value = found.span;
        if let Some(default) = fallback(&text[value.range()]) {
            value = Span::new(value.start + default.start, value.start + default.end);
        }
        if !(rule.min_len..=rule.max_len).contains(&value.len()) {
            return None;
        }
        let name = assignment::name_around(text, keyword);
        if found.operator == Operator::Close && text[..name.start].ends_with(b"</") {
            return None; // the end of an element: what follows is the next one's
        }
        let tried = Some((name.start, value.start));
        self.settled &= cursor.tried != tried;
        if cursor.tried == tried
            || apart.is_none() && rule.is_generic() && is_followed_by_word(text, name.end)
            || rule.tier == Tier::Keyword && !self.is_sought(value, apart)
        {
            return None;
        }
        cursor.tried = tried;
        let (whole, secret) = rule.match_at(text, value, &mut Vain::default())?;
        (whole == value).then_some(Match {
            whole: Span::new(name.start, value.end),
            secret,
            assignment: Some(Assignment {
                name,
                operator: found.operator,
                value,
                quoted: found.quoted,
            }),
        })
    }

    /// Whether the prefilter looks at a value of a rule of tier K: left of those without an operator, only if they have a
    /// digit.
    fn is_sought(&self, value: Span, apart: Option<Apart>) -> bool {
        let has_operator = apart.is_none_or(|apart| apart.has_operator);
        is_plausible(self.text, value.start)
            && (has_operator || beside::has_digit(self.text, value.start, MIN_RUN))
    }

    /// The value that stands beside a name with no operator of its own.
    fn value_beside(&mut self, rule: &Rule, keyword: Span, cursor: &mut Cursor) -> Option<Match> {
        let text = self.text;
        let (value, quoted) = self.reader.value_beside(rule, keyword)?;
        // No name begins where a value does: this stands for every name before that value.
        let tried = Some((value.start, value.start));
        self.settled &= cursor.tried != tried;
        if !(rule.min_len..=rule.max_len).contains(&value.len()) || cursor.tried == tried {
            return None;
        }
        // A keyword that is nearer may have the value assigned.
        if beside::holds_keyword(rule, &text[keyword.start + 1..value.start]) {
            return None;
        }
        cursor.tried = tried;
        let (whole, secret) = rule.match_at(text, value, &mut Vain::default())?;
        let mut name = assignment::name_around(text, keyword);
        name.end = name.end.min(value.start - 1); // a value may be glued to it
        (whole == value).then_some(Match {
            whole: Span::new(name.start, value.end),
            secret,
            assignment: Some(Assignment {
                name,
                operator: Operator::Beside,
                value,
                quoted,
            }),
        })
    }
}

/// The match of `rule` that begins at `at`, with nothing before and after it that does not belong there.
fn pattern(rule: &Rule, text: &[u8], at: usize, vain: &mut Vain) -> Option<Match> {
    if rule.boundary == Boundary::Token && !is_token_start(text, at) {
        return None;
    }
    let end = text.len().min(at + rule.max_len);
    let (whole, secret) = rule.match_at(text, Span::new(at, end), vain)?;
    ends_well(rule, text, whole).then_some(Match {
        whole,
        secret,
        assignment: None,
    })
}

fn ends_well(rule: &Rule, text: &[u8], whole: Span) -> bool {
    rule.boundary == Boundary::None || is_token_end(text, whole.end, rule.tail)
}

/// More blanks than can stand between a name and a word behind it where a value was read: [`is_followed_by_word`] sees no
/// more of them.
const NAME_GAP: usize = assignment::GAP;
/// The longest type of a variable that a word behind its name may be, with what follows up to the quote.
const TYPED: usize = 128;

/// Whether another word stands behind a name, as in prose: `auth/token v1.4.0 h1:...`. A type before `=` and a quoted value
/// is none: `var token string = "v"`.
fn is_followed_by_word(text: &[u8], name_end: usize) -> bool {
    let rest = &text[name_end..];
    let blanks = rest
        .iter()
        .take(NAME_GAP)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    blanks > 0
        && rest.get(blanks).is_some_and(u8::is_ascii_alphanumeric)
        && !is_type(&rest[blanks..])
}

/// Whether one word stands at the start of `text`, and then `=` and a quote, all of it near.
fn is_type(text: &[u8]) -> bool {
    let text = &text[..text.len().min(TYPED)];
    let word = text
        .iter()
        .take(32)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
        .count();
    let Some(value) = text[word..].trim_ascii_start().strip_prefix(b"=") else {
        return false;
    };
    matches!(value.trim_ascii_start().first(), Some(b'"' | b'\'' | b'`'))
}

/// The default in a value such as `${VAR:-default}`: it is what the name falls back to, so it is the value.
fn fallback(value: &[u8]) -> Option<std::ops::Range<usize>> {
    let default = Some(value)
        .filter(|v| v.starts_with(b"${"))
        .and_then(default_inside)?;
    let before = value[..default.start].trim_ascii_end();
    let before = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"))
        .unwrap_or(before);
    let before = before
        .strip_suffix(b"-")
        .or_else(|| before.strip_suffix(b"="))
        .unwrap_or(before);
    before.ends_with(b":").then_some(default)
}

/// Whether a part of an identifier begins at `at`: `foo_KEY`, `fooKey`, `FOOKey`, but not `monkey`.
fn is_part_start(text: &[u8], at: usize) -> bool {
    let Some(&previous) = at.checked_sub(1).and_then(|i| text.get(i)) else {
        return true;
    };
    let hump = text[at].is_ascii_uppercase()
        && (!previous.is_ascii_uppercase() || text.get(at + 1).is_some_and(u8::is_ascii_lowercase));
    !previous.is_ascii_alphabetic() || hump || is_token_start(text, at)
}

/// Whether a part of an identifier ends at `end`, give or take a plural: `KEYS`, `keyId`, but not `keyboard`.
fn is_part_end(text: &[u8], end: usize) -> bool {
    let (Some(&last), Some(&next)) = (text.get(end.wrapping_sub(1)), text.get(end)) else {
        return true;
    };
    let same_case =
        |b: u8| b.is_ascii_alphabetic() && b.is_ascii_lowercase() == last.is_ascii_lowercase();
    if !same_case(next) {
        return true;
    }
    next.eq_ignore_ascii_case(&b's') && text.get(end + 1).is_none_or(|&b| !same_case(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{RuleFile, compile};

    #[test]
    fn a_type_before_a_quoted_value_is_no_word_of_prose() {
        for (text, word) in [
            ("token v1.4.0 h1:abc=", true),
            ("token string", true),
            ("token string = x", true),
            ("token string = \"v\"", false),
            ("token String='v'", false),
            ("token = \"v\"", false),
        ] {
            assert_eq!(is_followed_by_word(text.as_bytes(), 5), word, "{text}");
        }
    }

    #[test]
    fn a_keyword_that_no_match_goes_on_with_has_none_before_it() {
        let mut file = RuleFile::parse(
            "[[rule]]\nid = \"a-b\"\nname = \"n\"\ndescription = \"d\"\nseverity = \"low\"\nconfidence = \"low\"\n\
             remediation = \"r\"\nsamples = [\"s\"]\nkeywords = [\"://\"]\nboundary = \"none\"\n\
             pattern = '[a-z][a-z0-9]{1,9}://[a-z]{0,9}:(?P<secret>[a-z]{2,9})@'\n",
        )
        .unwrap();
        let rule = compile(file.rules.remove(0)).unwrap();
        let parts = ["a", "bc", "9", "://", ":", "@", " ", "x://y:abc@"];
        let mut random = fastrand::Rng::with_seed(5);
        let (mut matched, mut passed_over) = (0, 0);
        for _ in 0..20_000 {
            let text: String = (0..random.usize(3..12))
                .map(|_| parts[random.usize(..parts.len())])
                .collect();
            for (at, _) in text.match_indices("://") {
                let led = text[..at].bytes().rev();
                let led = led.take_while(u8::is_ascii_alphanumeric).count();
                let found = (at - led..at).any(|start| {
                    let span = Span::new(start, text.len());
                    rule.match_at(text.as_bytes(), span, &mut Vain::default())
                        .is_some()
                });
                let goes_on = rule.goes_on_at(text.as_bytes(), at, &mut Vain::default());
                assert!(goes_on || !found, "{text:?} at {at}");
                matched += u32::from(found);
                passed_over += u32::from(!goes_on);
            }
        }
        assert!(matched > 1000 && passed_over > 1000);
    }

    #[test]
    fn parts_of_identifiers() {
        for (text, starts) in [
            ("key", true),
            ("_key", true),
            ("aKey", true),
            ("AAKey", true),
            ("monkey", false),
            ("MONKEY", false),
        ] {
            let at = text.to_ascii_lowercase().find("key").expect("it is there");
            assert_eq!(is_part_start(text.as_bytes(), at), starts, "{text}");
        }
        for (text, ends) in [
            ("key", true),
            ("key_", true),
            ("keyId", true),
            ("keys", true),
            ("KEYS ", true),
            ("keyboard", false),
        ] {
            assert_eq!(is_part_end(text.as_bytes(), 3), ends, "{text}");
        }
    }
}
