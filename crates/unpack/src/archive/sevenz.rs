//! 7z, block by block: one that is broken or encrypted does not keep the others from being read.

use std::io::{Read as _, Seek as _};

use keysieve_engine::Flow;
use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use super::content::{Content, Step};
use super::{Fault, Format, Input, Kind, MEMORY_KB, Sink};

pub(super) const FORMAT: Format = Format {
    name: "7z",
    is: |start| start.starts_with(b"7z\xbc\xaf\x27\x1c"),
    kind: Kind::Container(unpack),
};

/// What a decoder may allocate, in KiB.
const MEMORY: usize = MEMORY_KB as usize;

fn unpack(input: Input<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut source = input.seekable()?;
    let mut start = Vec::new();
    source.by_ref().take(6).read_to_end(&mut start)?;
    if !(FORMAT.is)(&start) {
        return Err(Fault::Other);
    }
    source.rewind()?;
    let password = Password::empty();
    let archive = Archive::read_with_memory_limit(&mut source, &password, MEMORY).map_err(fault)?;
    // What is wrong with blocks whose entries were all handed out.
    let mut at_end = None;
    for block in 0..archive.blocks.len() {
        let is_encrypted = archive
            .stream_map
            .block_first_file_index
            .get(block)
            .is_some_and(|&first| archive.is_file_encrypted(first));
        let decoder = BlockDecoder::new_with_memory_limit(
            1, // one thread
            MEMORY,
            block,
            &archive,
            &password,
            &mut source,
        );
        let names: Vec<_> = decoder
            .entries()
            .iter()
            .filter(|file| file.has_stream && !file.is_directory)
            .map(|file| file.name.clone())
            .collect();
        let mut handed = 0;
        let mut flow = Ok(Flow::Continue);
        let mut broken = None;
        let decoded = decoder.for_each_entries(&mut |file, data| {
            if !file.has_stream || file.is_directory {
                return Ok(true);
            }
            handed += 1;
            let mut content = Content::new(Box::new(data), Step::Full, sink.budget);
            flow = sink.entry(&file.name, &mut content);
            if flow != Ok(Flow::Continue) {
                return Ok(false);
            }
            // What nobody read has to be decoded for what follows it, and is paid for like everything else.
            broken = content.finish().err();
            Ok(broken.is_none())
        });
        if flow? == Flow::Stop {
            return Ok(());
        }
        let error = decoded.err().map(fault);
        if handed == names.len() {
            at_end = at_end.or(error);
            continue;
        }
        // What comes behind a broken entry is lost with it.
        let lost = match (broken, error) {
            _ if is_encrypted => Fault::Encrypted,
            (Some(fault), _) | (None, Some(fault)) => fault,
            (None, None) => Fault::Damaged,
        };
        for name in &names[handed..] {
            if sink.entry(name, &mut Content::closed(lost, sink.budget))? == Flow::Stop {
                return Ok(());
            }
        }
    }
    at_end.map_or(Ok(()), Err)
}

fn fault(error: Error) -> Fault {
    match error {
        Error::Io(error, _) | Error::FileOpen(error, _) => error.into(),
        Error::BadSignature(_) => Fault::Other,
        Error::MaxMemLimited { .. } => Fault::Memory,
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Fault::Encrypted,
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => Fault::Encrypted,
        Error::UnsupportedCompressionMethod(_)
        | Error::UnsupportedVersion { .. }
        | Error::ExternalUnsupported
        | Error::Unsupported(_) => Fault::Unsupported,
        _ => Fault::Damaged,
    }
}
