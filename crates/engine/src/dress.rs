//! The interface of whatever writes a text within another text. No format is known here: they are in `keysieve-unpack`.

/// The longest piece of a dress, in bytes. Nor does any byte decide on a piece that stands so far from its start, to
/// either side.
pub const MAX_PIECE: usize = 256;

/// A way to write characters of a text so that it can stand inside of another one: escapes of a string, entities of
/// XML, a literal that goes on in the next line.
///
/// A dress is asked from many threads and holds no state. Every answer must be bounded in time by the bytes of the piece,
/// and no piece may stand for more bytes than it has. Nothing but what is nearer than [`MAX_PIECE`] may matter.
pub trait Dress: Send + Sync {
    /// The name in messages, such as `percent`.
    fn name(&self) -> &'static str;

    /// Literals of which one stands wherever this dress may hide something. They are looked for in every text: rare ones
    /// cost least.
    fn marks(&self) -> &'static [&'static str];

    /// The bytes that pieces begin with.
    fn leads(&self) -> &'static [u8];

    /// The piece that begins at `at`, where one of the leads stands.
    fn piece(&self, text: &[u8], at: usize) -> Option<Piece>;
}

/// Bytes that stand for other bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece {
    /// How many bytes it has.
    pub len: usize,
    /// What it stands for.
    plain: [u8; 4],
    plain_len: u8,
    /// Whether two halves of one value meet here.
    pub joint: bool,
}

impl Piece {
    /// A piece of `len` bytes that stands for a character; `None` where that has more bytes than the piece.
    pub fn character(len: usize, c: char) -> Option<Self> {
        let mut plain = [0; 4];
        let plain_len = c.encode_utf8(&mut plain).len();
        (plain_len <= len).then_some(Self {
            len,
            plain,
            plain_len: plain_len as u8,
            joint: false,
        })
    }

    /// A piece of `len` bytes that stands for nothing: what is before it goes on behind it.
    pub const fn joint(len: usize) -> Self {
        Self {
            len,
            plain: [0; 4],
            plain_len: 0,
            joint: true,
        }
    }

    /// What it stands for.
    pub fn plain(&self) -> &[u8] {
        &self.plain[..usize::from(self.plain_len)]
    }
}
