//! The scan of every object, one after the other, as git prints them.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use keysieve_engine::scan::Scanner;
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Flow, MessageOf, ObjectId, Origin};

use super::{Origins, Place, Places, Proof, finish, git, id};

/// Scans all that is no tree, each under the path that the history has for it.
pub(super) fn scan(
    repository: &Path,
    scanner: &Scanner,
    origins: &Origins,
    proof: &mut Proof,
) -> io::Result<BTreeSet<Place>> {
    let interrupt = AtomicBool::new(false);
    let places = Places::default();
    let session = scanner.session(&places, &interrupt);
    let mut scan = session.scan();
    let args = ["cat-file", "--batch-all-objects", "--batch", "--buffer"];
    let mut child = git(repository).args(args).spawn()?;
    let output = child.stdout.take().expect("it is piped");
    let mut output = BufReader::with_capacity(1 << 20, output);
    let (mut header, mut content) = (Vec::new(), Vec::new());
    while output.read_until(b'\n', &mut header)? > 0 {
        let fields: Vec<&[u8]> = header.trim_ascii_end().split(|&b| b == b' ').collect();
        let [hex, kind, size] = fields[..] else {
            return Err(io::Error::other("git lists an object in another form"));
        };
        let (id, kind) = (id(hex)?, kind.to_owned());
        let size = std::str::from_utf8(size).ok().and_then(|n| n.parse().ok());
        content.resize(size.ok_or_else(|| io::Error::other("no size"))?, 0);
        output.read_exact(&mut content)?;
        output.read_exact(&mut [0])?;
        header.clear();
        if kind == b"tree" {
            continue;
        }
        proof.objects += 1;
        let Some(origin) = origins.get(&id) else {
            let text = format!("the history does not hand out {id}");
            proof.differences.push(text);
            continue;
        };
        if !fits(&kind, id, origin) {
            let text = format!("the history takes {id} for another kind: {origin:?}");
            proof.differences.push(text);
        }
        let flow = scan.blob(Blob::whole(&content, Arc::clone(origin)));
        assert_eq!(flow, Flow::Continue, "nothing interrupts a proof");
    }
    finish(child)?;
    drop(scan);
    Ok(places.into_inner())
}

/// Whether `origin` is that of an object which git says is of `kind`.
fn fits(kind: &[u8], object: ObjectId, origin: &Origin) -> bool {
    match (kind, origin) {
        (b"blob", Origin::Blob { id, .. }) => *id == object,
        (b"commit", Origin::Message { of, id }) => *of == MessageOf::Commit && *id == object,
        (b"tag", Origin::Message { of, id }) => *of == MessageOf::Tag && *id == object,
        _ => false,
    }
}
