//! UTF-16 and UTF-32, in both byte orders, with or without a byte order mark.
//!
//! The content becomes UTF-8. It has no name of its own, and as its lines and columns are those of the file, neither
//! does a finding in it: it is found as if the file had been UTF-8. Lone surrogates and what is no character become
//! U+FFFD: they cannot be part of a secret.

use std::path::PathBuf;
use std::sync::Arc;

use encoding_rs::{CoderResult, UTF_16BE, UTF_16LE};
use keysieve_engine::{Blob, Budget, Decoder, Flow, Issue, IssueKind, Origin};

/// Bytes that are decoded at a time; a multiple of every unit.
const STEP: usize = 64 << 10;

/// How much of a content without a byte order mark is looked at.
const SAMPLE: usize = 4096;

/// The decoder of UTF-16.
#[derive(Debug)]
pub(crate) struct Utf16;

impl Decoder for Utf16 {
    fn name(&self) -> &'static str {
        "utf-16"
    }

    fn applies(&self, blob: &Blob<'_>) -> bool {
        blob.is_first() && detect(blob.bytes).is_some_and(|(form, _)| form.unit() == 2)
    }

    fn replaces(&self) -> bool {
        false // see `Utf32`
    }

    fn decode(
        &self,
        blob: &Blob<'_>,
        budget: &mut Budget,
        child: &mut dyn FnMut(Blob<'_>, &mut Budget) -> Flow,
    ) -> Result<(), Issue> {
        let (form, mark) = detect(blob.bytes).unwrap_or((Form::Utf16Le, 0));
        let encoding = if form == Form::Utf16Be {
            UTF_16BE
        } else {
            UTF_16LE
        };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        transcode(
            self.name(),
            blob,
            mark,
            budget,
            child,
            |bytes, last, text| {
                let most = decoder
                    .max_utf8_buffer_length(bytes.len())
                    .expect("a step is short");
                text.reserve(most);
                let (result, read, _) = decoder.decode_to_string(bytes, text, last);
                debug_assert!(result == CoderResult::InputEmpty && read == bytes.len());
            },
        )
    }
}

/// The decoder of UTF-32.
#[derive(Debug)]
pub(crate) struct Utf32;

impl Decoder for Utf32 {
    fn name(&self) -> &'static str {
        "utf-32"
    }

    fn applies(&self, blob: &Blob<'_>) -> bool {
        blob.is_first() && detect(blob.bytes).is_some_and(|(form, _)| form.unit() == 4)
    }

    /// The bytes are scanned as well: what begins as UTF-16 often goes on as ASCII, for instance where a batch file
    /// appended to a file that PowerShell wrote. Where it does not, nothing can be found twice: in the bytes a zero
    /// stands between any two ASCII characters.
    fn replaces(&self) -> bool {
        false
    }

    fn decode(
        &self,
        blob: &Blob<'_>,
        budget: &mut Budget,
        child: &mut dyn FnMut(Blob<'_>, &mut Budget) -> Flow,
    ) -> Result<(), Issue> {
        let (form, mark) = detect(blob.bytes).unwrap_or((Form::Utf32Le, 0));
        transcode(self.name(), blob, mark, budget, child, |bytes, _, text| {
            let (units, rest) = bytes.as_chunks::<4>();
            let character = |unit: &[u8; 4]| {
                let unit = if form == Form::Utf32Be {
                    u32::from_be_bytes(*unit)
                } else {
                    u32::from_le_bytes(*unit)
                };
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            };
            text.extend(units.iter().map(character));
            if !rest.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        })
    }
}

/// Decodes what follows the mark with `step`, which appends what some bytes become, and hands it out.
fn transcode(
    via: &'static str,
    blob: &Blob<'_>,
    mark: usize,
    budget: &mut Budget,
    child: &mut dyn FnMut(Blob<'_>, &mut Budget) -> Flow,
    mut step: impl FnMut(&[u8], bool, &mut String),
) -> Result<(), Issue> {
    let limit = || {
        Err(Issue::at(
            blob.origin.clone(),
            IssueKind::Limit,
            format!("{via}: the text is longer than the limits allow; the rest is not decoded"),
        ))
    };
    if budget.take_child().is_none() {
        return limit();
    }
    let mut text = String::new();
    let mut fits = true;
    let mut bytes = &blob.bytes[mark..];
    while fits && !bytes.is_empty() {
        let (now, later) = bytes.split_at(STEP.min(bytes.len()));
        let before = text.len();
        step(now, later.is_empty(), &mut text);
        fits = budget.take(text.len() - before).is_some();
        if !fits {
            text.truncate(before);
        }
        bytes = later;
    }
    let origin = Origin::Inside {
        outer: blob.origin.clone(),
        via,
        name: PathBuf::new(),
    };
    if child(Blob::whole(text.as_bytes(), Arc::new(origin)), budget) == Flow::Stop || fits {
        Ok(())
    } else {
        limit()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Utf32Le,
    Utf32Be,
    Utf16Le,
    Utf16Be,
}

impl Form {
    /// UTF-32 first: its marks are the longer ones.
    const ALL: [Self; 4] = [Self::Utf32Le, Self::Utf32Be, Self::Utf16Le, Self::Utf16Be];

    const fn unit(self) -> usize {
        match self {
            Self::Utf32Le | Self::Utf32Be => 4,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    const fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf32Le => &[0xff, 0xfe, 0, 0],
            Self::Utf32Be => &[0, 0, 0xfe, 0xff],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
        }
    }

    /// The code units of `bytes`, as far as they are whole.
    fn units(self, bytes: &[u8]) -> impl Iterator<Item = u32> {
        bytes.chunks_exact(self.unit()).map(move |unit| {
            let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
            match self {
                Self::Utf32Le | Self::Utf16Le => unit.iter().rev().fold(0, fold),
                Self::Utf32Be | Self::Utf16Be => unit.iter().fold(0, fold),
            }
        })
    }
}

/// The form of a text, and the length of its mark.
fn detect(bytes: &[u8]) -> Option<(Form, usize)> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    for form in Form::ALL {
        // The mark of UTF-32 in little endian may also be that of UTF-16 with a zero behind it.
        if bytes.starts_with(form.mark()) && (form.unit() == 2 || form.units(sample).all(is_scalar))
        {
            return Some((form, form.mark().len()));
        }
    }
    // Nearly all contents leave here: a text with ASCII in it shows a zero soon.
    if !sample.iter().take(64).any(|&byte| byte == 0) {
        return None;
    }
    Form::ALL
        .into_iter()
        .find(|form| is_text(*form, sample))
        .map(|form| (form, 0))
}

fn is_scalar(unit: u32) -> bool {
    char::from_u32(unit).is_some()
}

/// Whether the sample reads as a text in this form: at least 8 characters, 7 of 10 are ASCII, and none is a control
/// character that texts do not have. A binary shows a zero unit soon, and so do other texts read in the wrong form.
fn is_text(form: Form, sample: &[u8]) -> bool {
    let (mut all, mut ascii) = (0, 0);
    for unit in form.units(sample) {
        match unit {
            0x20..=0x7e | 0x09 | 0x0a | 0x0d => ascii += 1,
            0x08 | 0x0c | 0x1b => {} // backspace, form feed, escape: what terminals and printers were sent
            0..=0x1f | 0x7f..=0x9f | 0xfffe | 0xffff => return false,
            unit if form.unit() == 4 && !is_scalar(unit) => return false,
            _ => {}
        }
        all += 1;
    }
    all >= 8 && ascii * 10 >= all * 7
}
