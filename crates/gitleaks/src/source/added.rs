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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::source::{Hunk, Patches};

    type Content = Vec<u8>;

    /// Pairs of small files, and of long ones, in a round; `KEYSIEVE_DIFF_ROUNDS` asks for more rounds.
    const SMALL: usize = 600;
    const LONG: usize = 8;

    /// Few, so that they stand next to each other, and a run may often stand elsewhere as well.
    const LINES: [&str; 12] = [
        "", "", "{", "}", "    }", "}\r", "a", "    a", "\ta", "b", "    b;", "c\u{e9}",
    ];

    fn rounds() -> usize {
        let asked = std::env::var("KEYSIEVE_DIFF_ROUNDS");
        asked.map_or(1, |rounds| rounds.parse().expect("a number of rounds"))
    }

    fn line(random: &mut fastrand::Rng, kinds: usize) -> String {
        match random.usize(..LINES.len() + kinds) {
            at if at < LINES.len() => LINES[at].to_owned(),
            at => format!("{:1$}line {at}", "", at % 9),
        }
    }

    fn block(random: &mut fastrand::Rng, kinds: usize) -> Vec<String> {
        (0..random.usize(1..6))
            .map(|_| line(random, kinds))
            .collect()
    }

    /// Changes a block: adds one, removes it, moves it, doubles it, or writes another one.
    fn edit(random: &mut fastrand::Rng, lines: &mut Vec<String>, kinds: usize) {
        let start = random.usize(..=lines.len());
        let end = lines.len().min(start + random.usize(..6));
        let taken = match random.u8(..5) {
            0 => return drop(lines.splice(start..start, block(random, kinds))),
            1 => return drop(lines.drain(start..end)),
            2 => return drop(lines.splice(start..end, block(random, kinds))),
            3 => lines[start..end].to_vec(),
            _ => lines.drain(start..end).collect(),
        };
        let near = start.saturating_sub(8)..=lines.len().min(start + 8);
        let at = match random.bool() {
            true => random.usize(near),
            false => random.usize(..=lines.len()),
        };
        lines.splice(at..at, taken);
    }

    fn text(random: &mut fastrand::Rng, lines: &[String]) -> Content {
        let mut text = lines.join("\n");
        if !lines.is_empty() && random.u8(..4) > 0 {
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Two contents, one made from the other, of up to `most` lines, of which `kinds` are seldom the same.
    fn pair(random: &mut fastrand::Rng, most: usize, kinds: usize) -> (Content, Content) {
        let count = random.usize(most / 4..most);
        let mut lines: Vec<String> = (0..count).map(|_| line(random, kinds)).collect();
        // Often both begin and end with many lines that are the same.
        let around = if random.bool() { 500 } else { 1 };
        let [before, behind] = [(); 2].map(|()| -> Vec<String> {
            let count = random.usize(..around);
            (0..count).map(|_| line(random, kinds)).collect()
        });
        let whole = |lines: &[String]| [&before[..], lines, &behind[..]].concat();
        let old = text(random, &whole(&lines));
        for _ in 0..random.usize(1..5 + count / 10) {
            edit(random, &mut lines, kinds);
        }
        (old, text(random, &whole(&lines)))
    }

    /// By pair: what git's diff adds.
    fn of_git(pairs: &[(Content, Content)]) -> HashMap<usize, Vec<Hunk>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, side) in [("old", 0), ("new", 1)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            for (at, pair) in pairs.iter().enumerate() {
                let path = folder.path().join(name).join(at.to_string());
                fs::write(path, [&pair.0, &pair.1][side]).unwrap();
            }
        }
        let output = Command::new("git")
            .args(["diff", "--no-index", "-U0", "--no-color", "old", "new"])
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(folder.path())
            .output()
            .expect("git runs");
        assert!(output.stderr.is_empty(), "{output:?}");
        let mut patches = Patches::new(&output.stdout[..]);
        let mut changes = HashMap::new();
        while let Some(change) = patches.next_file().unwrap() {
            let name = Path::new(&change.path).file_name().unwrap();
            let at = name.to_str().unwrap().parse().unwrap();
            assert!(!change.binary);
            changes.insert(at, change.hunks);
        }
        changes
    }

    /// Where a hunk's lines stand in the content, if it adds some.
    fn place(new: &[u8], hunk: &Hunk) -> Option<Range<usize>> {
        if hunk.added.is_empty() {
            return None;
        }
        let before = new.split_inclusive(|&byte| byte == b'\n');
        let start: usize = before
            .take(hunk.first_line as usize - 1)
            .map(<[u8]>::len)
            .sum();
        let range = start..start + hunk.added.len();
        assert_eq!(new.get(range.clone()), Some(&hunk.added[..]));
        Some(range)
    }

    /// What `added` says of a pair that is not so.
    fn disagreement(new: &[u8], added: &[Added], hunks: &[Hunk]) -> Option<String> {
        let places: Vec<Range<usize>> = hunks.iter().filter_map(|hunk| place(new, hunk)).collect();
        let of_git = |run: &Range<usize>| places.iter().filter(|place| *place == run).count() == 1;
        let not_of_git = added
            .iter()
            .find(|added| matches!(added, Added::Run(run) if !of_git(run)));
        if let Some(run) = not_of_git {
            return Some(format!("{run:?} is not one of git's {places:?}"));
        }
        let holders = |place: &Range<usize>| {
            let holds = |added: &&Added| match added {
                Added::Run(run) => run == place,
                Added::Within(lines) => lines.start <= place.start && place.end <= lines.end,
            };
            added.iter().filter(holds).count()
        };
        let missed = places.iter().find(|place| holders(place) != 1)?;
        Some(format!("{added:?} does not hold git's {missed:?}"))
    }

    /// What was compared.
    #[derive(Default)]
    struct Compared {
        runs: usize,
        withins: usize,
        /// Pairs of which no line is told of by itself.
        wholes: usize,
        /// What git says otherwise.
        failures: Vec<String>,
    }

    fn compare(pairs: &[(Content, Content)]) -> Compared {
        let git = of_git(pairs);
        let mut compared = Compared::default();
        for (at, (old, new)) in pairs.iter().enumerate() {
            let added = added(old, new);
            for added in &added {
                let (Added::Run(part) | Added::Within(part)) = added;
                assert_eq!(whole_lines(new, part.start, part.end), *part);
                match added {
                    Added::Run(_) => compared.runs += 1,
                    Added::Within(all) if all.len() == new.len() => compared.wholes += 1,
                    Added::Within(_) => compared.withins += 1,
                }
            }
            let hunks = git.get(&at).map_or(&[][..], Vec::as_slice);
            if let Some(failure) = disagreement(new, &added, hunks) {
                let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
                let [old, new] = [old, new].map(|text| shown(&text[..text.len().min(2000)]));
                let failure = format!("{at}: {failure}: {old:?} -> {new:?}");
                compared.failures.push(failure);
            }
        }
        compared
    }

    #[test]
    fn what_is_added_is_what_git_says() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..rounds() {
            let small = (0..SMALL).map(|_| {
                let most_kinds = [60, 600][random.usize(..2)];
                let (most, kinds) = (random.usize(4..80), random.usize(..most_kinds));
                pair(&mut random, most, kinds)
            });
            let compared = compare(&Vec::from_iter(small));
            assert_eq!(compared.failures, [""; 0]);
            assert!(compared.runs > SMALL, "{} runs", compared.runs);
            assert!(compared.withins > SMALL / 20, "{}", compared.withins);
            assert!(compared.wholes < SMALL / 20, "{}", compared.wholes);
        }
    }

    /// Where much was changed git does not look for the least that was, and passes over lines that stand often.
    #[test]
    fn what_is_added_to_long_files_is_what_git_says() {
        let mut random = fastrand::Rng::with_seed(12);
        for _ in 0..rounds() {
            let long = (0..LONG).map(|_| {
                let (most, kinds) = (random.usize(1000..6000), random.usize(20..3000));
                pair(&mut random, most, kinds)
            });
            let compared = compare(&Vec::from_iter(long));
            assert_eq!(compared.failures, [""; 0]);
        }
    }

    #[test]
    fn a_run_that_moves_far_may_stand_anywhere() {
        let pairs = [100, 40, 1].map(|times| {
            let old = "a\nb\n".repeat(times) + "c\n" + &"d\n".repeat(3);
            let new = "a\nb\n".repeat(times + 2) + "c\ne\n" + &"d\n".repeat(3);
            (old.into_bytes(), new.into_bytes())
        });
        let compared = compare(&pairs);
        assert_eq!(compared.failures, [""; 0]);
        let told = |at: usize| added(&pairs[at].0, &pairs[at].1);
        assert_eq!(told(0), [Added::Within(0..pairs[0].1.len())]);
        assert_eq!(told(1), [Added::Within(0..pairs[1].1.len())]);
        // "a\nb\n" is there three times, and then "c\ne\n".
        assert_eq!(told(2), [Added::Within(0..12), Added::Run(14..16)]);
    }

    #[test]
    fn the_middle_is_of_whole_lines() {
        let cases: [(&str, &str, &str); 14] = [
            ("", "", ""),
            ("", "a\nb", "a\nb"),
            ("a\nb", "", ""),
            ("a\n", "a\n", ""),
            ("a\n", "a\nb\n", "b\n"),
            // Another line: it has a line break now.
            ("a\nb", "a\nb\nc", "b\nc"),
            ("a\nb\nc", "a\nb", "b"),
            ("a\nb\nc\n", "a\nc\n", ""),
            ("a\nb\n", "a\nb", "b"),
            ("a\nb", "a\nb\n", "b\n"),
            ("a\nbx\nc\n", "a\nby\nc\n", "by\n"),
            ("a\nxb\nc\n", "a\nyb\nc\n", "yb\n"),
            ("a\r\nb\r\n", "a\r\nc\r\nb\r\n", "c\r\n"),
            ("a\nb\n", "a\r\nb\r\n", "a\r\nb\r\n"),
        ];
        for (old, new, lines) in cases {
            // So far from the ends that many bytes are compared at once, too.
            for around in ["", "the same line\n", &"a line of many\n".repeat(50)] {
                let [old, new] = [old, new].map(|text| format!("{around}{text}"));
                let range = middle(old.as_bytes(), new.as_bytes());
                assert_eq!(&new[range], lines, "{old:?} -> {new:?}");
            }
        }
    }

    #[test]
    fn lines_are_whole() {
        let text = b"ab\r\n\ncd";
        for (part, lines) in [
            (0..0, 0..0),
            (0..1, 0..4),
            (1..1, 0..4),
            (3..4, 0..4),
            (4..4, 4..4),
            (4..5, 4..5),
            (2..6, 0..7),
            (5..7, 5..7),
            (7..7, 5..7),
        ] {
            assert_eq!(whole_lines(text, part.start, part.end), lines, "{part:?}");
        }
        assert_eq!(whole_lines(b"", 0, 0), 0..0);
        assert_eq!(whole_lines(b"a\n", 2, 2), 2..2);
    }
}
