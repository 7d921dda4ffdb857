//! zip, as its central directory has it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::DeflateDecoder;
use keysieve_engine::Flow;
use rawzip::{
    CompressionMethod, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ReaderAt, ZipFileHeaderRecord, ZipLocator,
};

use super::content::{Checked, Content, Step, WINDOW};
use super::input::Seekable;
use super::{Fault, Format, Input, Kind, Sink, bzip2, xz, zstd};

pub(super) const FORMAT: Format = Format {
    name: "zip",
    is: |start| matches!(start, [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..]),
    kind: Kind::Container(unpack),
};

fn unpack(input: Input<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
    match input.seekable()? {
        Seekable::File(mut file) => {
            let end = file.seek(SeekFrom::End(0))?;
            read(rawzip::FileReader::from(file.try_clone()?), end, sink)
        }
        Seekable::Bytes(bytes) => read(*bytes.get_ref(), bytes.get_ref().len() as u64, sink),
        Seekable::Held(bytes) => read(
            bytes.get_ref().as_slice(),
            bytes.get_ref().len() as u64,
            sink,
        ),
    }
}

fn read(reader: impl ReaderAt, end: u64, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut start = [0; 4];
    let is_zip = reader.read_at(&mut start, 0)? == 4 && (FORMAT.is)(&start);
    let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let archive = ZipLocator::new()
        .locate_in_reader(&reader, &mut buffer, end)
        .map_err(|(_, error)| match fault(error) {
            Fault::Damaged if is_zip => Fault::Truncated,
            Fault::Damaged => Fault::Other,
            fault => fault,
        })?;
    let mut entries = archive.entries(&mut buffer);
    while let Some(record) = entries.next_entry().map_err(fault)? {
        if record.is_dir() && record.compressed_size_hint() == 0 {
            continue;
        }
        let name = String::from_utf8_lossy(record.file_path().as_bytes()).into_owned();
        let opened = (|| {
            let data = archive.get_entry(record.wayfinder()).map_err(fault)?;
            open(&record, data.reader())
        })();
        let mut content = match opened {
            Ok((data, step)) => {
                let data = Checked::new(data, record.crc32(), record.uncompressed_size_hint());
                // Whether it is encrypted says a bit that anybody can set: it is read as if it were not, and what fails
                // then is.
                let content: Box<dyn Read> = match record.flags().is_encrypted() {
                    true => Box::new(Encrypted(data)),
                    false => Box::new(data),
                };
                Content::new(content, step, sink.budget)
            }
            Err(fault) => Content::closed(fault, sink.budget),
        };
        if sink.entry(&name, &mut content)? == Flow::Stop {
            break;
        }
    }
    Ok(())
}

/// A content that can be read only if it is not encrypted.
struct Encrypted<R>(R);

impl<R: Read> Read for Encrypted<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room).map_err(|_| Fault::Encrypted.into())
    }
}

/// The content of an entry.
fn open<'a>(
    record: &ZipFileHeaderRecord<'_>,
    data: impl Read + 'a,
) -> Result<(Box<dyn Read + 'a>, Step), Fault> {
    let method = record.compression_method();
    if method == CompressionMethod::AES {
        return Err(Fault::Encrypted);
    }
    if method == CompressionMethod::STORE {
        return Ok((Box::new(data), Step::Full));
    }
    let data = BufReader::with_capacity(32 << 10, data);
    Ok(match method {
        CompressionMethod::DEFLATE => (Box::new(DeflateDecoder::new(data)), WINDOW),
        CompressionMethod::BZIP2 => (bzip2::open(Box::new(data)), Step::Full),
        CompressionMethod::XZ => (xz::open(Box::new(data)), Step::Full),
        CompressionMethod::ZSTD => (zstd::open(Box::new(data)), Step::Full),
        _ => return Err(Fault::Unsupported),
    })
}

fn fault(error: rawzip::Error) -> Fault {
    match error.kind() {
        rawzip::ErrorKind::Eof => Fault::Truncated,
        _ => Fault::from(io::Error::other(error)),
    }
}
