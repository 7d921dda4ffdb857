//! Files that gitleaks leaves out: archives by their names, and applications, documents and fonts by their first bytes.

/// Parts of a name, in any ASCII case, that make it an archive's wherever they stand in it.
const WITHIN: [&str; 12] = [
    ".7z", ".br", ".bz2", ".gz", ".lz4", ".rar", ".s2", ".sz", ".tar", ".xz", ".zip", ".zst",
];

/// Ends of a name that do.
const BEHIND: [&str; 2] = [".lz", ".mz"];

/// Whether a file is an archive or compressed by its name.
pub fn is_archive_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    WITHIN.iter().any(|part| name.contains(part))
        || name.contains(".zz")
        || BEHIND.iter().any(|end| name.ends_with(end))
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
            assert!(is_archive_name(name), "{name}");
        }
        for name in ["zip", "a.tgz", "x.zip/a", "a.lz.txt", "a.lzma"] {
            assert!(!is_archive_name(name), "{name}");
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
