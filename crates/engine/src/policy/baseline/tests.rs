use super::*;

fn fingerprint(n: u8) -> Fingerprint {
    Fingerprint::from_str(&format!("ks1:{}", format!("{n:02x}").repeat(16))).expect("its form")
}

fn at(n: u8, path: &str) -> Place<'_> {
    Place {
        fingerprint: fingerprint(n),
        rule: "acme-key",
        path,
        content: 0,
        past: false,
        state: State::Open,
    }
}

fn settled(n: u8, path: &str) -> Place<'_> {
    Place {
        state: State::Settled,
        ..at(n, path)
    }
}

fn of(places: &[Place<'_>]) -> Baseline {
    let mut baseline = Baseline::new("k");
    baseline.add_places(places.iter().copied());
    baseline
}

/// A scan of everything.
const ALL: fn(Entry<'_>) -> bool = |_| true;
/// A scan of some changed files, none of which went away.
const SOME: fn(Entry<'_>) -> bool = |_| false;

#[test]
fn what_was_there_is_known_and_one_copy_more_is_new() {
    let old = [at(1, "a"), at(1, "a"), at(2, "b")];
    let baseline = of(&old);
    assert_eq!(baseline.known(&old, &ALL), [true; 3]);
    let more = [at(1, "a"), at(1, "a"), at(1, "a"), at(3, "a")];
    assert_eq!(baseline.known(&more, &ALL), [true, true, false, false]);
    // In another file, while the old copies stay.
    let copied = [at(1, "a"), at(1, "a"), at(1, "c")];
    assert_eq!(baseline.known(&copied, &ALL), [true, true, false]);
}

#[test]
fn a_secret_moves_with_its_file() {
    let baseline = of(&[at(1, "old/a"), at(1, "old/a"), at(1, "keep")]);
    let moved = [at(1, "keep"), at(1, "new/a"), at(1, "new/a")];
    assert_eq!(baseline.known(&moved, &ALL), [true; 3]);
    // Only one of the copies moved: there is one too many.
    let copied = [
        at(1, "keep"),
        at(1, "new/a"),
        at(1, "new/a"),
        at(1, "old/a"),
    ];
    assert_eq!(baseline.known(&copied, &ALL), [true, true, false, true]);
}

#[test]
fn of_two_that_could_have_moved_the_first_has() {
    let baseline = of(&[at(1, "gone")]);
    let both = [at(1, "z"), at(1, "a")];
    assert_eq!(baseline.known(&both, &ALL), [true, false]);
}

#[test]
fn what_something_else_suppresses_counts_in_its_own_file_only() {
    let baseline = of(&[at(1, "a")]);
    // It takes nothing that has moved, whatever the order.
    let moved = [settled(1, "b"), at(1, "c")];
    assert_eq!(baseline.known(&moved, &ALL), [false, true]);
    let moved = [at(1, "c"), settled(1, "b")];
    assert_eq!(baseline.known(&moved, &ALL), [true, false]);
    // Where it was known, it is not gone: a copy is new.
    let copied = [settled(1, "a"), at(1, "c")];
    assert_eq!(baseline.known(&copied, &ALL), [true, false]);
    assert_eq!(baseline.updated(&copied, &ALL), baseline);
    // In one file those that nothing suppresses come first.
    let both = [settled(1, "a"), at(1, "a"), at(1, "c")];
    assert_eq!(baseline.known(&both, &ALL), [false, true, false]);
}

#[test]
fn what_a_change_moved_takes_before_what_it_added() {
    let baseline = of(&[at(1, "a"), at(1, "b")]);
    let moved = |path| Place {
        state: State::Unchanged,
        ..at(1, path)
    };
    let places = [moved("c"), moved("d"), at(1, "c")];
    assert_eq!(baseline.known(&places, &ALL), [true, true, false]);
}

#[test]
fn a_scan_of_some_files_takes_no_copy_for_a_move() {
    let baseline = of(&[at(1, "a")]);
    assert_eq!(baseline.known(&[at(1, "b")], &SOME), [false]);
    assert_eq!(
        baseline.known(&[at(1, "b")], &|entry| entry.path == "a"),
        [true]
    );
}

#[test]
fn versions_of_a_file_are_counted_one_by_one() {
    let baseline = of(&[at(1, "a")]);
    let version = |content| Place {
        content,
        ..at(1, "a")
    };
    let places = [version(0), version(1), version(1)];
    assert_eq!(baseline.known(&places, &SOME), [true, true, false]);
    let past = |path| Place {
        past: true,
        ..at(1, path)
    };
    let places = [past("older/a"), past("older/a"), past("a")];
    assert_eq!(baseline.known(&places, &SOME), [true; 3]);
    let other = Place {
        past: true,
        ..at(9, "a")
    };
    assert_eq!(baseline.known(&[other], &SOME), [false]);
}

#[test]
fn an_update_drops_what_is_gone_and_adds_nothing() {
    let baseline = of(&[at(1, "a"), at(1, "a"), at(2, "b"), at(3, "c")]);
    let now = [at(1, "a"), at(3, "d"), at(4, "e")];
    assert_eq!(baseline.updated(&now, &ALL), of(&[at(1, "a"), at(3, "d")]));
    assert_eq!(baseline.updated(&[], &SOME), baseline);
}

#[test]
fn what_a_later_change_left_alone_is_charged_to_the_one_that_added_it() {
    let baseline = of(&[at(1, "a")]);
    let kept = |path| Place {
        content: 1,
        state: State::Unchanged,
        ..at(1, path)
    };
    let past = |path| Place {
        past: true,
        ..at(1, path)
    };
    // Added to the file and kept there by an edit; what was added elsewhere is gone again.
    let places = [past("0"), past("a"), kept("a"), kept("a")];
    assert_eq!(baseline.known(&places, &SOME), [true, false, true, false]);
    // Kept by a file that has moved.
    let places = [past("b"), kept("a"), kept("c")];
    assert_eq!(baseline.known(&places, &SOME), [false, true, false]);
    // A copy too many that no change of these added is as old as what is known.
    let places = [past("a"), kept("a")];
    assert_eq!(baseline.known(&places, &SOME), [true, true]);
    let places = [kept("a"), kept("a")];
    assert_eq!(baseline.known(&places, &SOME), [true, false]);
}

#[test]
fn what_only_the_past_holds_is_new_when_it_comes_back() {
    let past = Place {
        past: true,
        ..at(1, "a")
    };
    let baseline = of(&[past]);
    assert!(baseline.to_string().ends_with(" acme-key a 0\n"));
    assert_eq!(baseline.known(&[past, at(1, "a")], &ALL), [true, false]);
    assert_eq!(baseline.updated(&[past], &ALL), baseline);
    assert!(baseline.updated(&[], &ALL).is_empty());
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let baseline = of(&[at(2, "b%20c"), at(1, "a"), at(1, "a"), at(1, "b")]);
    let text = baseline.to_string();
    assert_eq!(Baseline::parse(&text), Ok(baseline.clone()));
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert!(lines.is_sorted() && lines.len() == 3, "{text}");
    // In any order, with Windows' line ends, and twice.
    let shuffled = [
        text.lines().next().expect("the first"),
        lines[2],
        lines[0],
        lines[1],
        lines[2],
    ]
    .join("\r\n");
    assert_eq!(Baseline::parse(&shuffled), Ok(baseline));
}

#[test]
fn a_merge_is_resolved_by_taking_both_sides() {
    let (ours, theirs) = (
        of(&[at(1, "a"), at(2, "b")]),
        of(&[at(1, "a"), at(1, "a"), at(3, "c")]),
    );
    let body = |baseline: &Baseline| {
        let text = baseline.to_string();
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    let text = format!(
        "{HEADER}{VERSION}, key k\n<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n",
        body(&ours),
        body(&theirs)
    );
    let error = Baseline::parse(&text).expect_err("it has marks");
    assert_eq!(error.line, 2);
    let merged = Baseline::parse_merged(&text).expect("both sides");
    assert_eq!(
        merged,
        of(&[at(1, "a"), at(1, "a"), at(2, "b"), at(3, "c")])
    );
}

#[test]
fn what_is_no_baseline_is_told_with_its_line() {
    let head = format!("{HEADER}{VERSION}, key k\n");
    let entry = |text: &str| format!("{head}{text}\n");
    let ks = fingerprint(1);
    for (text, line) in [
        (String::new(), 0),
        (format!("{ks} r a 1\n"), 1),
        (format!("{HEADER}2, key k\n"), 1),
        (format!("{head}{HEADER}{VERSION}, key other\n"), 2),
        (entry("ks1:12 r a 1"), 2),
        (entry(&format!("{ks} r a one")), 2),
        (entry(&format!("{ks} r a")), 2),
        (entry(&format!("{ks} r a 1 x")), 2),
        (entry(&format!("{ks}  a 1")), 2),
    ] {
        let error = Baseline::parse(&text).expect_err(&text);
        assert_eq!(error.line, line, "{text}: {error}");
    }
}
