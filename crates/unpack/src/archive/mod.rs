//! Archives and compressed files: what is in them, one level at a time.
//!
//! A format is one file and one row in the table of [`formats`]. [`Format::unpack`] hands out what is directly inside, as
//! [`Entry`]s: names are only names, links lead nowhere, and contents are streams. What is in an entry is the caller's to
//! unpack in turn. Nothing that an archive says of itself is believed: bytes, entries and levels are taken from one
//! [`Budget`] for everything that one outermost file has in it, and what could not be read is a [`Fault`], as the end of
//! the whole or as the end of an entry's content.
//!
//! ```
//! use std::cell::Cell;
//! use std::io::Read as _;
//! use keysieve_engine::{Budget, Flow};
//! use keysieve_unpack::archive::{Format, Input};
//!
//! let mut tar = vec![0; 512];
//! tar[..5].copy_from_slice(b"a.txt");
//! tar[124..135].copy_from_slice(b"00000000003"); // its size
//! tar[148..156].fill(b' ');
//! let sum: u32 = tar.iter().map(|&byte| u32::from(byte)).sum();
//! tar[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
//! tar.extend_from_slice(b"abc");
//! tar.resize(1024, 0);
//!
//! let budget = Cell::new(Budget::default());
//! let mut found = Vec::new();
//! Format::of(&tar)
//!     .expect("the checksum is right")
//!     .unpack(Input::Bytes(&tar), &budget, &mut |entry| {
//!         let mut content = String::new();
//!         entry.content.read_to_string(&mut content).expect("it is whole");
//!         found.push((entry.name.to_owned(), content));
//!         Flow::Continue
//!     })
//!     .expect("it is whole");
//! assert_eq!(found, [("a.txt".to_owned(), "abc".to_owned())]);
//! assert_eq!(budget.get().bytes, Budget::default().bytes - 3);
//! ```

mod brotli;
mod bzip2;
mod content;
mod fault;
mod gzip;
mod input;
mod lz4;
mod rar;
mod sevenz;
mod snappy;
mod tar;
mod xz;
mod zip;
mod zlib;
mod zstd;

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};

use keysieve_engine::{Budget, Flow};

use content::{Content, Step};
pub use fault::Fault;
pub use input::Input;

/// How many bytes tell every format.
const START: usize = 512;

/// What a decoder may allocate for what it has to remember, in KiB: every preset of every packer fits.
const MEMORY_KB: u32 = 256 << 10;

/// A format of archives or compressed files.
#[derive(Debug)]
pub struct Format {
    name: &'static str,
    /// Whether a file that starts with these bytes is of the format.
    is: fn(&[u8]) -> bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// One content without a name.
    Stream(fn(Box<dyn BufRead + '_>) -> Box<dyn Read + '_>, Step),
    /// Entries with names.
    Container(fn(Input<'_>, &mut Sink<'_>) -> Result<(), Fault>),
    /// Known, and not opened.
    Closed,
}

/// All formats. A test loops over them.
static FORMATS: [Format; 13] = [
    zip::FORMAT,
    tar::FORMAT,
    sevenz::FORMAT,
    rar::FORMAT,
    gzip::FORMAT,
    zlib::FORMAT,
    bzip2::FORMAT,
    xz::XZ,
    xz::LZIP,
    zstd::FORMAT,
    lz4::FORMAT,
    snappy::FORMAT,
    brotli::FORMAT,
];

/// All formats, in the order in which they are asked for a content.
pub fn formats() -> &'static [Format] {
    &FORMATS
}

/// What is directly inside of an archive.
pub struct Entry<'a> {
    /// Its name as the archive has it, which may lead anywhere; empty in a compressed file.
    pub name: &'a str,
    /// Its bytes. What goes wrong ends them with an error that [`Fault`] can be made from; what came before it is valid.
    pub content: &'a mut dyn Read,
}

/// Where entries go, and what they cost.
struct Sink<'a> {
    budget: &'a Cell<Budget>,
    each: &'a mut dyn FnMut(Entry<'_>) -> Flow,
}

impl Sink<'_> {
    /// Hands out one entry.
    fn entry(&mut self, name: &str, content: &mut Content<'_>) -> Result<Flow, Fault> {
        let mut left = self.budget.get();
        left.take_child().ok_or(Fault::Bound)?;
        self.budget.set(left);
        Ok((self.each)(Entry { name, content }))
    }
}

impl Format {
    /// The format of that name, which is the usual end of its files' names.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The format of a file that starts with these bytes; 512 tell all that can be told. zlib has too little of a mark for
    /// that, and Brotli has none.
    pub fn of(start: &[u8]) -> Option<&'static Self> {
        let unmarked = [zlib::FORMAT.name, brotli::FORMAT.name];
        let told = |format: &&Self| !unmarked.contains(&format.name) && (format.is)(start);
        FORMATS.iter().find(told)
    }

    /// The name: `zip`, `tar`, `gz` ...
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Hands out what is directly inside, until there is no more or `each` stops it.
    ///
    /// `budget` is everybody's who unpacks the same outermost file: a level is taken while this runs, an entry for each,
    /// and a byte for each byte of content that is read, in every layer that it comes out of.
    ///
    /// # Errors
    ///
    /// Why not everything was handed out. What was handed out before stays valid.
    pub fn unpack(
        &self,
        input: Input<'_>,
        budget: &Cell<Budget>,
        each: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), Fault> {
        let mut left = budget.get();
        left.depth = left.depth.checked_sub(1).ok_or(Fault::Bound)?;
        budget.set(left);
        let unpacked = self.enter(input, &mut Sink { budget, each });
        let mut left = budget.get();
        left.depth += 1;
        budget.set(left);
        unpacked
    }

    fn enter(&self, input: Input<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        match &self.kind {
            Kind::Stream(open, step) => {
                let mut input = BufReader::with_capacity(32 << 10, input);
                if !(self.is)(input.fill_buf()?) {
                    return Err(Fault::Other);
                }
                let content = open(Box::new(input));
                let mut content = Content::new(content, *step, sink.budget);
                sink.entry("", &mut content).map(|_| ())
            }
            Kind::Container(unpack) => unpack(input, sink),
            Kind::Closed => Err(Fault::Unsupported),
        }
    }
}
