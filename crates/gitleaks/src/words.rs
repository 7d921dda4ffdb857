//! Finds where words stand in a text, in any ASCII case, for less than an automaton's step a byte.
//!
//! Most text holds none of the words, and what is read of it should be little. Every second place of the text is looked
//! at: the four bytes there, five bits of each, are 20 bits, and a bitmap of 128 KiB, little of which is touched, says
//! whether any word has them. Only where it does are words compared. A word has its say at two neighbouring offsets, one
//! of which is at such a place wherever the word stands:
//!
//! ```text
//! text     . . m y _ s e c r e t =
//! places   ^   ^   ^   ^   ^   ^
//! secret             e c r e        looked at, if it begins at an odd offset
//!                      c r e t      looked at, if it begins at an even offset
//! ```
//!
//! Where a word is too short for that, all bytes that may stand beside it are entered. Five bits of a byte are the same for
//! both cases of a letter; that they are the same for some other bytes too costs a comparison.

/// The fewest bytes of a word.
pub(crate) const SHORTEST: usize = 2;

/// How common the letters `a` to `z` are in text and code, in tenths of a per cent.
const COMMON: [u32; 26] = [
    80, 15, 35, 40, 120, 25, 20, 35, 75, 3, 8, 45, 30, 70, 75, 25, 2, 65, 70, 90, 35, 12, 12, 5,
    15, 3,
];

/// Places that are looked at before one is asked for its words.
const TOGETHER: usize = 8;

/// The bytes of so many places, and what is read beyond them.
const BLOCK: usize = 2 * TOGETHER + 2;

/// Words, prepared to be looked for.
#[derive(Debug)]
pub(crate) struct Words {
    words: Vec<Vec<u8>>,
    /// By the four bytes of a place: whether a word has them.
    known: Box<[u64; (1 << 20) / 64]>,
    /// By the first three of them: which of `buckets`, if a word has them.
    bucket: Vec<u16>,
    buckets: Vec<Vec<Entry>>,
}

/// A word that may stand at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    word: u32,
    /// From the byte behind the place back to the word's beginning.
    back: u32,
}

impl Words {
    /// Prepares words in lower case, each of [`SHORTEST`] bytes or more. They are known by their places in the list.
    pub(crate) fn new(words: Vec<Vec<u8>>) -> Self {
        let mut this = Self {
            known: Box::new([0; _]),
            bucket: vec![0; 1 << 15],
            // The first is of what no word has.
            buckets: vec![Vec::new()],
            words,
        };
        for at in 0..this.words.len() {
            this.enter(at);
        }
        this
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    fn enter(&mut self, word: usize) {
        let bytes = self.words[word].clone();
        debug_assert!(bytes.len() >= SHORTEST);
        let least = rarest(&bytes).map_or(0, |start| start + 1);
        // Of one place, the word that begins first comes first.
        for back in [least + 1, least] {
            let entry = Entry {
                word: word as u32,
                back: back as u32,
            };
            let four = std::array::from_fn(|at| {
                let byte = bytes.get((back + at).checked_sub(1)?)?;
                Some(byte & 0x1F)
            });
            self.enter_all(four, entry);
        }
    }

    /// Enters a word at a place of these four bytes, with all bytes where it has none.
    fn enter_all(&mut self, mut four: [Option<u8>; 4], entry: Entry) {
        if let Some(at) = four.iter().position(Option::is_none) {
            for any in 0..32 {
                four[at] = Some(any);
                self.enter_all(four, entry);
            }
            return;
        }
        let key = key(four.map(|byte| byte.expect("it was looked at")));
        self.known[key / 64] |= 1 << (key % 64);
        let bucket = &mut self.bucket[key % (1 << 15)];
        if *bucket == 0 {
            *bucket = self.buckets.len() as u16;
            self.buckets.push(Vec::new());
        }
        let entries = &mut self.buckets[usize::from(*bucket)];
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }

    /// Tells of all words in `text` with their offsets; those of one word come in ascending order.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(u32, u32)) {
        let mut at = 0;
        while let Some(block) = text.get(at..at + BLOCK) {
            let block: &[u8; BLOCK] = block.try_into().expect("it was cut to this length");
            self.block(block, at, text, &mut found);
            at += 2 * TOGETHER;
        }
        let mut last = [0; BLOCK];
        last[..text.len() - at].copy_from_slice(&text[at..]);
        self.block(&last, at, text, &mut found);
    }

