//! The rules of documents.

use std::collections::HashMap;

use keysieve_engine::rule::{Described, Rule, RuleIndex};
use keysieve_engine::{Confidence, Severity};

use super::cut;
use super::document::RuleOf;

/// Rules by id, as documents describe them: the first that does counts.
#[derive(Debug, Default)]
pub(super) struct Rules {
    all: Vec<(Described, Known)>,
    index: HashMap<String, u32>,
}

/// What a rule is known by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Known {
    /// It is that of the other half of a credential. Where that was not found itself, a document does not describe it.
    Pair,
    /// A finding is of it: it must be described, though that may come later.
    Finding,
    /// A document describes it.
    Described,
}

impl Rules {
    /// Adds what a document says of a rule.
    pub(super) fn add(&mut self, of: RuleOf) {
        let index = self.index.get(&of.id).copied();
        if index.is_some_and(|index| self.all[index as usize].1 == Known::Described) {
            return;
        }
        let index = self.of(&of.id, Known::Described);
        self.all[index.get()].0 = Described {
            id: of.id,
            name: of.name,
            description: of.description,
            severity: of.severity,
            confidence: of.confidence,
            remediation: of.remediation,
            docs: of.docs,
            tags: of.tags,
        };
    }

    /// The rule of that id.
    pub(super) fn of(&mut self, id: &str, by: Known) -> RuleIndex {
        if let Some(index) = self.index.get(id) {
            let known = &mut self.all[*index as usize].1;
            *known = by.max(*known);
            return RuleIndex::new(*index);
        }
        let index = self.all.len() as u32;
        let described = Described {
            id: id.to_owned(),
            name: id.to_owned(),
            description: String::new(),
            severity: Severity::Low,
            confidence: Confidence::Low,
            remediation: String::new(),
            docs: None,
            tags: Vec::new(),
        };
        self.index.insert(id.to_owned(), index);
        self.all.push((described, by));
        RuleIndex::new(index)
    }

    /// All of them, each at its index.
    ///
    /// # Errors
    ///
    /// A finding is of one that no document describes.
    pub(super) fn all(self) -> Result<Vec<Rule>, String> {
        let all = self.all.into_iter();
        let all = all.map(|(rule, known)| match known {
            Known::Pair | Known::Described => Ok(rule.into()),
            Known::Finding => {
                let id = cut(&rule.id);
                Err(format!(
                    "a finding is of the rule `{id}`, which `rules` lacks"
                ))
            }
        });
        all.collect()
    }
}
