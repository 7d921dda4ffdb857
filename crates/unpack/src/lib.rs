//! Every way in which bytes hide in bytes: containers, encodings, documents.
//!
//! A format is one file with a [`Decoder`] and one row in [`decoders`], or with a [`Dress`] and one row in [`dresses`]. All of it reads what strangers wrote: a decoder
//! never panics, and takes what it puts out from the [`Budget`](keysieve_engine::Budget) before it hands it on. Rules,
//! findings and reports are not known here. What is in archives has an interface of its own, on streams: [`archive`].
//!
//! ```
//! use std::sync::Arc;
//! use keysieve_engine::{Blob, Budget, Flow, Origin};
//!
//! let text: Vec<u8> = "\u{feff}key = value\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
//! let blob = Blob::whole(&text, Arc::new(Origin::Stdin));
//! let decoders = keysieve_unpack::decoders();
//! let decoder = decoders.iter().find(|decoder| decoder.applies(&blob)).expect("it has a byte order mark");
//! assert_eq!(decoder.name(), "utf-16");
//! let mut children = Vec::new();
//! decoder
//!     .decode(&blob, &mut Budget::default(), &mut |child, _| {
//!         children.push(child.bytes.to_vec());
//!         Flow::Continue
//!     })
//!     .expect("it is whole");
//! assert_eq!(children, [b"key = value\n"]);
//! ```

use keysieve_engine::{Decoder, Dress};

pub mod archive;
mod dress;
mod gzip;
mod utf;

/// All decoders, in the order in which they are asked.
pub fn decoders() -> Vec<Box<dyn Decoder>> {
    vec![
        Box::new(gzip::Gzip),
        Box::new(utf::Utf32), // before UTF-16, whose byte order mark begins its own
        Box::new(utf::Utf16),
    ]
}

/// All dresses, in the order in which they are asked for a piece.
pub fn dresses() -> Vec<Box<dyn Dress>> {
    vec![
        Box::new(dress::escape::Escape),
        Box::new(dress::percent::Percent),
        Box::new(dress::entity::Entity),
        Box::new(dress::joined::Joined),
    ]
}