    /// What stands at the places of a block, which begins at `at` in the text.
    fn block(&self, block: &[u8; BLOCK], at: usize, text: &[u8], found: &mut impl FnMut(u32, u32)) {
        let mut pairs = [0; TOGETHER + 1];
        for (pair, two) in pairs.iter_mut().zip(block.chunks_exact(2)) {
            *pair = u32::from(ten_bits([two[0], two[1]]));
        }
        let mut known = 0;
        for place in (0..TOGETHER).rev() {
            let key = (pairs[place] | pairs[place + 1] << 10) as usize;
            known = known << 1 | self.known[key / 64] >> (key % 64) & 1;
        }
        while known != 0 {
            let place = 2 * known.trailing_zeros() as usize;
            known &= known - 1;
            let three = [block[place], block[place + 1], block[place + 2], 0];
            let bucket = self.bucket[key(three)];
            for entry in &self.buckets[usize::from(bucket)] {
                self.compare(entry, at + place, text, found);
            }
        }
    }

    fn compare(&self, entry: &Entry, place: usize, text: &[u8], found: &mut impl FnMut(u32, u32)) {
        let word = &self.words[entry.word as usize];
        let Some(start) = (place + 1).checked_sub(entry.back as usize) else {
            return;
        };
        let stands = text
            .get(start..start + word.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(word));
        if stands {
            found(entry.word, start as u32);
        }
    }
}

/// Five bits of each of four bytes, those of the first the lowest.
fn key(four: [u8; 4]) -> usize {
    let [a, b, c, d] = four;
    usize::from(ten_bits([a, b])) | usize::from(ten_bits([c, d])) << 10
}

fn ten_bits(two: [u8; 2]) -> u16 {
    let two = u16::from_le_bytes(two);
    two & 0x1F | two >> 3 & 0x3E0
}

/// Where in a word of five bytes or more those five begin that are the rarest in texts.
fn rarest(word: &[u8]) -> Option<usize> {
    let common = |byte: &u8| match byte {
        b'a'..=b'z' => u64::from(COMMON[usize::from(byte - b'a')]),
        _ => 10,
    };
    let four = |at: usize| word[at..at + 4].iter().map(common).product::<u64>();
    (0..word.len().checked_sub(4)?).min_by_key(|&start| four(start) + four(start + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_wherever_they_stand() {
        let words: Vec<Vec<u8>> = [
            "key",
            "token",
            "a3-",
            "acme_",
            "xoxb",
            "\u{e9}t\u{e9}",
            "ken",
            "secret_key",
        ]
        .iter()
        .map(|word| word.as_bytes().to_vec())
        .collect();
        let finder = Words::new(words.clone());
        let parts = [
            "key", "KEY", "tok", "en", "Token", "a3", "-", "acme", "_", "xox", "b", "é", "t", " ",
            "\n", "secret_", "ke",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        let mut total = 0;
        for _ in 0..5_000 {
            let count = random.usize(..20);
            let text: String = (0..count)
                .map(|_| parts[random.usize(..parts.len())])
                .collect();
            let lower = text.to_ascii_lowercase();
            let mut expected = Vec::new();
            for (id, word) in words.iter().enumerate() {
                let places =
                    (0..lower.len()).filter(|&at| lower.as_bytes()[at..].starts_with(word));
                expected.extend(places.map(|at| (id as u32, at as u32)));
            }
            let mut found = Vec::new();
            finder.each(text.as_bytes(), |word, at| found.push((word, at)));
            let in_order = found.clone();
            found.sort_unstable();
            assert_eq!(found, expected, "{text:?}");
            for id in 0..words.len() as u32 {
                let of_word: Vec<u32> = in_order
                    .iter()
                    .filter(|(word, _)| *word == id)
                    .map(|(_, at)| *at)
                    .collect();
                assert!(of_word.is_sorted(), "{text:?}");
            }
            total += found.len();
        }
        assert!(total > 1_000);
    }
}
