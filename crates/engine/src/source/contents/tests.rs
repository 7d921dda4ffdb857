use super::*;
use crate::Skip;
use crate::kind::HEAD;

/// What a visitor was given.
#[derive(Default)]
struct Seen {
    blobs: Vec<(Vec<u8>, Option<Window>)>,
    /// Of the last blob.
    head: Vec<u8>,
    issues: Vec<Issue>,
    bytes: u64,
    whole: bool,
    keep: bool,
    stop_after: Option<usize>,
}

impl Visitor for Seen {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.bytes += blob.window.map_or(blob.bytes.len(), |w| w.own.1 - w.own.0) as u64;
        let bytes = if self.keep {
            blob.bytes.to_vec()
        } else {
            Vec::new()
        };
        self.blobs.push((bytes, blob.window));
        self.head = blob.head.to_vec();
        if self.stop_after == Some(self.blobs.len()) {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }

    fn wants_whole(&self, head: &Blob<'_>) -> bool {
        assert!(head.is_first());
        self.whole
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.issues.push(issue);
        Flow::Continue
    }

    fn skip(&mut self, skip: Skip) {
        panic!("nothing is skipped here: {skip:?}");
    }
}

/// Gives its bytes in pieces of 1 to `most` bytes, and then perhaps an error.
struct Pieces<'a> {
    bytes: &'a [u8],
    most: usize,
    seed: u64,
    fails: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && self.fails {
            return Err(io::Error::other("broken"));
        }
        let n = (1 + random(&mut self.seed) % self.most)
            .min(buf.len())
            .min(self.bytes.len());
        buf[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        Ok(n)
    }
}

/// splitmix64.
fn random(seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as usize
}

/// A text of lines, wide characters and bytes that are no UTF-8.
fn text(seed: &mut u64, pieces: usize) -> Vec<u8> {
    const PIECES: [&[u8]; 10] = [
        b"a",
        b"key = ",
        b"\n",
        b"\r\n",
        "\u{e9}".as_bytes(),
        "\u{20ac}".as_bytes(),
        "\u{1f511}".as_bytes(),
        b"\xff",
        b"\x80\x80\x80\x80\x80",
        b"\0",
    ];
    (0..pieces)
        .flat_map(|_| PIECES[random(seed) % PIECES.len()])
        .copied()
        .collect()
}

fn origin() -> Arc<Origin> {
    Arc::new(Origin::Stdin)
}

fn read(contents: &mut Contents, reader: &mut dyn Read, expected: u64, seen: &mut Seen) -> Outcome {
    read_until(contents, reader, expected, seen, &AtomicBool::new(false))
}

fn read_until(
    contents: &mut Contents,
    reader: &mut dyn Read,
    expected: u64,
    seen: &mut Seen,
    interrupt: &AtomicBool,
) -> Outcome {
    let input = Input {
        reader,
        expected,
        origin: &origin(),
        interrupt,
        windows: Who::Visitor,
    };
    contents.read(input, seen)
}

#[test]
fn windows_reassemble_any_content() {
    let mut seed = 1;
    for _ in 0..4000 {
        let sizes = Sizes {
            whole: random(&mut seed) % 40,
            most: 1 << 20,
            huge: u64::MAX,
            own: 1 + random(&mut seed) % 12,
            left: random(&mut seed) % 8,
            right: random(&mut seed) % 8,
        };
        let mut contents = Contents::new(sizes);
        // Two contents through one buffer: nothing of the first may show in the second.
        for _ in 0..2 {
            let pieces = random(&mut seed) % 40;
            let content = text(&mut seed, pieces);
            let expected = [0, content.len() as u64, 7][random(&mut seed) % 3];
            let most = 1 + random(&mut seed) % 20;
            let mut reader = Pieces {
                bytes: &content,
                most,
                seed,
                fails: false,
            };
            let mut seen = Seen {
                keep: true,
                ..Seen::default()
            };
            // An `expected` that lies within the content is what a growing file looks like.
            let expected = if expected < content.len() as u64 {
                0
            } else {
                expected
            };
            let outcome = read(&mut contents, &mut reader, expected, &mut seen);
            assert_eq!(
                (outcome.bytes, outcome.flow),
                (content.len() as u64, Flow::Continue)
            );
            assert!(outcome.error.is_none() && seen.issues.is_empty());
            check(&content, &seen.blobs, sizes);
            assert_eq!(seen.head, content[..content.len().min(HEAD)]);
            assert!(contents.buffer.len() <= SMALLEST);
            assert!(contents.window.len() <= sizes.window());
        }
    }
}

