//! Rules: as written ([`RuleSpec`]), proven ([`Rule`]), and as a set ([`RuleSet`]).
//!
//! A rule knows what a credential looks like and what to tell the user about it. It knows nothing of files or output.
//! Built-in rules are compiled by the build script of `keysieve-rules` into static [`Rule`]s; rules of users go through
//! the same [`compile`].

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use memchr::memmem;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Class;

use crate::{Confidence, FileKind, Severity, Span};

mod compile;
mod error;
mod program;
mod proof;
mod set;
mod spec;
mod tier;

pub use compile::{compile, is_id};
pub use error::{Error, ErrorKind};
use program::Outcome;
pub(crate) use program::Vain;
pub use program::{Op, Program, Take};
pub use set::{Builtin, Literal, LiteralId, Role, RuleIndex, RuleSet, Use};
pub use spec::{Boundary, CheckName, KindRank, Missing, Requires, RuleFile, RuleSpec};
pub use tier::{Tier, Why};

/// The longest match of a pattern, in bytes. What is longer (PEM blocks) is found by its header and grown by a check.
pub const MAX_MATCH: usize = 4096;

/// A text that is static for built-in rules and owned for others.
pub type Text = Cow<'static, str>;
/// A list of texts.
pub type Texts = Cow<'static, [Text]>;

/// A rule that [`compile`] has accepted. Every field but the last is data; a regular expression is compiled when the
/// first candidate asks for it.
#[derive(Debug)]
pub struct Rule {
    /// `provider-kind`, stable for ever.
    pub id: Text,
    /// What the credential is called.
    pub name: Text,
    /// What it gives access to.
    pub description: Text,
    /// How bad a leak is.
    pub severity: Severity,
    /// How sure a match is before checks.
    pub confidence: Confidence,
    /// Literals that a match begins with; empty unless the shape is [`Shape::Token`].
    pub prefixes: Texts,
    /// Literals in a match or in the name of an assigned value, lower case.
    pub keywords: Texts,
    /// The regular expression of the pattern or of the value.
    pub pattern: Text,
    /// The pattern as a program, where it needs no regular expression.
    pub program: Program,
    /// How candidates are found and matched.
    pub shape: Shape,
    /// The part of the fast prefilter that finds its candidates.
    pub tier: Tier,
    /// Shortest match in bytes.
    pub min_len: usize,
    /// Longest match in bytes.
    pub max_len: usize,
    /// Whether the pattern has a group named `secret`.
    pub has_group: bool,
    /// Where a match may begin and end.
    pub boundary: Boundary,
    /// The bytes that the pattern can begin with.
    pub head: ByteSet,
    /// The bytes that the pattern can end in: none of them may follow a match with [`Boundary::Token`].
    pub tail: ByteSet,
    /// Globs of the paths that the rule looks at; empty for all.
    pub path: Texts,
    /// Least Shannon entropy in bits a character.
    pub min_entropy: f64,
    /// Named checks.
    pub checks: Cow<'static, [CheckName]>,
    /// The other half.
    pub requires: Option<Requires>,
    /// Ranks by kind of file.
    pub kinds: Cow<'static, [KindRank]>,
    /// The vendor's page.
    pub docs: Option<Text>,
    /// What to do now.
    pub remediation: Text,
    /// Further tags.
    pub tags: Texts,
    /// Other programs' ids for the same credential, each behind the program's name and a colon.
    pub aliases: Texts,
    /// Templates in which the rule finds its secret.
    pub samples: Texts,
    /// Templates in which it finds nothing.
    pub near_misses: Texts,
    /// What is compiled on use.
    pub lazy: Lazy,
}

/// What reports say of a rule.
#[derive(Clone, Debug)]
pub struct Described {
    /// [`Rule::id`].
    pub id: String,
    /// [`Rule::name`].
    pub name: String,
    /// [`Rule::description`].
    pub description: String,
    /// [`Rule::severity`].
    pub severity: Severity,
    /// [`Rule::confidence`].
    pub confidence: Confidence,
    /// [`Rule::remediation`].
    pub remediation: String,
    /// [`Rule::docs`].
    pub docs: Option<String>,
    /// [`Rule::tags`].
    pub tags: Vec<String>,
}

