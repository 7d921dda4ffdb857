//! Inflating what the header gave the length of, and the buffers that it goes to.

use gix::zlib::{Decompress, FlushDecompress, Inflate, Status};
use sirocco::Format;
use sirocco::inflate::Decoder;

/// Decompresses zlib streams whose length is known. `sirocco` needs two thirds of the time of `zlib-rs`, but is young:
/// what it refuses is corrupt only if `zlib-rs` refuses it too.
pub(super) struct Inflater {
    fast: Box<Decoder>,
    proven: Inflate,
    stream: Decompress,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            fast: Box::new(Decoder::new(Format::Zlib)),
            proven: Inflate::default(),
            stream: Decompress::new(),
        }
    }

    /// Fills `out` from the stream at the start of `input`. False if the stream is corrupt or cut off, or of another
    /// length; then `out` holds anything.
    pub(super) fn exact(&mut self, input: &[u8], out: &mut [u8]) -> bool {
        let len = out.len();
        self.fast.reset();
        if let Ok(progress) = self.fast.decompress(input, out, true)
            && progress.done
            && progress.output.len() == len
        {
            return true;
        }
        self.proven.reset();
        matches!(self.proven.once(input, out), Ok((Status::StreamEnd, _, n)) if n == len)
    }

    /// The length of the stream at the start of `input`, which inflates to `size` bytes; `None` if it does not. What it
    /// inflates to is not kept.
    pub(super) fn length(&mut self, input: &[u8], size: u64) -> Option<u64> {
        const PIECE: usize = 64 << 10;
        let mut piece = [0; PIECE];
        self.stream.reset();
        loop {
            let (read, made) = (self.stream.total_in(), self.stream.total_out());
            let rest = input.get(usize::try_from(read).ok()?..)?;
            let status = self
                .stream
                .decompress(rest, &mut piece, FlushDecompress::None);
            let (now_read, now_made) = (self.stream.total_in(), self.stream.total_out());
            match status.ok()? {
                Status::StreamEnd => return (now_made == size).then_some(now_read),
                // Cut off, or longer than the header says.
                _ if (now_read, now_made) == (read, made) || now_made > size => return None,
                _ => {}
            }
        }
    }

    /// Inflates the start of a stream into `out` and says how much it is.
    pub(super) fn prefix(&mut self, input: &[u8], out: &mut [u8]) -> Option<usize> {
        self.proven.reset();
        let (_, _, n) = self.proven.prefix(input, out).ok()?;
        Some(n)
    }
}

/// Bytes of one object. The memory behind is reused, and zeroed only when it is new.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// Makes room for `len` bytes, which hold anything.
    pub(super) fn resize(&mut self, len: usize) -> &mut [u8] {
        if self.memory.len() < len {
            // Doubling saves growing again; what is large comes seldom and takes no more than it needs.
            let size = if len < 1 << 20 {
                len.next_power_of_two().max(4096)
            } else {
                len
            };
            self.memory = Vec::new(); // given back before the new one is taken
            self.memory = vec![0; size];
        }
        self.len = len;
        &mut self.memory[..len]
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[..self.len]
    }

    /// What it holds of the machine.
    pub(super) fn capacity(&self) -> usize {
        self.memory.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_stream_of_the_right_length_counts() {
        let text = b"all work and no play ".repeat(20);
        let stream = sirocco::compress(Format::Zlib, sirocco::deflate::Level::DEFAULT, &text);
        let empty = sirocco::compress(Format::Zlib, sirocco::deflate::Level::DEFAULT, b"");
        let mut inflater = Inflater::new();
        let mut out = vec![0; text.len()];
        assert!(inflater.exact(&stream, &mut out) && out == text);
        let trailed = [stream.clone(), vec![7; 9]].concat();
        assert!(inflater.exact(&trailed, &mut out) && out == text);
        assert!(inflater.exact(&empty, &mut []));
        assert!(!inflater.exact(&stream, &mut vec![0; text.len() - 1]));
        assert!(!inflater.exact(&stream, &mut vec![0; text.len() + 1]));
        assert!(!inflater.exact(&stream[..stream.len() - 1], &mut out));
        for at in 0..stream.len() {
            let mut broken = stream.clone();
            broken[at] ^= 0x10;
            let mut out = vec![0; text.len()];
            assert!(!inflater.exact(&broken, &mut out) || out == text, "{at}");
        }
        assert!(
            inflater.exact(&stream, &mut out),
            "an error leaves no trace"
        );
    }
}