fn check(content: &[u8], blobs: &[(Vec<u8>, Option<Window>)], sizes: Sizes) {
    if content.len() <= sizes.whole {
        assert_eq!(blobs, [(content.to_vec(), None)]);
        return;
    }
    let mut at = 0;
    for (i, (bytes, window)) in blobs.iter().enumerate() {
        let window = window.expect("a long content comes in windows");
        let (offset, end) = (window.offset as usize, window.offset as usize + bytes.len());
        assert_eq!(bytes[..], content[offset..end]);
        assert_eq!(offset + window.own.0, at, "own parts follow each other");
        assert_eq!(window.position, Position::START.after(&content[..offset]));
        assert!(
            (sizes.left.min(at)..=sizes.left + 3).contains(&window.own.0),
            "left context"
        );
        assert_eq!(window.first, i == 0);
        assert_eq!(window.last, i + 1 == blobs.len());
        at = offset + window.own.1;
        if window.last {
            assert_eq!((at, end), (content.len(), content.len()));
            assert!(window.own.1 - window.own.0 <= sizes.own + sizes.right);
        } else {
            assert_eq!(window.own.1 - window.own.0, sizes.own);
            assert_eq!(end - at, sizes.right, "right context");
        }
    }
}

#[test]
fn a_decoder_gets_it_whole_up_to_a_bound() {
    let sizes = Sizes {
        whole: 8,
        most: 100,
        huge: u64::MAX,
        own: 10,
        left: 2,
        right: 3,
    };
    for (length, expected) in [
        (9, 0),
        (9, 9),
        (100, 0),
        (100, 100),
        (101, 0),
        (101, 101),
        (5000, 0),
    ] {
        let content = vec![b'x'; length];
        let mut seen = Seen {
            whole: true,
            keep: true,
            ..Seen::default()
        };
        let outcome = read(
            &mut Contents::new(sizes),
            &mut &content[..],
            expected,
            &mut seen,
        );
        assert_eq!(outcome.bytes, length as u64);
        if length <= 100 {
            assert_eq!(seen.blobs, [(content, None)]);
            assert!(seen.issues.is_empty());
        } else {
            check(&content, &seen.blobs, sizes);
            assert_eq!(seen.issues.len(), 1);
            assert_eq!(seen.issues[0].kind, IssueKind::Limit);
        }
    }
}

#[test]
fn the_buffer_stays_small_however_long_the_content() {
    let mut contents = Contents::new(Sizes::DEFAULT);
    let mut seen = Seen::default();
    let outcome = read(
        &mut contents,
        &mut io::repeat(0).take(64 << 20),
        0,
        &mut seen,
    );
    assert_eq!((outcome.bytes, seen.bytes), (64 << 20, 64 << 20));
    assert!(contents.buffer.len() <= Sizes::DEFAULT.whole + 1);
}

#[test]
fn a_buffer_grown_for_one_content_is_not_kept() {
    let sizes = Sizes {
        whole: 8,
        most: 1 << 20,
        huge: u64::MAX,
        own: 10,
        left: 2,
        right: 3,
    };
    let mut contents = Contents::new(sizes);
    let mut seen = Seen {
        whole: true,
        ..Seen::default()
    };
    let outcome = read(
        &mut contents,
        &mut io::repeat(0).take(1 << 20),
        0,
        &mut seen,
    );
    assert_eq!((outcome.bytes, seen.blobs.len()), (1 << 20, 1));
    assert!(contents.buffer.len() <= SMALLEST);
}

#[test]
fn what_was_read_before_an_error_is_handed_out() {
    let sizes = Sizes {
        whole: 8,
        most: 100,
        huge: u64::MAX,
        own: 4,
        left: 2,
        right: 3,
    };
    for length in [0, 1, 8, 9, 50] {
        let content = vec![b'x'; length];
        let mut reader = Pieces {
            bytes: &content,
            most: 5,
            seed: 3,
            fails: true,
        };
        let mut seen = Seen {
            keep: true,
            ..Seen::default()
        };
        let outcome = read(&mut Contents::new(sizes), &mut reader, 0, &mut seen);
        assert_eq!(
            outcome.error.expect("the reader fails").to_string(),
            "broken"
        );
        assert_eq!(outcome.flow, Flow::Continue);
        if length == 0 {
            assert!(
                seen.blobs.is_empty(),
                "a content of which nothing could be read was not scanned"
            );
        } else {
            check(&content, &seen.blobs, sizes);
        }
    }
}

#[test]
fn stop_and_interrupt_end_the_reading() {
    let sizes = Sizes {
        whole: 8,
        most: 100,
        huge: u64::MAX,
        own: 4,
        left: 2,
        right: 3,
    };
    let mut seen = Seen {
        stop_after: Some(2),
        ..Seen::default()
    };
    let outcome = read(
        &mut Contents::new(sizes),
        &mut io::repeat(b'x'),
        0,
        &mut seen,
    );
    assert_eq!((outcome.flow, seen.blobs.len()), (Flow::Stop, 2));

    let mut seen = Seen::default();
    let interrupt = AtomicBool::new(true);
    let outcome = read_until(
        &mut Contents::new(sizes),
        &mut io::repeat(b'x'),
        0,
        &mut seen,
        &interrupt,
    );
    assert_eq!((outcome.flow, seen.blobs.len()), (Flow::Stop, 0));
}