impl From<Described> for Rule {
    /// A rule that is known from an earlier report. It has no pattern and no literals, and finds nothing.
    fn from(described: Described) -> Self {
        Self {
            id: described.id.into(),
            name: described.name.into(),
            description: described.description.into(),
            severity: described.severity,
            confidence: described.confidence,
            prefixes: Texts::default(),
            keywords: Texts::default(),
            pattern: Text::default(),
            program: Program::default(),
            shape: Shape::Assigned,
            tier: Tier::Keyword,
            min_len: 0,
            max_len: 0,
            has_group: false,
            boundary: Boundary::None,
            head: ByteSet::default(),
            tail: ByteSet::default(),
            path: Texts::default(),
            min_entropy: 0.0,
            checks: Cow::default(),
            requires: None,
            kinds: Cow::default(),
            docs: described.docs.map(Text::from),
            remediation: described.remediation.into(),
            tags: described.tags.into_iter().map(Text::from).collect(),
            samples: Texts::default(),
            near_misses: Texts::default(),
            aliases: Texts::default(),
            lazy: Lazy::new(),
        }
    }
}

/// How candidates of a rule are found and matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Every match begins with one of the prefixes.
    Token,
    /// Every match holds one of the keywords, which begins so many bytes after the match does.
    Around {
        /// At least.
        least: usize,
        /// At most.
        most: usize,
        /// The bytes that can stand before it.
        lead: ByteSet,
    },
    /// The pattern is that of a whole value, assigned to a name that holds one of the keywords.
    Assigned,
}

impl Shape {
    /// The name in `keysieve rules show`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Around { .. } => "around",
            Self::Assigned => "assigned",
        }
    }
}

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ByteSet(pub [u64; 4]);

impl ByteSet {
    /// Whether `byte` is in it.
    pub const fn contains(self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    /// The bytes of a class of a pattern. Patterns are over bytes, but of `a|b` the parser makes a class of characters.
    fn of(class: &Class) -> Self {
        let mut set = Self::default();
        match class {
            Class::Bytes(class) => class
                .ranges()
                .iter()
                .for_each(|r| set.insert_range(r.start(), r.end())),
            Class::Unicode(class) => match class.to_byte_class() {
                Some(class) => return Self::of(&Class::Bytes(class)),
                None => set.insert_range(0, u8::MAX),
            },
        }
        set
    }

    /// The bytes, in order.
    fn bytes(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| self.contains(byte))
    }

    /// Whether no byte is in both.
    pub fn is_disjoint(self, other: Self) -> bool {
        (0..4).all(|w| self.0[w] & other.0[w] == 0)
    }

    /// Adds the bytes of another set.
    pub fn insert_all(&mut self, other: Self) {
        (0..4).for_each(|w| self.0[w] |= other.0[w]);
    }

    /// Adds the bytes from `first` to `last`.
    pub fn insert_range(&mut self, first: u8, last: u8) {
        for byte in first..=last {
            self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
    }
}

/// The parts of a rule that are compiled when first used.
#[derive(Debug, Default)]
pub struct Lazy {
    regex: OnceLock<Regex>,
    path: OnceLock<GlobSet>,
}

impl Lazy {
    /// Nothing compiled yet.
    pub const fn new() -> Self {
        Self {
            regex: OnceLock::new(),
            path: OnceLock::new(),
        }
    }
}

/// The pattern as a regular expression over bytes with ASCII classes.
fn regex(pattern: &str) -> Result<Regex, Box<regex_automata::meta::BuildError>> {
    Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .configure(
            Regex::config()
                .utf8_empty(false)
                // A rule meets few candidates: what only pays off over megabytes is not worth its making.
                .onepass(false)
                .dfa(false)
                .nfa_size_limit(Some(4 << 20)),
        )
        .build(pattern)
        .map_err(Box::new)
}

fn globs(globs: &[Text]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob)?);
    }
    set.build()
}

/// The longest text without a separator that each name has which `glob` matches; empty where that is not plain to see.
fn part(glob: &str) -> &str {
    if glob.contains(['[', '{', '\\']) {
        return "";
    }
    let parts = glob.split(['*', '?', '/']);
    parts.max_by_key(|part| part.len()).unwrap_or_default()
}

impl Rule {
    /// The compiled pattern; compiles it when first asked for.
    fn regex(&self) -> &Regex {
        self.lazy
            .regex
            .get_or_init(|| regex(&self.pattern).expect("compile() built this pattern once"))
    }

    /// The match of the pattern that begins where `span` does and ends in it: all of it, and the value. Calls with the
    /// same `vain` must be for the same text, and the span must reach as far as a match can.
    pub(crate) fn match_at(
        &self,
        text: &[u8],
        span: Span,
        vain: &mut Vain,
    ) -> Option<(Span, Span)> {
        let (start, end) = (span.start, span.end);
        let (whole, secret) = match program::run(&self.program, 0, text, start, end, vain) {
            _ if self.program.is_empty() => self.search_at(text, span)?,
            Outcome::GaveUp => self.search_at(text, span)?,
            Outcome::Match(whole, secret) => (whole, secret),
            Outcome::None => return None,
        };
        let secret = if self.has_group { secret? } else { whole };
        (!secret.is_empty()).then_some((whole, secret))
    }

