//! Patterns as programs that are stored in the binary: nothing to compile, nothing to allocate.
//!
//! A program walks over the bytes once and takes back a choice only where another one could be right. It finds what the
//! regular expression of the pattern finds, from the same place, group included: alternatives are tried in the order in
//! which they are written, and runs from their longest or, if lazy, from their shortest on.
//!
//! A pattern on which many choices must be taken back could take long on a text that was made for it. So a program gives
//! up after [`MAX_RETRIES`], and the regular expression, which is linear, is asked instead (`Rule::match_at`).

use std::borrow::Cow;

use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

use super::ByteSet;
use crate::Span;

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// These bytes.
    Literal(Cow<'static, [u8]>),
    /// These bytes, written in lower case, in any ASCII case.
    Folded(Cow<'static, [u8]>),
    /// Bytes of a set.
    Run {
        /// The set.
        set: ByteSet,
        /// At least so many.
        min: u32,
        /// At most so many.
        max: u32,
        /// How many are tried.
        take: Take,
    },
    /// Goes on with the next step, and if that leads nowhere, with this one.
    Fork(u32),
    /// Goes on with this step.
    Jump(u32),
    /// The group `secret` begins here.
    Open,
    /// The group `secret` ends here.
    Close,
}

/// How many bytes a run takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// As many as there are: fewer could not lead anywhere.
    All,
    /// The most first, then one fewer at a time.
    Most,
    /// The fewest first, then one more at a time.
    Fewest,
}

/// The steps of a pattern; none where it needs a regular expression.
pub type Program = Cow<'static, [Op]>;

/// Longer programs are not made: the pattern stays a regular expression.
const MAX_OPS: usize = 1024;
/// Choices that are taken back before the regular expression is asked.
const MAX_RETRIES: usize = 512;
/// Choices that can be open at the same time.
const MAX_OPEN: usize = 32;

/// What a program says of a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// A match: all of it, and its group `secret` if it took part.
    Match(Span, Option<Span>),
    /// No match begins here.
    None,
    /// The regular expression must be asked.
    GaveUp,
}

/// The group `secret`, as far as it was met.
#[derive(Clone, Copy, Default)]
struct Group {
    opened: usize,
    closed: Option<Span>,
}

/// Where what follows a lazy run was tried in vain. Whether it matches there does not depend on where the match began,
/// so that a text full of beginnings is not searched again from each.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Vain {
    op: usize,
    from: usize,
    to: usize,
}

/// A choice that can be taken back.
#[derive(Clone, Copy, Default)]
struct Choice {
    /// The step to go on with.
    op: usize,
    /// The first place that was tried.
    first: usize,
    at: usize,
    /// Other places to go on from: down to here, or up to here.
    last: usize,
    group: Group,
}

