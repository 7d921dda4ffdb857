//! The rules of a scan, and the literals by which their candidates are found.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;

use super::{Error, ErrorKind, Rule, Shape};

/// Names a rule within its [`RuleSet`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleIndex(u32);

impl RuleIndex {
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
    pub text: Box<[u8]>,
    /// The rules that it may belong to.
    pub uses: Vec<Use>,
}

/// What a literal is to one rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// The rule.
    pub rule: RuleIndex,
    /// Where the literal stands in a match.
    pub role: Role,
    /// The literal as the rule writes it.
    pub text: Box<[u8]>,
}

/// A built-in rule, or one of the user's.
#[derive(Debug)]
enum Slot {
    Static(&'static Rule),
    Owned(Box<Rule>),
}

impl Deref for Slot {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        match self {
            Self::Static(rule) => rule,
            Self::Owned(rule) => rule,
        }
    }
}

/// The rules of a scan, with their literals gathered. Order does not matter for what is found.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Slot>,
    requires: Vec<Option<RuleIndex>>,
    literals: Vec<Literal>,
}

impl RuleSet {
    /// The set of the `builtin` and the `user`'s rules.
    ///
    /// # Errors
    ///
    /// When two rules share an id or one requires a rule that is not there.
    pub fn new(builtin: &'static [Rule], user: Vec<Rule>) -> Result<Self, Error> {
        Self::select(builtin, user, |_| true)
    }

    /// As [`RuleSet::new`], but only of the rules that `keep` wants. A rule whose other half is left out stays, alone.
    ///
    /// # Errors
    ///
    /// As [`RuleSet::new`].
    pub fn select(
        builtin: &'static [Rule],
        user: Vec<Rule>,
        mut keep: impl FnMut(&Rule) -> bool,
    ) -> Result<Self, Error> {
        let all: Vec<Slot> = builtin
            .iter()
            .map(Slot::Static)
            .chain(user.into_iter().map(|r| Slot::Owned(Box::new(r))))
            .collect();
        let mut ids = HashSet::new();
        if let Some(twice) = all.iter().find(|rule| !ids.insert(&*rule.id)) {
            return Err(Error::new(&*twice.id, ErrorKind::DuplicateId));
        }
        let asks = |rule: &&Slot| {
            rule.requires
                .as_ref()
                .is_some_and(|r| !ids.contains(&*r.rule))
        };
        if let Some(rule) = all.iter().find(asks) {
            let missing = rule
                .requires
                .as_ref()
                .map_or_else(String::new, |r| r.rule.to_string());
            return Err(Error::new(&*rule.id, ErrorKind::UnknownRule(missing)));
        }

        let rules: Vec<Slot> = all.into_iter().filter(|rule| keep(rule)).collect();
        let index_of = |id: &str| {
            rules
                .iter()
                .position(|rule| rule.id == id)
                .map(|i| RuleIndex(i as u32))
        };
        let requires = rules
            .iter()
            .map(|rule| index_of(&rule.requires.as_ref()?.rule))
            .collect();
        let literals = literals(&rules);
        Ok(Self {
            rules,
            requires,
            literals,
        })
    }

    /// The rules.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter().map(|slot| &**slot)
    }

    /// The rule with this index.
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.rules[index.get()]
    }

    /// The rule with this id.
    pub fn by_id(&self, id: &str) -> Option<RuleIndex> {
        self.rules
            .iter()
            .position(|rule| rule.id == id)
            .map(|i| RuleIndex(i as u32))
    }

    /// The other half of a two-part rule, if it is in the set.
    pub fn required(&self, index: RuleIndex) -> Option<RuleIndex> {
        self.requires[index.get()]
    }

    /// Every literal to look for.
    pub fn literals(&self) -> &[Literal] {
        &self.literals
    }

    /// The literal with this id.
    pub fn literal(&self, id: LiteralId) -> &Literal {
        &self.literals[id.0 as usize]
    }
}

fn literals(rules: &[Slot]) -> Vec<Literal> {
    let mut by_text: HashMap<Box<[u8]>, Vec<Use>> = HashMap::new();
    for (i, rule) in rules.iter().enumerate() {
        let (texts, role) = match rule.shape {
            Shape::Token => (&rule.prefixes, Role::Prefix),
            Shape::Around { .. } => (&rule.keywords, Role::Inside),
            Shape::Assigned => (&rule.keywords, Role::Name),
        };
        for text in texts.iter().map(|t| t.as_bytes()) {
            let uses = by_text.entry(text.to_ascii_lowercase().into()).or_default();
            uses.push(Use {
                rule: RuleIndex(i as u32),
                role,
                text: text.into(),
            });
        }
    }
    let mut literals: Vec<_> = by_text
        .into_iter()
        .map(|(text, uses)| Literal { text, uses })
        .collect();
    literals.sort_by(|a, b| a.text.cmp(&b.text));
    literals
}
