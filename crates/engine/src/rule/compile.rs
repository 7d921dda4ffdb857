//! From a rule as written to a rule that is proven.

use std::borrow::Cow;

use regex_syntax::hir::Hir;

use super::spec::{Boundary, RuleSpec};
use super::{
    Error, ErrorKind, Lazy, MAX_MATCH, Rule, Shape, Text, Texts, globs, program, proof, regex, tier,
};

/// Accepts a rule, or says what is wrong with it. Proves that its literals stand in every match and that a match is
/// bounded; the regular expression is compiled once, to be refused here and not in the middle of a scan.
///
/// # Errors
///
/// See [`ErrorKind`].
pub fn compile(spec: RuleSpec) -> Result<Rule, Error> {
    let id = spec.id.clone();
    check(spec).map_err(|kind| Error::new(id, kind))
}

/// Parses a pattern as the engine reads patterns: bytes, ASCII classes.
pub(super) fn parse(pattern: &str) -> Result<Hir, ErrorKind> {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .map_err(|e| ErrorKind::Pattern(e.to_string()))
}

fn check(spec: RuleSpec) -> Result<Rule, ErrorKind> {
    if !is_id(&spec.id) {
        return Err(ErrorKind::Id);
    }
    for (field, text) in [
        ("name", &spec.name),
        ("description", &spec.description),
        ("remediation", &spec.remediation),
    ] {
        if text.trim().is_empty() {
            return Err(field_error(field, "must not be empty"));
        }
    }
    if spec.samples.is_empty() {
        return Err(field_error("samples", "needs at least one template"));
    }
    if !(0.0..=8.0).contains(&spec.min_entropy) {
        return Err(field_error("min_entropy", "must be between 0 and 8 bits"));
    }
    let keywords: Vec<String> = spec
        .keywords
        .iter()
        .map(|k| k.to_ascii_lowercase())
        .collect();
    for (field, literals) in [("prefixes", &spec.prefixes), ("keywords", &keywords)] {
        if let Some(short) = literals.iter().find(|l| l.len() < 3) {
            return Err(field_error(
                field,
                format!("holds `{short}`: a literal needs 3 bytes to be looked for"),
            ));
        }
    }

    let pattern = match (&spec.pattern, &spec.value) {
        (Some(pattern), None) | (None, Some(pattern)) => pattern.clone(),
        _ => {
            return Err(field_error(
                "pattern",
                "or `value` must be given, and not both",
            ));
        }
    };
    let hir = parse(&pattern)?;
    let (min, max) = (
        hir.properties().minimum_len(),
        hir.properties().maximum_len(),
    );
    let (min_len, max_len) = match (min, max) {
        (Some(min @ 1..), Some(max)) if max <= MAX_MATCH => (min, max),
        _ => return Err(ErrorKind::Length { min, max }),
    };
    let shape = shape(&spec, &keywords, &hir)?;
    let compiled = regex(&pattern).map_err(|e| ErrorKind::Pattern(e.to_string()))?;
    let has_group = compiled
        .group_info()
        .to_index(regex_automata::PatternID::ZERO, "secret")
        .is_some();
    let path = texts(spec.path);
    globs(&path).map_err(|e| field_error("path", e.to_string()))?;

    Ok(Rule {
        id: spec.id.into(),
        name: spec.name.into(),
        description: spec.description.into(),
        severity: spec.severity,
        confidence: spec.confidence,
        prefixes: texts(spec.prefixes),
        keywords: texts(keywords),
        head: proof::head(&hir),
        tail: proof::tail(&hir),
        tier: tier::prove(&hir, shape, spec.boundary),
        program: program::compile(&hir),
        pattern: pattern.into(),
        shape,
        min_len,
        max_len,
        has_group,
        boundary: if shape == Shape::Assigned {
            Boundary::None
        } else {
            spec.boundary
        },
        path,
        min_entropy: spec.min_entropy,
        checks: spec.checks.into(),
        requires: spec.requires,
        kinds: spec.kinds.into(),
        docs: spec.docs.map(Into::into),
        remediation: spec.remediation.into(),
        tags: texts(spec.tags),
        aliases: texts(spec.aliases),
        samples: texts(spec.samples),
        near_misses: texts(spec.near_misses),
        lazy: Lazy::new(),
    })
}

