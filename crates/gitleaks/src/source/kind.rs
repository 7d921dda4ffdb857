//! Archives by their names, and applications, documents and fonts by their first bytes.

/// What a file is packed as, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packing {
    /// How it is compressed: `gz` of `a.tar.gz`.
    pub compression: Option<&'static str>,
    /// What it is an archive of, within the compression: `tar`.
    pub container: Option<&'static str>,
}

/// Parts of a name, in any ASCII case, that say a compression wherever they stand in it.
const COMPRESSIONS: [(&str, &str); 9] = [
    (".br", "br"),
    (".bz2", "bz2"),
    (".gz", "gz"),
    (".lz4", "lz4"),
    (".s2", "sz"),
    (".sz", "sz"),
    (".xz", "xz"),
    (".zst", "zst"),
    (".zz", "zz"),
];

/// Ends of a name that do.
const BEHIND: [&str; 2] = ["lz", "mz"];

/// Parts of a name that say an archive.
const CONTAINERS: [(&str, &str); 4] = [
    (".7z", "7z"),
    (".rar", "rar"),
    (".tar", "tar"),
    (".zip", "zip"),
];

/// What a file is packed as, if it is an archive or compressed by its name. Of several names of the same sort the last one
/// counts, and a compression only behind the archive: gitleaks takes any of them by chance.
pub fn packing(path: &str) -> Option<Packing> {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let last = |table: &[(&str, &'static str)]| {
        let at = table
            .iter()
            .filter_map(|&(part, kind)| Some((name.rfind(part)?, kind)));
        at.max_by_key(|(at, _)| *at)
    };
    let end = name.rsplit_once('.').and_then(|(rest, end)| {
        let kind = BEHIND.into_iter().find(|&kind| kind == end)?;
        Some((rest.len(), kind))
    });
    let container = last(&CONTAINERS);
    let compression = end
        .or_else(|| last(&COMPRESSIONS))
        .filter(|(at, _)| container.is_none_or(|(outer, _)| outer < *at));
    let packing = Packing {
        compression: compression.map(|(_, kind)| kind),
        container: container.map(|(_, kind)| kind),
    };
    (compression.is_some() || container.is_some()).then_some(packing)
}

/// Bytes that a kind of file has at a place, and how long it is at least.
const MAGIC: [(usize, &[u8], usize); 45] = [
    (0, b"PK\x03\x04", 4),
    (0, b"PK\x03\x06", 4),
    (0, b"PK\x03\x08", 4),
    (0, b"PK\x05\x04", 4),
    (0, b"PK\x05\x06", 4),
    (0, b"PK\x05\x08", 4),
    (0, b"PK\x07\x04", 4),
    (0, b"PK\x07\x06", 4),
    (0, b"PK\x07\x08", 4),
    (257, b"ustar", 262),
    (0, b"Rar!\x1A\x07\x00", 7),
    (0, b"Rar!\x1A\x07\x01", 7),
    (0, b"\x1F\x8B\x08", 3),
    (0, b"BZh", 3),
    (0, b"7z\xBC\xAF\x27\x1C", 6),
    (0, b"\xFD7zXZ\x00", 6),
    (0, b"\x28\xB5\x2F\xFD", 4),
    (0, b"%PDF", 4),
    (0, b"MZ", 2),
    (0, b"CWS", 3),
    (0, b"FWS", 3),
    (0, b"{\\rtf", 5),
    (0, b"%!", 2),
    (0, b"SQLi", 4),
    (0, b"NES\x1A", 4),
    (0, b"Cr24", 4),
    (0, b"MSCF", 4),
    (0, b"ISc(", 4),
    (0, b"!<arch>", 7),
    (0, b"\x1F\xA0", 2),
    (0, b"\x1F\x9D", 2),
    (0, b"LZIP", 4),
    (0, b"\xED\xAB\xEE\xDB", 97),
    (0, b"\x7FELF", 53),
    (128, b"DICM", 132),
    (32769, b"CD001", 32774),
    (0, b"\x00asm\x01\x00\x00\x00", 8),
    (0, b"dex\n", 37),
    (0, b"wOFF\x00\x01\x00\x00", 8),
    (0, b"wOF2\x00\x01\x00\x00", 8),
    (0, b"\x00\x01\x00\x00\x00", 5),
    (0, b"OTTO\x00", 5),
    (0, b"\xFE\xED\xFA\xCF", 4),
    (0, b"\xCF\xFA\xED\xFE", 4),
    (0, b"\xCA\xFE\xBA\xBE", 4),
];

/// Whether a file is an application, a document or the like by its first bytes.
pub fn is_application(start: &[u8]) -> bool {
    let has = |at: usize, magic: &[u8]| start.get(at..at + magic.len()) == Some(magic);
    MAGIC
        .iter()
        .any(|&(at, magic, least)| start.len() >= least && has(at, magic))
        || is_embedded_font(start)
        || is_old_office(start)
}

fn is_embedded_font(start: &[u8]) -> bool {
    start.len() > 35
        && start[34..36] == *b"LP"
        && [[2, 0, 1], [1, 0, 0], [2, 0, 2]]
            .iter()
            .any(|version| start[8..11] == *version)
}

/// Word, Excel and PowerPoint before 2007, told by what begins the first stream where there is one.
fn is_old_office(start: &[u8]) -> bool {
    start.starts_with(b"\xD0\xCF\x11\xE0")
        && start.get(512..514).is_none_or(|stream| {
            [[0xEC, 0xA5], [0x09, 0x08], [0xA0, 0x46]]
                .iter()
                .any(|known| stream == known)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "a.zip",
            "x/a.TAR",
            "a.targets",
            "a.tar.gz",
            "main.browser.js",
            "a.lz",
        ] {
            assert!(packing(name).is_some(), "{name}");
        }
        for name in ["zip", "a.tgz", "x.zip/a", "a.lz.txt", "a.lzma"] {
            assert_eq!(packing(name), None, "{name}");
        }
        for (name, compression, container) in [
            ("x/A.Tar.GZ", Some("gz"), Some("tar")),
            ("a.tar.txt", None, Some("tar")),
            ("a.gz.zip", None, Some("zip")),
            ("a.zip.tar.zst", Some("zst"), Some("tar")),
            ("a.gz.xz", Some("xz"), None),
            ("a.s2", Some("sz"), None),
            ("a.tar.lz", Some("lz"), Some("tar")),
            ("a.lz.txt.lz4", Some("lz4"), None),
        ] {
            let expected = Packing {
                compression,
                container,
            };
            assert_eq!(packing(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn first_bytes() {
        assert!(is_application(b"%PDF-1.4"));
        assert!(is_application(b"MZ"));
        assert!(!is_application(b"\x7FELF"));
        assert!(is_application(&[b"\x7FELF".as_slice(), &[0; 60]].concat()));
        assert!(!is_application(b"\x89PNG\r\n\x1A\n"));
        assert!(!is_application(b"text"));
    }
}
