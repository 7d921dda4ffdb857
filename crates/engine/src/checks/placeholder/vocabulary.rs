//! The words of stand-ins.

use std::sync::OnceLock;

use Class::{Mild, Noun, Sure, Weak};

/// What a word says about the value that it stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// No one keeps it in a secret by intention: `changeme`, `example`.
    Sure,
    /// People test with it: `foo`, `test`.
    Mild,
    /// It names a secret: `token`.
    Noun,
    /// It stands beside the others: `my`, `api`, `here`.
    Weak,
}

/// The words of each class, lower case, in alphabetic order.
const WORDS: [(Class, &str); 4] = [
    (
        Sure,
        "bogus censored changeit changeme dummy elided example examples fake filtered fixme foobar insert ipsum \
         lorem masked mocked notasecret notreal obfuscated omitted placeholder redacted removed replace replaced \
         replaceme sample samples sanitized scrubbed stubbed suppressed tbd todo your yours",
    ),
    (
        Mild,
        "abc abcd any anything asdf badcafe bar baz blah blank cafebabe change deadbeef default demo dolor empty \
         enter false fill foo fooo goes hello helloworld here hidden invalid missing mock mysecret nil none nope \
         notset null paste please put quux qux qwerty some something stub temp test tested tester testing testkey \
         tests testtoken true undefined unknown unset unused whatever xyz",
    ),
    (
        Noun,
        "accesskey apikey apikeys apitoken authtoken cred credential credentials creds jwt key keys pass passcode \
         passphrase passwd password passwords passwort pat pin pw pwd salt secret secretkey secrets token tokens",
    ),
    (
        Weak,
        "a access account acct acme admin advanced alpha an and anon anthropic api app application apps as at \
         auth authentication authorization aws azure base basic be bearer beta bin bit bits bot browser by bytes \
         central cert certificate char character characters chars client cloud code com config consumer customer \
         data database datadog db deploy dev developer development discord do docker dont edge eight email \
         encrypted encryption endpoint env environment eu external facebook file firebase five for four from gcp \
         general generate generated git github gitlab global google group hash hex host http https id identifier \
         in int internal is it json just language least length live local localhost login long longer made mail \
         main make master me merchant min minimum minioadmin mongo mongodb more must my mysql name need new nine \
         node not now npm number oauth of official ok old on one only openai openid optional or org organization \
         owner partner personal postgres postgresql prefix private prod product production profile project proto \
         provided provider proxy public python random readonly real really redis region registry release remote \
         required root rsa safe sandbox sdk security sendgrid serial server service session set shared short sign \
         signature signing six slack smtp special ssh ssl stage staging start stats store string stripe strong \
         strongest sub supabase super team ten tenant that the there this three tls to twilio two type unique use \
         used user username users value values vault version very wallet web webhook with without you zero",
    ),
];

/// All words, to be searched.
struct Vocabulary {
    /// The words with their classes, by [`key`].
    rows: Vec<(&'static [u8], Class)>,
    /// For each first letter, the lengths of the words that have it, as bits. Most look-ups end here.
    lengths: [u32; 256],
}

impl Vocabulary {
    /// The vocabulary; built when it is first asked for, in some 20 microseconds.
    fn get() -> &'static Self {
        static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
        VOCABULARY.get_or_init(|| {
            let words = |&(class, words): &(Class, &'static str)| {
                words.split(' ').map(move |word| (word.as_bytes(), class))
            };
            let mut rows: Vec<_> = WORDS.iter().flat_map(words).collect();
            rows.sort_unstable_by_key(|&(word, _)| key(word));
            let mut lengths = [0; 256];
            for (word, _) in &rows {
                lengths[usize::from(word[0])] |= 1 << word.len();
            }
            Self { rows, lengths }
        })
    }

    /// The class of `word`, which is in lower case and has at most [`LONGEST`] letters.
    fn class_of(&self, word: &[u8]) -> Option<Class> {
        if self.lengths[usize::from(*word.first()?)] >> word.len() & 1 == 0 {
            return None;
        }
        let found = self
            .rows
            .binary_search_by_key(&key(word), |&(word, _)| key(word));
        found.ok().map(|i| self.rows[i].1)
    }
}

/// What words are sorted by: mostly told apart by two numbers, before any text is compared.
fn key(word: &[u8]) -> (u8, usize, &[u8]) {
    (word[0], word.len(), word)
}

/// The longest word, in letters.
const LONGEST: usize = 14;
/// The longest text that is split into words, in letters.
const MAX_SPLIT: usize = 48;

