//! tar: POSIX, GNU and what was before them.

use keysieve_engine::Flow;
use tar::{Archive, EntryType, Header};

use super::content::{Content, Step};
use super::{Fault, Format, Input, Kind, START, Sink};

pub(super) const FORMAT: Format = Format {
    name: "tar",
    is,
    kind: Kind::Container(unpack),
};

/// The checksum of the first header is right: not all have a mark.
fn is(start: &[u8]) -> bool {
    let Some(header) = start.first_chunk::<START>() else {
        return false;
    };
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    let own: u32 = header[148..156].iter().map(|&byte| u32::from(byte)).sum();
    header[0] != 0
        && Header::from_byte_slice(header)
            .cksum()
            .is_ok_and(|expected| expected == sum - own + 8 * u32::from(b' '))
}

fn unpack(input: Input<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut archive = Archive::new(input);
    let mut is_first = true;
    for entry in archive.entries()? {
        let mut entry = entry.map_err(|error| match error.into() {
            Fault::Damaged if is_first => Fault::Other,
            fault => fault,
        })?;
        is_first = false;
        // Folders, links and devices have no content.
        let has_content = !matches!(
            entry.header().entry_type(),
            EntryType::Directory
                | EntryType::Link
                | EntryType::Symlink
                | EntryType::Char
                | EntryType::Block
                | EntryType::Fifo
                | EntryType::XGlobalHeader
        );
        if has_content {
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut content = Content::new(Box::new(&mut entry), Step::AsItComes, sink.budget);
            if sink.entry(&name, &mut content)? == Flow::Stop {
                return Ok(());
            }
        }
    }
    Ok(())
}
