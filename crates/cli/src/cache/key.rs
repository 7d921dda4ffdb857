//! What a memory is good for: the program and the options that decide what is found in a content.

use std::fs::File;
use std::io::{self, Read as _};

use super::{Digest, digest};

/// The key of what this program finds with these rules and options. An error where the program cannot be read.
pub(crate) fn of(basis: &str) -> io::Result<Digest> {
    let (len, crc) = program()?;
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    Ok(digest([
        version,
        &len.to_le_bytes(),
        &crc.to_le_bytes(),
        basis.as_bytes(),
    ]))
}

/// The length of the running program and its CRC-32. Two builds of one version may find another thing; the built-in
/// rules are a part of the program. Nobody forges their own program, so a checksum will do: it takes 2 ms.
fn program() -> io::Result<(u64, u32)> {
    let mut file = File::open(std::env::current_exe()?)?;
    let (mut len, mut crc) = (0, crc32fast::Hasher::new());
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((len, crc.finalize()));
        }
        len += read as u64;
        crc.update(&buffer[..read]);
    }
}