/// The class of a whole word, in any case.
pub(super) fn class_of(word: &[u8]) -> Option<Class> {
    if word.len() > LONGEST {
        return None;
    }
    let mut lower = [0; LONGEST];
    let lower = &mut lower[..word.len()];
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Vocabulary::get().class_of(lower)
}

/// The class of a word in which digits stand for letters, `passw0rd` or `t3st`, with a number after it perhaps.
pub(super) fn class_of_leet(chunk: &[u8]) -> Option<Class> {
    let digits = chunk
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let word = &chunk[..chunk.len() - digits];
    if word.len() > LONGEST || !word.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut plain = [0; LONGEST];
    let plain = &mut plain[..word.len()];
    for (to, from) in plain.iter_mut().zip(word) {
        *to = match from {
            b'0' => b'o',
            b'1' => b'i',
            b'3' => b'e',
            b'4' => b'a',
            b'5' => b's',
            b'7' => b't',
            other => other.to_ascii_lowercase(),
        };
    }
    Vocabulary::get()
        .class_of(plain)
        .filter(|_| word.len() >= 4)
}

/// `text`, which is letters without a sign of where words end, as words: `yourapikeyhere`. `None` where known words
/// would not make up three quarters of it. The best split is the one that leaves the fewest letters over.
pub(super) fn split(text: &[u8]) -> Option<impl Iterator<Item = (&[u8], Option<Class>)>> {
    if !(5..=MAX_SPLIT).contains(&text.len()) || !text.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let mut lower = [0; MAX_SPLIT];
    let lower = &mut lower[..text.len()];
    lower.copy_from_slice(text);
    lower.make_ascii_lowercase();
    let vocabulary = Vocabulary::get();
    // For every end: how many letters before it are in no word, and what the last piece is.
    let mut best = [(0, 0, None); MAX_SPLIT + 1];
    for end in 1..=text.len() {
        best[end] = (best[end - 1].0 + 1, 1, None);
        for len in 2..=LONGEST.min(end) {
            let Some(class) = vocabulary.class_of(&lower[end - len..end]) else {
                continue;
            };
            if best[end - len].0 <= best[end].0 {
                best[end] = (best[end - len].0, len, Some(class));
            }
        }
    }
    if best[text.len()].0 * 4 > text.len() {
        return None;
    }
    let mut end = text.len();
    Some(std::iter::from_fn(move || {
        let (_, len, class) = best[end];
        let word = &text[end - len..end];
        end -= len;
        (len > 0).then_some((word, class))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_clean_and_sorted_and_stand_once() {
        for (class, words) in WORDS {
            assert!(words.split(' ').is_sorted(), "{class:?}");
        }
        assert!(
            Vocabulary::get()
                .rows
                .is_sorted_by(|a, b| key(a.0) < key(b.0))
        );
        for (word, _) in &Vocabulary::get().rows {
            assert!(
                word.iter().all(u8::is_ascii_lowercase) && (1..=LONGEST).contains(&word.len()),
                "{word:?}"
            );
        }
    }

    #[test]
    fn words_are_found_in_any_case() {
        assert_eq!(class_of(b"ChangeMe"), Some(Sure));
        assert_eq!(class_of(b"TOKEN"), Some(Noun));
        assert_eq!(class_of(b"tokenx"), None);
        assert_eq!(class_of(b""), None);
        assert_eq!(class_of(&[b'a'; 100]), None);
    }

    #[test]
    fn digits_stand_for_letters() {
        assert_eq!(class_of_leet(b"Passw0rd"), Some(Noun));
        assert_eq!(class_of_leet(b"s3cr3t123"), Some(Noun));
        assert_eq!(class_of_leet(b"t3st"), Some(Mild));
        assert_eq!(class_of_leet(b"password"), None);
        assert_eq!(class_of_leet(b"k3Vq8zW1"), None);
        assert_eq!(class_of_leet(b"123"), None);
    }

    #[test]
    fn text_is_split_into_words() {
        let words = |text: &str| {
            let mut words: Vec<_> = split(text.as_bytes())
                .into_iter()
                .flatten()
                .map(|(w, _)| String::from_utf8_lossy(w).into_owned())
                .collect();
            words.reverse();
            words.join(" ")
        };
        assert_eq!(words("yourapikeyhere"), "your apikey here");
        assert_eq!(words("THISISMYPASSWORD"), "THIS IS MY PASSWORD");
        assert_eq!(words("dummyclienttoken"), "dummy client token");
        assert_eq!(words("changemeplease"), "changeme please");
        assert_eq!(words("jhqwzkvbnmxltr"), "");
    }
}
