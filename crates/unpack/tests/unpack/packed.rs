//! Archives of every format, made here.

use std::io::{Cursor, Write};

use flate2::Compression;
use keysieve_unpack::archive::{Format, formats};
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use lzma_rust2::{LzipOptions, LzipWriter, XzOptions, XzWriter};
use rawzip::{CompressionMethod, ZipArchiveWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sevenz_rust2::{ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod};

use super::gzip::compress;

/// The entries of every container that [`pack`] makes, with its content in the middle.
pub(super) const NAMES: [&str; 3] = ["first.txt", "../a folder/\u{e4}.txt", "/last"];

pub(super) fn entries(content: &[u8]) -> [(&'static str, &[u8]); 3] {
    [
        (NAMES[0], b"one"),
        (NAMES[1], content),
        (NAMES[2], b"three"),
    ]
}

fn written<W: Write>(mut writer: W, content: &[u8], finish: impl FnOnce(W) -> Vec<u8>) -> Vec<u8> {
    writer.write_all(content).unwrap();
    finish(writer)
}

pub(super) fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(super) fn zip(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, content) in entries {
        let packed = match method {
            CompressionMethod::STORE => content.to_vec(),
            CompressionMethod::DEFLATE => {
                let encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
                written(encoder, content, |w| w.finish().unwrap())
            }
            CompressionMethod::BZIP2 => pack("bz2", content),
            CompressionMethod::XZ => pack("xz", content),
            CompressionMethod::ZSTD => pack("zst", content),
            _ => b"whatever".to_vec(),
        };
        // The writer takes no name that leads elsewhere: such names are put in afterwards.
        let tame = tame(name);
        let file = archive.new_file(&tame).compression_method(method);
        let (mut entry, config) = file.start().unwrap();
        let mut writer = config.wrap(Copied(packed));
        writer.write_all(content).unwrap();
        let (copied, descriptor) = writer.finish().unwrap();
        entry.write_all(&copied.0).unwrap();
        entry.finish(descriptor).unwrap();
    }
    let mut bytes = archive.finish().unwrap();
    for (name, _) in entries {
        let tame = tame(name);
        for at in (0..bytes.len() - tame.len()).rev() {
            if bytes[at..].starts_with(tame.as_bytes()) {
                bytes[at..at + tame.len()].copy_from_slice(name.as_bytes());
            }
        }
    }
    bytes
}

/// A name of the same length that leads nowhere.
fn tame(name: &str) -> String {
    let name = name.replace("../", "up/");
    name.strip_prefix('/')
        .map_or(name.clone(), |name| format!("-{name}"))
}

/// Takes the plain content, and holds what it was packed to.
struct Copied(Vec<u8>);

impl Write for Copied {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) fn sevenz(
    method: EncoderConfiguration,
    solid: bool,
    entries: &[(&str, &[u8])],
) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.set_content_methods(vec![method]);
    writer.set_encrypt_header(false);
    writer
        .push_archive_entry::<&[u8]>(ArchiveEntry::new_directory("folder"), None)
        .unwrap();
    if solid {
        let files = entries.iter().map(|(name, _)| ArchiveEntry::new_file(name));
        let contents = entries.iter().map(|(_, content)| (*content).into());
        writer
            .push_archive_entries(files.collect(), contents.collect())
            .unwrap();
    } else {
        for (name, content) in entries {
            writer
                .push_archive_entry(ArchiveEntry::new_file(name), Some(*content))
                .unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A file of the format with this content: in the middle entry, if the format has entries.
pub(super) fn pack(format: &str, content: &[u8]) -> Vec<u8> {
    match format {
        "zip" => zip(CompressionMethod::DEFLATE, &entries(content)),
        "tar" => tar(&entries(content)),
        "7z" => sevenz(EncoderMethod::LZMA2.into(), true, &entries(content)),
        "gz" => compress(content),
        "zz" => {
            let encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
            written(encoder, content, |w| w.finish().unwrap())
        }
        "bz2" => {
            let encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            written(encoder, content, |w| w.finish().unwrap())
        }
        "xz" => {
            let writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
            written(writer, content, |w| w.finish().unwrap())
        }
        "lz" => {
            let writer = LzipWriter::new(Vec::new(), LzipOptions::with_preset(1));
            written(writer, content, |w| w.finish().unwrap())
        }
        "zst" => compress_to_vec(content, CompressionLevel::Fastest),
        "lz4" => {
            let info = FrameInfo::new().block_size(BlockSize::Max64KB);
            let encoder = FrameEncoder::with_frame_info(info, Vec::new());
            written(encoder, content, |w| w.finish().unwrap())
        }
        "sz" => {
            let encoder = snap::write::FrameEncoder::new(Vec::new());
            match content {
                // The encoder waits for a first byte with the mark.
                [] => b"\xff\x06\0\0sNaPpY".to_vec(),
                _ => written(encoder, content, |w| w.into_inner().unwrap()),
            }
        }
        "br" => brotli(content),
        other => panic!("nobody makes {other}"),
    }
}

/// A stream that holds everything as it is.
fn brotli(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in content.chunks(1 << 16) {
        // Not the last block, two bytes of length, not compressed; before the first the size of the window, a bit.
        let head = (1 << 19) | ((piece.len() as u32 - 1) << 3);
        let head = if bytes.is_empty() { head << 1 } else { head };
        bytes.extend_from_slice(&head.to_le_bytes()[..3]);
        bytes.extend_from_slice(piece);
    }
    // The last block, which is empty.
    bytes.push(if bytes.is_empty() { 0b110 } else { 0b11 });
    bytes
}

/// The formats that [`pack`] makes: all but the one that is not opened.
pub(super) fn made() -> impl Iterator<Item = &'static Format> {
    formats().iter().filter(|format| format.name() != "rar")
}
