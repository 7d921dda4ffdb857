//! The rules of a scan, and the literals by which their candidates are found.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Error, ErrorKind, Rule, Shape};

/// Names a rule within its [`RuleSet`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleIndex(u32);

impl RuleIndex {
    /// The rule at this position.
    pub const fn new(position: u32) -> Self {
        Self(position)
    }

    /// The position in [`RuleSet::rules`].
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// Names a literal within its [`RuleSet`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LiteralId(pub u32);

/// What a literal is to a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// A match begins with it, in this case.
    Prefix,
    /// A match holds it.
    Inside,
    /// The name of an assigned value holds it.
    Name,
}

/// A text to look for, with the rules that it may belong to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Literal {
    /// Lower case; found in any ASCII case.
    pub text: Cow<'static, [u8]>,
    /// The rules that it may belong to.
    pub uses: Cow<'static, [Use]>,
}

/// What a literal is to one rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// The rule.
    pub rule: RuleIndex,
    /// Where the literal stands in a match.
    pub role: Role,
    /// The literal as the rule writes it.
    pub text: Cow<'static, [u8]>,
}

/// Rules that were made into a set when the program was built: nothing is left to do when it starts.
#[derive(Debug)]
pub struct Builtin {
    /// The rules, sorted by id.
    pub rules: &'static [Rule],
    /// Their literals.
    pub literals: &'static [Literal],
    /// The other half of each, where it has one.
    pub requires: &'static [Option<RuleIndex>],
    /// The tables of the fast prefilter (`Fast::to_words`) for these literals.
    pub fast: &'static [u32],
}

impl Builtin {
    /// No rules.
    pub const NONE: Self = Self {
        rules: &[],
        literals: &[],
        requires: &[],
        fast: &[],
    };
}

/// The rules of a scan, with their literals gathered. Order does not matter for what is found.
#[derive(Debug)]
pub struct RuleSet {
    builtin: &'static Builtin,
    user: Vec<Rule>,
    /// By index; a rule that was not selected stays in its place.
    selected: Vec<bool>,
    requires: Cow<'static, [Option<RuleIndex>]>,
    literals: Cow<'static, [Literal]>,
}

impl RuleSet {
    /// The set of the `builtin` and the `user`'s rules.
    ///
    /// # Errors
    ///
    /// When two rules share an id or one requires a rule that is not there.
    pub fn new(builtin: &'static Builtin, user: Vec<Rule>) -> Result<Self, Error> {
        Self::select(builtin, user, |_| true)
    }

    /// As [`RuleSet::new`], but only of the rules that `keep` wants. A rule whose other half is left out stays, alone.
    ///
    /// # Errors
    ///
    /// As [`RuleSet::new`].
    pub fn select(
        builtin: &'static Builtin,
        user: Vec<Rule>,
        mut keep: impl FnMut(&Rule) -> bool,
    ) -> Result<Self, Error> {
        let selected = builtin.rules.iter().chain(&user).map(&mut keep).collect();
        if user.is_empty() {
            let (requires, literals) = (
                Cow::Borrowed(builtin.requires),
                Cow::Borrowed(builtin.literals),
            );
            return Ok(Self {
                builtin,
                user,
                selected,
                requires,
                literals,
            });
        }
        let all: Vec<&Rule> = builtin.rules.iter().chain(&user).collect();
        let requires = requires(&all)?;
        let literals = literals(&all);
        Ok(Self {
            builtin,
            user,
            selected,
            requires: requires.into(),
            literals: literals.into(),
        })
    }

    /// The selected rules.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.all()
            .zip(&self.selected)
            .filter(|(_, selected)| **selected)
            .map(|(rule, _)| rule)
    }

    fn all(&self) -> impl Iterator<Item = &Rule> {
        self.builtin.rules.iter().chain(&self.user)
    }

    /// How many rules have an index, whether selected or not.
    pub fn len(&self) -> usize {
        self.selected.len()
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.selected.is_empty()
    }

    /// Whether the rule is one of [`RuleSet::rules`].
    pub fn is_selected(&self, index: RuleIndex) -> bool {
        self.selected[index.get()]
    }

    /// The rule with this index.
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        match self.builtin.rules.get(index.get()) {
            Some(rule) => rule,
            None => &self.user[index.get() - self.builtin.rules.len()],
        }
    }

    /// The selected rule with this id.
    pub fn by_id(&self, id: &str) -> Option<RuleIndex> {
        let found = self
            .all()
            .position(|rule| rule.id == id)
            .map(|i| RuleIndex(i as u32));
        found.filter(|index| self.is_selected(*index))
    }

    /// The other half of a two-part rule, if it is selected.
    pub fn required(&self, index: RuleIndex) -> Option<RuleIndex> {
        self.requires[index.get()].filter(|other| self.is_selected(*other))
    }

    /// The other half of each rule, by index.
    pub fn requires(&self) -> &[Option<RuleIndex>] {
        &self.requires
    }

    /// Every literal to look for.
    pub fn literals(&self) -> &[Literal] {
        &self.literals
    }

    /// The tables of the fast prefilter for these literals, if they were made when the program was built.
    pub(crate) fn stored_tables(&self) -> Option<&'static [u32]> {
        Some(self.builtin.fast).filter(|words| self.user.is_empty() && !words.is_empty())
    }

    /// The literal with this id.
    pub fn literal(&self, id: LiteralId) -> &Literal {
        &self.literals[id.0 as usize]
    }
}

/// The index of the rule that each asks for; refuses ids that stand twice or are not there.
fn requires(rules: &[&Rule]) -> Result<Vec<Option<RuleIndex>>, Error> {
    let mut index_of = HashMap::new();
    for (i, rule) in rules.iter().enumerate() {
        if index_of.insert(&*rule.id, RuleIndex(i as u32)).is_some() {
            return Err(Error::new(&*rule.id, ErrorKind::DuplicateId));
        }
    }
    let other = |rule: &&Rule| match &rule.requires {
        None => Ok(None),
        Some(requires) => match index_of.get(&*requires.rule) {
            Some(index) => Ok(Some(*index)),
            None => Err(Error::new(
                &*rule.id,
                ErrorKind::UnknownRule(requires.rule.to_string()),
            )),
        },
    };
    rules.iter().map(other).collect()
}

fn literals(rules: &[&Rule]) -> Vec<Literal> {
    let mut by_text: HashMap<Vec<u8>, Vec<Use>> = HashMap::new();
    for (i, rule) in rules.iter().enumerate() {
        let (texts, role) = match rule.shape {
            Shape::Token => (&rule.prefixes, Role::Prefix),
            Shape::Around { .. } => (&rule.keywords, Role::Inside),
            Shape::Assigned => (&rule.keywords, Role::Name),
        };
        for text in texts.iter().map(|t| t.as_bytes()) {
            let uses = by_text.entry(text.to_ascii_lowercase()).or_default();
            uses.push(Use {
                rule: RuleIndex(i as u32),
                role,
                text: text.to_vec().into(),
            });
        }
    }
    let literal = |(text, uses): (Vec<u8>, Vec<Use>)| Literal {
        text: text.into(),
        uses: uses.into(),
    };
    let mut literals: Vec<_> = by_text.into_iter().map(literal).collect();
    literals.sort_by(|a, b| a.text.cmp(&b.text));
    literals
}
