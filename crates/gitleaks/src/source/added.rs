//! What git's diff of two contents adds, without git.
//!
//! It is git's own algorithm, but nothing depends on that to the last line: it decides what is worth asking git about.

use std::ops::Range;

use gix_imara_diff::{Algorithm, Diff, InternedInput, Token};

/// Bytes that are compared at once.
const BLOCK: usize = 64;

/// The same of git, from the end on.
const GIT_BLOCK: usize = 1024;

/// So many lines further is as far as a run of lines is followed.
const MOST_MOVES: usize = 64;

/// The lines of `new` but for those that both contents begin and end with: git's diff adds no other line, unless it is
/// the same as one of these.
pub fn middle(old: &[u8], new: &[u8]) -> Range<usize> {
    let (start, _, new_end) = middles(old, new);
    start..new_end
}

/// Lines that git's diff adds to a content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Added {
    /// These, next to each other.
    Run(Range<usize>),
    /// Some of these.
    Within(Range<usize>),
}

/// What git's diff of two contents adds to `new`, in order. Of a run that would be as well some lines further up or down
/// it is not said where it stands; where that would be many lines, or take in another run, of none.
pub fn added(old: &[u8], new: &[u8]) -> Vec<Added> {
    if middle(old, new).is_empty() {
        return Vec::new();
    }
    // Lines are passed over that stand often in all of a content: the algorithm must see what git's does.
    let tail = tail(old, new);
    let input = InternedInput::new(&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let (mut line, mut at) = (0, 0);
    let (mut runs, mut reached) = (Vec::new(), 0);
    for hunk in diff.hunks() {
        let lines = |lines: Range<u32>| &input.after[lines.start as usize..lines.end as usize];
        let bytes =
            |of: &[Token]| -> usize { of.iter().map(|&line| input.interner[line].len()).sum() };
        at += bytes(lines(line..hunk.after.start));
        let run = at..at + bytes(lines(hunk.after.clone()));
        (line, at) = (hunk.after.end, run.end);
        if run.is_empty() {
            continue;
        }
        let reach = reach(new, &run).filter(|reach| reach.start >= reached);
        let Some(reach) = reach else {
            return vec![Added::Within(0..new.len())];
        };
        // Two runs next to each other are one.
        reached = reach.end + 1;
        runs.push(if reach == run {
            Added::Run(run)
        } else {
            Added::Within(reach)
        });
    }
    runs
}

/// The lines of `text` that the bytes from `start` to `end` stand in.
pub fn whole_lines(text: &[u8], start: usize, end: usize) -> Range<usize> {
    let start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |at| at + 1);
    if is_start(text, end) {
        return start..end;
    }
    let end = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |at| end + at + 1);
    start..end
}

/// A run of lines with all lines that it takes in when it moves up while the line before it is its last one, and down
/// while the line behind it is its first one; `None` if they are many.
fn reach(text: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let line_before = |end: usize| {
        let start = memchr::memrchr(b'\n', &text[..end - 1]).map_or(0, |at| at + 1);
        start..end
    };
    let line_behind = |start: usize| {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1);
        start..end
    };
    let (mut up, mut down) = (run.clone(), run.clone());
    for _ in 0..MOST_MOVES {
        let can_go_up = up.start > 0 && text[line_before(up.start)] == text[line_before(up.end)];
        if can_go_up {
            up = line_before(up.start).start..line_before(up.end).start;
        }
        let can_go_down =
            down.end < text.len() && text[line_behind(down.end)] == text[line_behind(down.start)];
        if can_go_down {
            down = line_behind(down.start).end..line_behind(down.end).end;
        }
        if !can_go_up && !can_go_down {
            return Some(up.start..down.end);
        }
    }
    None
}

/// Where the lines begin that not both contents begin with, and where those end, in both, that not both end with.
fn middles(old: &[u8], new: &[u8]) -> (usize, usize, usize) {
    let before = same_start(old, new);
    let start = memchr::memrchr(b'\n', &new[..before]).map_or(0, |at| at + 1);
    let behind = same_end(&old[start..], &new[start..]);
    let (old_end, new_end) = (old.len() - behind, new.len() - behind);
    if is_start(&old[start..], old_end - start) && is_start(&new[start..], new_end - start) {
        return (start, old_end, new_end);
    }
    let cut = memchr::memchr(b'\n', &new[new_end..]).map_or(behind, |at| at + 1);
    (start, old_end + cut, new_end + cut)
}

/// How many bytes at the end of both git does not look at where it shows nothing around a change.
fn tail(old: &[u8], new: &[u8]) -> usize {
    let same = same_end(old, new) / GIT_BLOCK * GIT_BLOCK;
    let first = memchr::memchr(b'\n', &new[new.len() - same..]);
    first.map_or(0, |at| same - at - 1)
}

/// Whether a line begins at `at`.
fn is_start(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|last| text[last] == b'\n')
}

/// How many bytes both texts begin with.
fn same_start(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let rest = a[same..].iter().zip(&b[same..]);
    same + rest.take_while(|(a, b)| a == b).count()
}

/// How many bytes both texts end with.
fn same_end(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.rchunks_exact(BLOCK).zip(b.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let rest = a[..a.len() - same].iter().rev();
    let rest = rest.zip(b[..b.len() - same].iter().rev());
    same + rest.take_while(|(a, b)| a == b).count()
}
