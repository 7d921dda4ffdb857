//! Every match of a rule, found the slow way: no prefilter, no window. What the scan finds is tested against this.

use regex_automata::Input;

use super::{Cursor, Match, Verifier, ends_well, is_token_start};
use crate::Span;
use crate::rule::{Boundary, Rule, Shape};

/// Tries the pattern of `rule` over the whole of `text`, from left to right, matches not overlapping.
pub fn brute(rule: &Rule, text: &[u8]) -> Vec<Match> {
    if rule.shape == Shape::Assigned {
        every_assigned(rule, text)
    } else {
        every_pattern(rule, text)
    }
}

fn every_pattern(rule: &Rule, text: &[u8]) -> Vec<Match> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((whole, secret)) = rule.search(&Input::new(text).span(from..text.len())) {
        let starts_well = rule.boundary == Boundary::None || is_token_start(text, whole.start);
        let secret = if rule.has_group { secret } else { Some(whole) };
        let secret = secret.filter(|secret| !secret.is_empty());
        match secret {
            Some(secret) if starts_well && ends_well(rule, text, whole) => {
                from = whole.end;
                found.push(Match {
                    whole,
                    secret,
                    assignment: None,
                });
            }
            _ => from = whole.start + 1,
        }
    }
    found
}

fn every_assigned(rule: &Rule, text: &[u8]) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    for at in 0..text.len() {
        for keyword in rule.keywords.iter() {
            let here = text[at..]
                .get(..keyword.len())
                .is_some_and(|t| t.eq_ignore_ascii_case(keyword.as_bytes()));
            if here && found.last().is_none_or(|last| last.whole.end <= at) {
                let keyword = Span::new(at, at + keyword.len());
                let cursor = &mut Cursor::default();
                found.extend(Verifier::new(text).assigned(rule, keyword, cursor));
            }
        }
    }
    found
}