fn shape(spec: &RuleSpec, keywords: &[String], hir: &Hir) -> Result<Shape, ErrorKind> {
    match (
        spec.value.is_some(),
        spec.prefixes.is_empty(),
        keywords.is_empty(),
    ) {
        (true, true, false) => Ok(Shape::Assigned),
        (true, ..) => Err(field_error("value", "needs `keywords` and no `prefixes`")),
        (false, false, true) if proof::begins_with(hir, &spec.prefixes) => Ok(Shape::Token),
        (false, false, true) => Err(ErrorKind::Literals { field: "prefixes" }),
        (false, true, false) => match proof::holds(hir, keywords) {
            Some(before) => Ok(Shape::Around {
                least: before.least,
                most: before.most,
                lead: before.lead,
            }),
            None => Err(ErrorKind::Literals { field: "keywords" }),
        },
        (false, ..) => Err(field_error(
            "pattern",
            "needs `prefixes` or `keywords`, and not both",
        )),
    }
}

/// Whether a text has the form of a rule's id.
pub fn is_id(id: &str) -> bool {
    id.split('-').all(|w| {
        !w.is_empty()
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

fn texts(texts: Vec<String>) -> Texts {
    Cow::Owned(texts.into_iter().map(Text::from).collect())
}

fn field_error(field: &'static str, problem: impl Into<String>) -> ErrorKind {
    ErrorKind::Field {
        field,
        problem: problem.into(),
    }
}

impl super::RuleFile {
    /// Reads a file of rules; unknown keys are refused.
    ///
    /// # Errors
    ///
    /// With the line and column of the first thing that is no rule file.
    pub fn parse(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|e| Error::new("", ErrorKind::Syntax(e.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    fn rule(fields: &str) -> Result<Rule, Error> {
        let text = format!(
            "[[rule]]\nid = 'a-b'\nname = 'n'\ndescription = 'd'\nseverity = 'high'\nconfidence = 'high'\n\
             remediation = 'r'\nsamples = ['s']\n{fields}"
        );
        compile(RuleFile::parse(&text)?.rules.remove(0))
    }

    #[test]
    fn each_shape_is_told_from_its_literals() {
        assert_eq!(
            rule("prefixes = ['abc']\npattern = 'abc[0-9]{5}'")
                .unwrap()
                .shape,
            Shape::Token
        );
        let around = rule("keywords = ['ABC']\npattern = '[0-9]{1,5}(?i)abc'").unwrap();
        let Shape::Around { least, most, lead } = around.shape else {
            panic!("{:?}", around.shape)
        };
        assert_eq!((least, most), (1, 5));
        assert!(lead.contains(b'0') && !lead.contains(b'a'));
        assert_eq!(
            rule("keywords = ['abc']\nvalue = '[0-9]{5}'")
                .unwrap()
                .shape,
            Shape::Assigned
        );
    }

    #[test]
    fn a_wrong_rule_is_refused_with_its_reason() {
        for (fields, reason) in [
            (
                "prefixes = ['abc']\npattern = 'ab[0-9]{5}'",
                "begins with none of `prefixes`",
            ),
            (
                "keywords = ['abc']\npattern = '[a-c]{3}'",
                "holds none of `keywords`",
            ),
            (
                "prefixes = ['abc']\npattern = 'abc[0-9]+'",
                "no longest match",
            ),
            (
                "prefixes = ['abc']\npattern = 'abc[0-9]{5000}'",
                "more than 4096",
            ),
            (
                "prefixes = ['abc']\npattern = 'abc[0-9'",
                "does not compile",
            ),
            ("prefixes = ['ab']\npattern = 'abc'", "needs 3 bytes"),
            ("pattern = 'abc'", "needs `prefixes` or `keywords`"),
            ("prefixes = ['abc']", "`value` must be given"),
            (
                "prefixes = ['abc']\npattern = 'abc'\npaths = ['x']",
                "unknown field `paths`",
            ),
        ] {
            let error = rule(fields).expect_err(fields).to_string();
            assert!(error.contains(reason), "{fields}: {error}");
        }
    }
}