    /// Whether a match that begins before `at`, behind bytes that can lead to a keyword, can go on with the keyword that
    /// stands there. False only where that does not hang on the beginning: in `[a-z]{2,20}://[^:]*:...`, the `://` can
    /// stand nowhere else, and what follows is the same for each of the twenty places before it.
    pub(crate) fn goes_on_at(&self, text: &[u8], at: usize, vain: &mut Vain) -> bool {
        let is_run = |op: &Op| matches!(op, Op::Run { .. });
        let runs = self.program.iter().take_while(|op| is_run(op)).count();
        let (Shape::Around { lead, .. }, Some(Op::Literal(literal))) =
            (self.shape, self.program.get(runs))
        else {
            return true;
        };
        let byte = text[at];
        let leads = |op: &Op| matches!(op, Op::Run { set, .. } if set.contains(byte));
        if literal[0] != byte || lead.contains(byte) || self.program[..runs].iter().any(leads) {
            return true;
        }
        let end = text.len().min(at + self.max_len);
        program::run(&self.program, runs, text, at, end, vain) != Outcome::None
    }

    /// As [`Rule::match_at`], by the regular expression.
    fn search_at(&self, text: &[u8], span: Span) -> Option<(Span, Option<Span>)> {
        let input = Input::new(text).span(span.range()).anchored(Anchored::Yes);
        self.search(&input)
    }

    /// The first match in `input`, by the regular expression: all of it, and the group `secret`.
    pub(crate) fn search(&self, input: &Input<'_>) -> Option<(Span, Option<Span>)> {
        let regex = self.regex();
        let span = |s: regex_automata::Span| Span::new(s.start, s.end);
        if !self.has_group {
            return Some((span(regex.search(input)?.span()), None));
        }
        // The automaton says cheaply whether there is a match at all; only then are groups worth their price.
        regex.search_half(input)?;
        let mut captures = regex.create_captures();
        regex.search_captures(input, &mut captures);
        let secret = captures.get_group_by_name("secret").map(span);
        Some((span(captures.get_match()?.span()), secret))
    }

    /// Whether the rule looks at a content of this name.
    pub fn looks_at(&self, name: Option<&Path>) -> bool {
        if self.path.is_empty() {
            return true;
        }
        let Some(name) = name else {
            return false;
        };
        // Most names lack what the globs ask for, and compiling a set of globs takes as long as scanning 100 KB.
        let bytes = name.as_os_str().as_encoded_bytes();
        let holds = |glob: &Text| memmem::find(bytes, part(glob).as_bytes()).is_some();
        let set = || globs(&self.path).expect("compile() built these globs once");
        self.path.iter().any(holds) && self.lazy.path.get_or_init(set).is_match(name)
    }

    /// Whether it asks for a check by name.
    pub fn checks(&self, name: CheckName) -> bool {
        self.checks.contains(&name)
    }

    /// Whether it is one of the `generic-*` family: no vendor's format, the last choice where rules overlap.
    pub fn is_generic(&self) -> bool {
        self.checks(CheckName::Generic) || self.checks(CheckName::Password)
    }

    /// Severity and confidence for a kind of file.
    pub fn rank(&self, kind: FileKind) -> (Severity, Confidence) {
        let ranks = self.kinds.iter().find(|r| r.kind == kind);
        (
            ranks.and_then(|r| r.severity).unwrap_or(self.severity),
            ranks.and_then(|r| r.confidence).unwrap_or(self.confidence),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_a_glob_matches_has_its_part() {
        for (glob, expected) in [
            ("**/.git-credential-*", ".git-credential-"),
            ("**/git/credentials", "credentials"),
            ("**/*.php", ".php"),
            ("a?bc/**", "bc"),
            ("**/{a,b}.env", ""),
            ("**/x[0-9]y", ""),
            ("**", ""),
        ] {
            assert_eq!(part(glob), expected, "{glob}");
            let set = globs(&[glob.into()]).unwrap();
            for name in [
                "a1bc/d",
                "git/credentials",
                "d/git/credentials",
                "e/.git-credential-x",
            ] {
                assert!(
                    !set.is_match(name) || name.contains(expected),
                    "{glob} {name}"
                );
            }
        }
    }
}
