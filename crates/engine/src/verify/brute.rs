//! Every match of a rule, found the slow way: no prefilter, no window. What the scan finds is tested against this.

use regex_automata::Input;

use super::{Match, assigned, matched, starts_and_ends_well};
use crate::Span;
use crate::rule::{Rule, Shape};

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
    while let Some(m) = matched(rule, Input::new(text).span(from..text.len())) {
        if starts_and_ends_well(rule, text, m.whole) {
            from = m.whole.end;
            found.push(m);
        } else {
            from = m.whole.start + 1;
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
                found.extend(assigned(rule, Span::new(at, at + keyword.len()), text));
            }
        }
    }
    found
}