/// Matches `program` from its step `first` on at `start`, up to `end`. Calls with the same `vain` must be for the same
/// text, with an `end` that cuts no match short.
pub(crate) fn run(
    program: &[Op],
    first: usize,
    text: &[u8],
    start: usize,
    end: usize,
    vain: &mut Vain,
) -> Outcome {
    let text = &text[..end];
    let mut open = [Choice::default(); MAX_OPEN];
    let (mut opened, mut retries) = (0, 0);
    let (mut op, mut at) = (first, start);
    let mut group = Group::default();
    loop {
        let go_on = match program.get(op) {
            None => {
                return Outcome::Match(Span::new(start, at), group.closed);
            }
            Some(Op::Literal(bytes)) => {
                let stands = text[at..].starts_with(bytes);
                at += bytes.len();
                stands
            }
            Some(Op::Folded(bytes)) => {
                let found = text[at..].get(..bytes.len());
                at += bytes.len();
                found.is_some_and(|found| found.eq_ignore_ascii_case(bytes))
            }
            Some(&Op::Run {
                set,
                min,
                max,
                take,
            }) => {
                let (least, most) = (at + min as usize, text.len().min(at + max as usize));
                let upto = if take == Take::Fewest { least } else { most };
                let run = text[at..most.min(upto)].iter();
                let reached = at + run.take_while(|&&b| set.contains(b)).count();
                let last = if take == Take::Fewest { most } else { least };
                at = reached;
                if take == Take::Fewest && vain.op == op && (vain.from..=vain.to).contains(&at) {
                    at = vain.to.min(most);
                }
                if reached >= least && take != Take::All && at != last {
                    if opened == MAX_OPEN {
                        return Outcome::GaveUp;
                    }
                    open[opened] = Choice {
                        op,
                        first: reached,
                        at,
                        last,
                        group,
                    };
                    opened += 1;
                }
                reached >= least
            }
            Some(&Op::Fork(other)) => {
                if opened == MAX_OPEN {
                    return Outcome::GaveUp;
                }
                open[opened] = Choice {
                    op: other as usize,
                    first: at,
                    at,
                    last: at,
                    group,
                };
                opened += 1;
                true
            }
            Some(&Op::Jump(other)) => {
                op = other as usize;
                continue;
            }
            Some(Op::Open) => {
                group.opened = at;
                true
            }
            Some(Op::Close) => {
                group.closed = Some(Span::new(group.opened, at));
                true
            }
        };
        if go_on {
            op += 1;
            continue;
        }
        // The newest choice is taken back.
        loop {
            let Some(choice) = opened.checked_sub(1).map(|newest| &mut open[newest]) else {
                return Outcome::None;
            };
            retries += 1;
            if retries > MAX_RETRIES {
                return Outcome::GaveUp;
            }
            group = choice.group;
            match program.get(choice.op) {
                Some(Op::Run {
                    take: Take::Most, ..
                }) if choice.last < choice.at => {
                    choice.at -= 1;
                    while choice.at > choice.last
                        && !can_begin(program, choice.op + 1, text, choice.at)
                    {
                        choice.at -= 1;
                    }
                    (op, at) = (choice.op + 1, choice.at);
                    opened -= usize::from(choice.at == choice.last);
                    break;
                }
                Some(Op::Run {
                    set,
                    take: Take::Fewest,
                    ..
                }) if choice.at < choice.last => {
                    let mut going = set.contains(text[choice.at]);
                    choice.at += usize::from(going);
                    while going
                        && choice.at < choice.last
                        && !can_begin(program, choice.op + 1, text, choice.at)
                    {
                        going = set.contains(text[choice.at]);
                        choice.at += usize::from(going);
                    }
                    (op, at) = (choice.op + 1, choice.at);
                    // Up to here in vain, but for the place that is tried next.
                    *vain = Vain {
                        op: choice.op,
                        from: choice.first,
                        to: choice.at - usize::from(going),
                    };
                    opened -= usize::from(!going || choice.at == choice.last);
                    if going {
                        break;
                    }
                }
                // A fork has one other place to go on from.
                _ => {
                    (op, at) = (choice.op, choice.at);
                    opened -= 1;
                    break;
                }
            }
        }
    }
}

/// Whether the step `op` can be taken at `at`, as far as one byte tells: most places are passed over by it.
#[inline(always)]
fn can_begin(program: &[Op], op: usize, text: &[u8], at: usize) -> bool {
    let next = text.get(at);
    match program.get(op) {
        Some(Op::Literal(bytes)) => next == bytes.first(),
        Some(Op::Run { set, min: 1.., .. }) => next.is_some_and(|&b| set.contains(b)),
        _ => true,
    }
}

/// The program of a pattern, if it has one.
pub(super) fn compile(hir: &Hir) -> Program {
    let mut ops = Vec::new();
    if append(hir, &mut ops).is_none() {
        return Program::default();
    }
    for i in 0..ops.len() {
        let (next, can_end) = firsts(&ops, i + 1);
        if let Op::Run {
            set,
            min,
            max,
            take,
        } = &mut ops[i]
        {
            // What follows begins with no byte of the run: then there is only one place for it to begin.
            let settled = set.is_disjoint(next) && !(*take == Take::Fewest && can_end);
            if min == max || settled {
                *take = Take::All;
            }
        }
    }
    ops.into()
}

/// Appends the steps of `hir`; `None` where it has no program.
fn append(hir: &Hir, ops: &mut Vec<Op>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => ops.push(Op::Literal(literal.0.to_vec().into())),
        HirKind::Class(class) => ops.push(run_of(ByteSet::of(class), 1, 1, true)),
        HirKind::Repetition(repetition) => append_repetition(repetition, ops)?,
        HirKind::Capture(Capture { name, sub, .. }) => {
            let secret = name.as_deref() == Some("secret");
            if secret {
                ops.push(Op::Open);
            }
            append(sub, ops)?;
            if secret {
                ops.push(Op::Close);
            }
        }
        HirKind::Concat(parts) => append_parts(parts, ops)?,
        HirKind::Alternation(branches) => {
            let mut jumps = Vec::new();
            for (i, branch) in branches.iter().enumerate() {
                let fork = (i + 1 < branches.len()).then(|| placeholder(ops));
                append(branch, ops)?;
                if let Some(fork) = fork {
                    jumps.push(placeholder(ops));
                    ops[fork] = Op::Fork(ops.len() as u32);
                }
            }
            for jump in jumps {
                ops[jump] = Op::Jump(ops.len() as u32);
            }
        }
        HirKind::Look(_) => return None,
    }
    (ops.len() <= MAX_OPS).then_some(())
}

/// Appends one part after the other; letters in both cases, with what stands between them, become one step.
fn append_parts(parts: &[Hir], ops: &mut Vec<Op>) -> Option<()> {
    let mut rest = parts;
    while let Some(part) = rest.first() {
        let letters = rest.iter().take_while(|part| folded(part).is_some());
        let folds: Vec<u8> = letters.clone().filter_map(folded).flatten().collect();
        let count = letters.count();
        if count > 1 {
            ops.push(Op::Folded(folds.into()));
            rest = &rest[count..];
        } else {
            append(part, ops)?;
            rest = &rest[1..];
        }
    }
    Some(())
}

/// The lower-case bytes of a part that stands for the same in any case: `[Xx]`, or a literal without letters.
fn folded(part: &Hir) -> Option<Vec<u8>> {
    match part.kind() {
        HirKind::Literal(literal) => {
            let plain = !literal.0.iter().any(u8::is_ascii_alphabetic);
            plain.then(|| literal.0.to_vec())
        }
        HirKind::Class(class) => {
            let mut bytes = ByteSet::of(class).bytes();
            match (bytes.next(), bytes.next(), bytes.next()) {
                (Some(upper), Some(lower), None) if upper.is_ascii_uppercase() => {
                    (lower == upper.to_ascii_lowercase()).then(|| vec![lower])
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn append_repetition(repetition: &Repetition, ops: &mut Vec<Op>) -> Option<()> {
    let (min, max, sub) = (repetition.min, repetition.max?, &repetition.sub);
    let single = match sub.kind() {
        HirKind::Class(class) => Some(ByteSet::of(class)),
        HirKind::Literal(literal) if literal.0.len() == 1 => {
            let mut one = ByteSet::default();
            one.insert_range(literal.0[0], literal.0[0]);
            Some(one)
        }
        _ => None,
    };
    if let Some(set) = single {
        ops.push(run_of(set, min, max, repetition.greedy));
        return Some(());
    }
    // A loop over nothing is a matter of its own.
    if max > 1 && sub.properties().minimum_len() == Some(0) || max as usize > MAX_OPS {
        return None;
    }
    for _ in 0..min {
        append(sub, ops)?;
    }
    let mut forks = Vec::new();
    for _ in min..max {
        forks.push(placeholder(ops));
        if !repetition.greedy {
            forks.push(placeholder(ops));
        }
        append(sub, ops)?;
    }
    let end = ops.len() as u32;
    if repetition.greedy {
        forks.into_iter().for_each(|fork| ops[fork] = Op::Fork(end));
    } else {
        for pair in forks.chunks_exact(2) {
            ops[pair[0]] = Op::Fork(pair[1] as u32 + 1);
            ops[pair[1]] = Op::Jump(end);
        }
    }
    Some(())
}

/// A step that is written later.
fn placeholder(ops: &mut Vec<Op>) -> usize {
    ops.push(Op::Jump(u32::MAX));
    ops.len() - 1
}

fn run_of(set: ByteSet, min: u32, max: u32, greedy: bool) -> Op {
    let take = if greedy { Take::Most } else { Take::Fewest };
    Op::Run {
        set,
        min,
        max,
        take,
    }
}

/// The bytes that a match can go on with from the step `op`, and whether it can end there.
fn firsts(ops: &[Op], op: usize) -> (ByteSet, bool) {
    let (mut set, mut can_end) = (ByteSet::default(), false);
    let (mut seen, mut todo) = (vec![false; ops.len()], vec![op]);
    while let Some(op) = todo.pop() {
        if seen.get(op).copied().unwrap_or(false) {
            continue;
        }
        let Some(step) = ops.get(op) else {
            can_end = true;
            continue;
        };
        seen[op] = true;
        match step {
            Op::Literal(bytes) => set.insert_range(bytes[0], bytes[0]),
            Op::Folded(bytes) => [bytes[0], bytes[0].to_ascii_uppercase()]
                .iter()
                .for_each(|&b| set.insert_range(b, b)),
            Op::Run {
                set: run, min, max, ..
            } => {
                if *max > 0 {
                    set.insert_all(*run);
                }
                if *min == 0 {
                    todo.push(op + 1);
                }
            }
            Op::Fork(other) => todo.extend([op + 1, *other as usize]),
            Op::Jump(other) => todo.push(*other as usize),
            Op::Open | Op::Close => todo.push(op + 1),
        }
    }
    (set, can_end)
}

#[cfg(test)]
mod tests {
    use regex_automata::{Anchored, Input};

    use super::*;

    fn program(pattern: &str) -> Program {
        compile(&super::super::compile::parse(pattern).unwrap())
    }

    #[test]
    fn what_is_bounded_and_looks_at_nothing_outside_has_a_program() {
        for (pattern, has) in [
            ("abc_[a-z0-9]{5}", true),
            ("abc_[a-z-]{2,9}-[0-9]", true),
            ("abc_(?:x|yz)", true),
            ("abc_(?P<secret>[a-z]{3})d", true),
            ("abc_[a-z]{2,9}?z", true),
            ("(?i)abc_(?:x[0-9]{2,3}){1,4}", true),
            ("abc\\b", false),
            ("ab(?:c?){2}", false),
            ("(?:a[bc]){2000}", false),
        ] {
            let pattern = pattern.replace("\\\\", "\\");
            assert_eq!(!program(&pattern).is_empty(), has, "{pattern}");
        }
    }

    #[test]
    fn choices_are_kept_only_where_two_are_possible() {
        let take = |pattern: &str| {
            let runs = |op: &Op| match op {
                Op::Run { take, .. } => Some(*take),
                _ => None,
            };
            program(pattern).iter().find_map(runs).unwrap()
        };
        assert_eq!(take("[a-z]{2,9}-[0-9]"), Take::All);
        assert_eq!(take("[a-z]{2,9}[0-9]?[a-f]"), Take::Most);
        assert_eq!(take("[a-z]{2,9}?-"), Take::All);
        assert_eq!(take("[a-z]{2,9}?-?"), Take::Fewest);
        assert_eq!(take("[a-z-]{4}-"), Take::All);
    }

    #[test]
    fn a_program_matches_as_the_regular_expression_does() {
        let mut seed = 5u64;
        let mut next = |n: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        for pattern in [
            "ab[a-c]{2,4}",
            "ab[0-9]{1,3}-[a-c]{0,2}=?",
            "a[^a]{0,3}",
            "[ab]{3}c{1,2}",
            "[ab]{1,4}(?P<secret>b[a-c]{0,3})c",
            "a[abc]{0,5}?(?P<secret>c(?:a|ab)(?:c|b-)?)",
            "(?i:ab)-?(?P<secret>[abc]{1,3}|0[01]{2,4})1?",
            "(?:a|b){1,4}(?:ab|a|abc){0,3}?[01]",
            "(?:a(?P<secret>b)|ab?)(?:c|-=)",
            "(?:ab|a)(?:bc|c)?(?P<secret>[-=]{1,3})",
        ] {
            let (program, regex) = (program(pattern), super::super::regex(pattern).unwrap());
            assert!(!program.is_empty(), "{pattern}");
            let mut matches = 0;
            for _ in 0..40_000 {
                let mut text: Vec<u8> = (0..next(12)).map(|_| b"abABc01-="[next(9)]).collect();
                let start = next(text.len() + 1);
                text.splice(start..start, b"ab0"[..next(4)].iter().copied());
                let mut captures = regex.create_captures();
                let input = Input::new(&text)
                    .span(start..text.len())
                    .anchored(Anchored::Yes);
                regex.search_captures(&input, &mut captures);
                let span = |s: regex_automata::Span| Span::new(s.start, s.end);
                let whole = captures.get_match().map(|m| span(m.span()));
                let secret = captures.get_group_by_name("secret").map(span);
                let expected = whole.map_or(Outcome::None, |whole| Outcome::Match(whole, secret));
                assert_eq!(
                    run(&program, 0, &text, start, text.len(), &mut Vain::default()),
                    expected,
                    "{pattern} on {:?} at {start}",
                    text.escape_ascii()
                );
                matches += usize::from(whole.is_some());
            }
            assert!(matches >= 10, "{pattern} matched {matches} times");
        }
    }

    #[test]
    fn what_was_tried_in_vain_is_not_tried_again_and_nothing_is_lost() {
        let mut seed = 9u64;
        let mut next = |n: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        let program = program("ab[abc-]{0,9}?-[abc]{0,3}?c=");
        let mut matches = 0;
        for _ in 0..20_000 {
            let text: Vec<u8> = (0..next(40)).map(|_| b"aabbc-="[next(7)]).collect();
            let vain = &mut Vain::default();
            for start in 0..text.len() {
                let kept = run(&program, 0, &text, start, text.len(), vain);
                let fresh = run(&program, 0, &text, start, text.len(), &mut Vain::default());
                assert_eq!(kept, fresh, "{:?} at {start}", text.escape_ascii());
                matches += usize::from(fresh != Outcome::None);
            }
        }
        assert!(matches > 100, "{matches}");
    }

    #[test]
    fn a_text_made_against_a_program_is_given_up() {
        let pattern = "a[ab]{0,60}[ab]{0,60}[ab]{0,60}c";
        let text = b"ab".repeat(90);
        assert_eq!(
            run(
                &program(pattern),
                0,
                &text,
                0,
                text.len(),
                &mut Vain::default()
            ),
            Outcome::GaveUp
        );
    }
}
